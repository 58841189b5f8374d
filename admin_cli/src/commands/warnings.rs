//! What a configuration may say but most likely does not mean.

use std::collections::BTreeSet;

use countersign_common::config::{Config, Confirm, DEFAULT_EXCEPT, Outcome, Rule};
use countersign_common::record::UserName;
use countersign_common::system::{Account, Accounts, GroupLookup};

use crate::desk::NO_ID;

/// Services that cannot show a QR code, or cannot ask at all.
const SCREENLESS: [&str; 12] = [
    "gdm-password",
    "sddm",
    "lightdm",
    "kde",
    "kscreensaver",
    "i3lock",
    "swaylock",
    "xscreensaver",
    "cron",
    "atd",
    "polkit-1",
    "common-auth",
];

/// Everything that is allowed but odd, in the order of the file.
pub(super) fn warnings(config: &Config, accounts: &dyn Accounts) -> Vec<String> {
    let mut found = Vec::new();
    enrollment_services(config, &mut found);
    for (index, rule) in config.rules.iter().enumerate() {
        odd_rule(config, rule, index, &mut found);
        unknown_users(rule, index.saturating_add(1), accounts, &mut found);
    }
    unknown_groups(config, accounts, &mut found);
    if config.self_service.confirm == Confirm::None {
        found.push(
            "[self_service] confirm is \"none\": an open session is enough to take over its user's factor".to_owned(),
        );
    }
    found
}

fn enrollment_services(config: &Config, found: &mut Vec<String>) {
    let services = &config.enrollment.services;
    if services.is_empty() {
        found.push("[enrollment] services is empty: nobody can enroll at a login".to_owned());
    }
    for service in services.iter().filter(|service| SCREENLESS.contains(&service.as_str())) {
        found.push(format!("[enrollment] services: {service} cannot show a QR code"));
    }
    for (index, rule) in config.rules.iter().enumerate() {
        let skips_all = asks_nobody(rule) && (&rule.users, &rule.groups, &rule.networks) == (&None, &None, &None);
        for service in rule.services.iter().flatten().filter(|_| skips_all) {
            if services.contains(service) {
                let number = index.saturating_add(1);
                found.push(format!("rule {number} skips {service}, so nobody enrolls on it though it is listed"));
            }
        }
    }
}

fn odd_rule(config: &Config, rule: &Rule, index: usize, found: &mut Vec<String>) {
    let number = index.saturating_add(1);
    let empty = [
        ("services", rule.services.as_ref().is_some_and(Vec::is_empty)),
        ("users", rule.users.as_ref().is_some_and(Vec::is_empty)),
        ("groups", rule.groups.as_ref().is_some_and(Vec::is_empty)),
        ("networks", rule.networks.as_ref().is_some_and(Vec::is_empty)),
    ];
    for (list, _) in empty.iter().filter(|(_, is_empty)| *is_empty) {
        found.push(format!("rule {number} never matches: {list} is empty"));
    }
    let before = config.rules.iter().take(index).position(is_for_all);
    if let Some(earlier) = before {
        found.push(format!("rule {number} is never reached: rule {} matches every login", earlier.saturating_add(1)));
    }
    match rule.then {
        Outcome::Skip if is_for_all(rule) => {
            found.push(format!("rule {number} skips every login: nobody is asked for a code"));
        }
        Outcome::Rehearse if is_for_all(rule) => {
            found.push(format!("rule {number} rehearses every login: nobody is asked for a code, nobody is protected"));
        }
        _ => {}
    }
}

fn asks_nobody(rule: &Rule) -> bool {
    matches!(rule.then, Outcome::Skip | Outcome::Rehearse)
}

fn is_for_all(rule: &Rule) -> bool {
    (&rule.services, &rule.users, &rule.groups, &rule.networks) == (&None, &None, &None, &None)
}

fn unknown_users(rule: &Rule, number: usize, accounts: &dyn Accounts, found: &mut Vec<String>) {
    for user in rule.users.iter().flatten() {
        match accounts.by_name(user) {
            Ok(Some(account)) if account.name.as_str() == user => {}
            Ok(Some(account)) => {
                found.push(format!("rule {number}: user {user} is called {} by the system", account.name));
            }
            Ok(None) => found.push(format!("rule {number}: user {user} does not exist")),
            Err(error) => found.push(format!("rule {number}: user {user}: {error}")),
        }
    }
}

fn unknown_groups(config: &Config, accounts: &dyn Accounts, found: &mut Vec<String>) {
    let of_rules = config.rules.iter().filter_map(|rule| rule.groups.as_ref()).flatten();
    let of_delegates = config.delegates.iter().flat_map(|delegate| {
        let except = delegate.except.iter().filter(|group| !DEFAULT_EXCEPT.contains(&group.as_str()));
        delegate.over.iter().chain([&delegate.group]).chain(except)
    });
    let groups: BTreeSet<&String> = config.administrators.groups.iter().chain(of_rules).chain(of_delegates).collect();
    // Any account will do: the question is whether the group can be looked up.
    let Ok(name) = UserName::new("root") else { return };
    let nobody = Account { name, uid: NO_ID, gid: NO_ID };
    for group in groups {
        match accounts.membership(&nobody, group) {
            GroupLookup::Member | GroupLookup::NotMember => {}
            GroupLookup::NoSuchGroup => found.push(format!("group {group} does not exist")),
            GroupLookup::Failed => found.push(format!("group {group} cannot be looked up")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::config::{SHIPPED, parse};
    use countersign_common::system::LookupError;
    use nix::errno::Errno;

    /// A system with the user alice, the group staff, and a group whose server is away.
    struct Fixed;

    impl Accounts for Fixed {
        fn by_name(&self, name: &str) -> Result<Option<Account>, LookupError> {
            match name.to_ascii_lowercase().as_str() {
                "alice" => Ok(Some(Account { name: UserName::new("alice").unwrap(), uid: 1000, gid: 1000 })),
                "away" => Err(LookupError::Failed(Errno::EIO)),
                _ => Ok(None),
            }
        }
        fn by_uid(&self, _: u32) -> Result<Option<Account>, LookupError> {
            Ok(None)
        }
        fn membership(&self, _: &Account, group: &str) -> GroupLookup {
            match group {
                "staff" => GroupLookup::NotMember,
                "away" => GroupLookup::Failed,
                _ => GroupLookup::NoSuchGroup,
            }
        }
    }

    fn warned(text: &str) -> Vec<String> {
        warnings(&parse(text.as_bytes()).unwrap(), &Fixed)
    }

    #[test]
    fn what_is_shipped_is_not_warned_of() {
        assert_eq!(warned(SHIPPED), [""; 0]);
    }

    #[test]
    fn keys_with_effect_are_not_warned_of() {
        for text in ["[recovery]\ncodes = 4", "[enrollment]\ngrace = '7d'"] {
            assert_eq!(warned(text), [""; 0]);
        }
    }

    #[test]
    fn a_change_without_confirmation_is_warned_of_and_a_delegate_is_not() {
        assert!(warned("[self_service]\nconfirm = 'none'")[0].starts_with("[self_service] confirm is \"none\""));
        let delegate = "[[delegate]]\ngroup='staff'\nover=['staff']\nmay=['unblock']";
        assert_eq!(warned(delegate), [""; 0]);
        assert_eq!(warned(&format!("{delegate}\nexcept=['ghosts']")), ["group ghosts does not exist"]);
    }

    #[test]
    fn groups_and_users_that_cannot_be_found_are_named() {
        assert_eq!(warned("[administrators]\ngroups = ['staff', 'ghosts']"), ["group ghosts does not exist"]);
        assert_eq!(warned("[administrators]\ngroups = ['away']"), ["group away cannot be looked up"]);
        let rule = "[[rule]]\nusers = ['alice', 'Alice', 'ghost', 'away']\nthen = 'skip'";
        let found = warned(rule);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("Alice is called alice") && found[1].contains("ghost does not exist"));
        assert!(found[2].contains("away: the account cannot be looked up"), "{found:?}");
    }

    #[test]
    fn rules_that_cannot_be_meant_are_named() {
        let skip = "[[rule]]\nservices = ['sshd']\nthen = 'skip'";
        assert_eq!(warned(skip), ["rule 1 skips sshd, so nobody enrolls on it though it is listed"]);
        assert_eq!(warned("[[rule]]\nservices = ['sshd']\nusers = ['alice']\nthen = 'skip'"), [""; 0]);
        let found = warned("[[rule]]\nthen = 'skip'\n[[rule]]\nusers = []\nthen = 'required'");
        assert_eq!(
            found,
            [
                "rule 1 skips every login: nobody is asked for a code",
                "rule 2 never matches: users is empty",
                "rule 2 is never reached: rule 1 matches every login"
            ]
        );
    }

    #[test]
    fn a_rehearsal_of_everyone_protects_nobody() {
        let found = warned("[[rule]]\nthen = 'rehearse'");
        assert_eq!(found, ["rule 1 rehearses every login: nobody is asked for a code, nobody is protected"]);
        assert_eq!(warned("[[rule]]\ngroups = ['staff']\nthen = 'rehearse'"), [""; 0]);
    }

    #[test]
    fn services_that_cannot_enroll_are_named() {
        let found = warned("[enrollment]\nservices = ['sshd', 'sddm']");
        assert_eq!(found, ["[enrollment] services: sddm cannot show a QR code"]);
        assert_eq!(
            warned("[enrollment]\nservices = []"),
            ["[enrollment] services is empty: nobody can enroll at a login"]
        );
    }
}
