//! Which rule decides about a login. Matching is three-valued: what cannot be looked up is neither yes nor no.
//!
//! Invariant: an unknown never selects `skip`, `user` or `rehearse`, and always selects `required`; where a rule that may
//! leave it to the user is unknown, no later one lets the login pass unasked (I4, I5).

use std::net::IpAddr;

use crate::config::{Outcome, Rule};

/// Whether something is so, or cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It could not be looked up.
    Unknown,
}

/// What rules ask about a login.
pub trait RuleFacts {
    /// The PAM service.
    fn service(&self) -> &str;
    /// The canonical user name.
    fn user(&self) -> &str;
    /// Whether the user is a member of a group.
    fn group(&self, group: &str) -> Membership;
    /// The remote address; `None` if there is none or it is no address.
    fn address(&self) -> Option<IpAddr>;
}

/// What the rules decide, and which of them did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// The decision.
    pub outcome: Outcome,
    /// The rule's number, 1 being the first; `None` if no rule matched and the user's own setting decides.
    pub rule: Option<usize>,
}

/// The first rule that matches decides; if none does, the user's own setting.
#[must_use]
pub fn select(rules: &[Rule], facts: &dyn RuleFacts) -> Selected {
    first_match(rules.iter().enumerate(), facts)
}

/// What is decided wherever the user logs in: by the first match among the rules that name no service and no network.
/// The others may decide otherwise about some logins.
#[must_use]
pub fn select_everywhere(rules: &[Rule], facts: &dyn RuleFacts) -> Selected {
    let everywhere = |(_, rule): &(usize, &Rule)| rule.services.is_none() && rule.networks.is_none();
    first_match(rules.iter().enumerate().filter(everywhere), facts)
}

/// The number of the first rule that may require a code of the user, on some service or from some network.
#[must_use]
pub fn select_somewhere(rules: &[Rule], facts: &dyn RuleFacts) -> Option<usize> {
    let may_require = |rule: &Rule| {
        let never =
            rule.services.as_ref().is_some_and(Vec::is_empty) || rule.networks.as_ref().is_some_and(Vec::is_empty);
        rule.then == Outcome::Required && !never && matches_user(rule, facts) != Membership::No
    };
    rules.iter().position(may_require).map(|index| index.saturating_add(1))
}

fn first_match<'a>(rules: impl Iterator<Item = (usize, &'a Rule)>, facts: &dyn RuleFacts) -> Selected {
    // The first rule that perhaps leaves it to the user: a later one may be stricter, not more lenient.
    let mut perhaps = None;
    for (index, rule) in rules {
        let number = Some(index.saturating_add(1));
        match (matches(rule, facts), rule.then) {
            (Membership::Yes, Outcome::Skip | Outcome::Rehearse) if perhaps.is_some() => break,
            (Membership::Yes, outcome) => return Selected { outcome, rule: number },
            (Membership::Unknown, Outcome::Required) => return Selected { outcome: Outcome::Required, rule: number },
            (Membership::Unknown, Outcome::User) => perhaps = perhaps.or(number),
            (Membership::Unknown, Outcome::Skip | Outcome::Rehearse) | (Membership::No, _) => {}
        }
    }
    Selected { outcome: Outcome::User, rule: perhaps }
}

/// Whether the lists about the user match, whatever the login.
fn matches_user(rule: &Rule, facts: &dyn RuleFacts) -> Membership {
    match any(rule.users.as_deref(), |name| known(name == facts.user())) {
        Membership::No => Membership::No,
        Membership::Yes | Membership::Unknown => any(rule.groups.as_deref(), |name| facts.group(name)),
    }
}

/// Every list that is given must match: one `No` decides, else one `Unknown`.
fn matches(rule: &Rule, facts: &dyn RuleFacts) -> Membership {
    let service = any(rule.services.as_deref(), |name| known(name == facts.service()));
    let user = any(rule.users.as_deref(), |name| known(name == facts.user()));
    let lists_without_lookup = [
        service,
        user,
        any(rule.networks.as_deref(), |network| {
            facts.address().map_or(Membership::Unknown, |address| known(network.contains(address)))
        }),
    ];
    if lists_without_lookup.contains(&Membership::No) {
        return Membership::No;
    }
    let group = any(rule.groups.as_deref(), |name| facts.group(name));
    match group {
        Membership::Yes if lists_without_lookup.contains(&Membership::Unknown) => Membership::Unknown,
        other => other,
    }
}

/// One `Yes` decides, else one `Unknown`. A list that is not given matches; an empty one does not.
fn any<T>(list: Option<&[T]>, test: impl Fn(&T) -> Membership) -> Membership {
    let Some(list) = list else { return Membership::Yes };
    let mut result = Membership::No;
    for item in list {
        match test(item) {
            Membership::Yes => return Membership::Yes,
            Membership::Unknown => result = Membership::Unknown,
            Membership::No => {}
        }
    }
    result
}

const fn known(is_so: bool) -> Membership {
    if is_so { Membership::Yes } else { Membership::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    struct Facts {
        address: Option<&'static str>,
        group: Membership,
    }

    impl RuleFacts for Facts {
        fn service(&self) -> &'static str {
            "sshd"
        }
        fn user(&self) -> &'static str {
            "alice"
        }
        fn group(&self, _: &str) -> Membership {
            self.group
        }
        fn address(&self) -> Option<IpAddr> {
            self.address.map(|text| text.parse().unwrap())
        }
    }

    const KNOWN: Facts = Facts { address: Some("10.0.0.1"), group: Membership::Yes };

    fn selected(rules: &str, facts: &Facts) -> (Outcome, Option<usize>) {
        let config = config::parse(rules.as_bytes()).unwrap();
        let selected = select(&config.rules, facts);
        (selected.outcome, selected.rule)
    }

    #[test]
    fn the_first_match_wins_and_none_means_the_users_setting() {
        let rules = "[[rule]]\nservices=['login']\nthen='required'\n[[rule]]\nusers=['bob','alice']\nthen='skip'\n[[rule]]\nthen='required'";
        assert_eq!(selected(rules, &KNOWN), (Outcome::Skip, Some(2)));
        assert_eq!(selected("", &KNOWN), (Outcome::User, None));
        assert_eq!(selected("[[rule]]\nusers=[]\nthen='skip'", &KNOWN), (Outcome::User, None));
    }

    #[test]
    fn a_rule_that_names_no_service_and_no_network_decides_everywhere() {
        let everywhere = |rules: &str, facts: &Facts| {
            let config = config::parse(rules.as_bytes()).unwrap();
            let Selected { outcome, rule } = select_everywhere(&config.rules, facts);
            (outcome, rule, select_somewhere(&config.rules, facts))
        };
        let lockers = "[[rule]]\nservices=['vlock']\nthen='skip'\n";
        let required = format!("{lockers}[[rule]]\nnetworks=['10.0.0.0/8']\nthen='required'\n");
        assert_eq!(everywhere(&required, &KNOWN), (Outcome::User, None, Some(2)));
        let staff = format!("{lockers}[[rule]]\ngroups=['x']\nthen='required'\n");
        assert_eq!(everywhere(&staff, &KNOWN), (Outcome::Required, Some(2), Some(2)));
        let other = Facts { group: Membership::No, ..KNOWN };
        assert_eq!(everywhere(&staff, &other), (Outcome::User, None, None));
        let unknown = Facts { group: Membership::Unknown, ..KNOWN };
        assert_eq!(everywhere(&staff, &unknown), (Outcome::Required, Some(2), Some(2)));
        let (alices, bobs) =
            ("[[rule]]\nusers=['alice']\nthen='required'\n", "[[rule]]\nusers=['bob']\nthen='required'\n");
        assert_eq!(everywhere(alices, &KNOWN), (Outcome::Required, Some(1), Some(1)));
        assert_eq!(everywhere(bobs, &KNOWN), (Outcome::User, None, None));
        let never = "[[rule]]\nservices=[]\nthen='required'\n";
        assert_eq!(everywhere(never, &KNOWN), (Outcome::User, None, None));
    }

    #[test]
    fn every_list_that_is_given_must_match() {
        let rule = |lists: &str| format!("[[rule]]\n{lists}\nthen='skip'");
        let yes = rule("services=['sshd']\nusers=['alice']\ngroups=['x']\nnetworks=['10.0.0.0/8']");
        assert_eq!(selected(&yes, &KNOWN).0, Outcome::Skip);
        for (from, to) in [("sshd", "su"), ("alice", "bob"), ("10.0", "11.0")] {
            assert_eq!(selected(&yes.replace(from, to), &KNOWN).0, Outcome::User, "{from}");
        }
        assert_eq!(selected(&yes, &Facts { group: Membership::No, ..KNOWN }).0, Outcome::User);
    }

    #[test]
    fn an_unknown_selects_only_what_is_required() {
        let unknowns = [Facts { group: Membership::Unknown, ..KNOWN }, Facts { address: None, ..KNOWN }];
        for facts in unknowns {
            let lists = "groups=['x']\nnetworks=['10.0.0.0/8']";
            assert_eq!(selected(&format!("[[rule]]\n{lists}\nthen='skip'"), &facts), (Outcome::User, None));
            assert_eq!(selected(&format!("[[rule]]\n{lists}\nthen='required'"), &facts), (Outcome::Required, Some(1)));
            let then_required = format!("[[rule]]\n{lists}\nthen='user'\n[[rule]]\nthen='required'");
            assert_eq!(selected(&then_required, &facts), (Outcome::Required, Some(2)));
            let settled_otherwise = format!("[[rule]]\nusers=['bob']\n{lists}\nthen='required'");
            assert_eq!(selected(&settled_otherwise, &facts), (Outcome::User, None));
        }
    }

    #[test]
    fn an_unknown_rule_that_may_leave_it_to_the_user_is_not_passed_over_for_one_that_asks_nobody() {
        let unknowns = [Facts { group: Membership::Unknown, ..KNOWN }, Facts { address: None, ..KNOWN }];
        for facts in unknowns {
            for pass in ["skip", "rehearse"] {
                let rules =
                    format!("[[rule]]\ngroups=['x']\nnetworks=['10.0.0.0/8']\nthen='user'\n[[rule]]\nthen='{pass}'");
                assert_eq!(selected(&rules, &facts), (Outcome::User, Some(1)), "{pass}");
                let known = selected(&rules, &Facts { group: Membership::No, ..KNOWN }).1;
                assert_eq!(known, Some(2), "{pass}");
            }
        }
    }

    #[test]
    fn an_unknown_never_selects_a_rehearsal() {
        let rules = "[[rule]]\ngroups=['x']\nthen='rehearse'";
        assert_eq!(selected(rules, &KNOWN), (Outcome::Rehearse, Some(1)));
        let unknown = Facts { group: Membership::Unknown, ..KNOWN };
        assert_eq!(selected(rules, &unknown), (Outcome::User, None));
    }
}
