//! docs/authorization.md, cell by cell, through the command and the helper: what is said, logged and asked (I12).
use crate::stage::mute;
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::Outcome;

const DOCUMENTATION: &str = include_str!("../../../docs/authorization.md");
const PEOPLE: [&str; 13] =
    ["alice", "lena", "rita", "olga", "nina", "nora", "carol", "hugo", "dora", "bob", "eve", "otto", "oscar"];
const RIGHTS: &str = "
[administrators]
groups = ['ops']
[[rule]]
users = ['rita']
then = 'required'
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock', 'lock', 'unlock', 'enable', 'disable', 'enroll', 'new-recovery-codes']
EXCEPT
[[delegate]]
group = 'callers'
over = ['students']
may = ['reset', 'unblock']
";

/// Rows of the table whose first heading is this: the action, and its cells.
fn table(first: &str) -> Vec<(String, Vec<String>)> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = DOCUMENTATION.lines().skip_while(|line| !line.starts_with(&format!("|  | {first} |")));
    let columns = cells(lines.next().expect("a table")).len();
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let mut row = cells(line);
        assert_eq!(row.len(), columns, "{line}");
        (row.remove(0).trim_matches('`').to_owned(), row)
    })
    .collect()
}

/// A column: who acts, on whom.
type Column = (&'static str, &'static str);

struct Site(Factor);

impl Site {
    fn new() -> Self {
        let factor = Factor::new(&format!("{IN_USE}{}", RIGHTS.replace("EXCEPT", "")), &PEOPLE);
        let world = &factor.world;
        world.add_to_group("ops", &["olga", "otto", "oscar"]);
        world.add_to_group("desk", &["carol", "dora"]);
        world.add_to_group("callers", &["hugo"]);
        world.add_to_group("students", &["bob", "rita", "olga", "hugo", "eve"]);
        world.add_to_group("sudo", &["eve"]);
        for user in PEOPLE.iter().filter(|user| !["nina", "nora", "dora", "oscar"].contains(user)) {
            for label in ["phone", "tablet"] {
                world.countersign(&["enroll", user, "--label", label, "--no-confirm"]).ok();
            }
        }
        world.countersign(&["lock", "lena", "nora"]).ok();
        Self(factor)
    }

    /// Holds each cell of a table against what the command does for someone who has no code at hand.
    fn hold(&self, rows: &[(String, Vec<String>)], columns: &[Column]) {
        for (action, cells) in rows {
            assert_eq!(cells.len(), columns.len(), "{action}");
            for (cell, (actor, target)) in cells.iter().zip(columns) {
                self.cell(action, cell, actor, target);
            }
        }
    }

    fn cell(&self, action: &str, cell: &str, actor: &str, target: &str) {
        let world = &self.0.world;
        let at = format!("{action} of {target} by {actor}: {cell}");
        let mut words = vec![action];
        if actor != target || ["unblock", "lock", "unlock"].contains(&action) {
            words.push(target);
        }
        match action {
            "remove-token" => words.push("phone"),
            "enroll" => words.extend(["--label", "new"]),
            _ => {}
        }
        world.clear_log();
        let outcome = mute(world, actor, &words);
        let (said, log) = (outcome.errors(), world.log());
        match cell.split_once(": ") {
            None if cell == "yes" => assert!(outcome.code() == Some(0) && !said.contains("code: "), "{at}: {said}"),
            None if cell == "code" => {
                assert!(said.starts_with("Verification code: "), "{at}: {said}");
                assert_refused(&at, &outcome, "no code was given; nothing is changed");
                assert!(!log.contains("event=refused"), "{at}: {log}");
            }
            no => {
                let reason = no.map(|(_, reason)| reason);
                assert!(cell.starts_with("no") && !said.contains("code: "), "{at}: {said}");
                assert_refused(&at, &outcome, &message(reason, action, actor, target));
                let line = [
                    "event=refused".to_owned(),
                    format!("user={target} "),
                    "service=countersign".to_owned(),
                    "reason=not_allowed".to_owned(),
                    format!("detail=\"{action} by {actor}\""),
                ];
                let found = log.lines().any(|logged| line.iter().all(|part| logged.contains(part.as_str())));
                assert!(found, "{at}: {log}");
            }
        }
    }
}

fn assert_refused(at: &str, outcome: &Outcome, message: &str) {
    assert!(outcome.code() == Some(1) && outcome.text().is_empty(), "{at}: {outcome:?}");
    assert!(outcome.errors().contains(message), "{at}: {}", outcome.errors());
}

/// What is said for a reason of the table.
fn message(reason: Option<&str>, action: &str, actor: &str, target: &str) -> String {
    let is_administrator = ["olga", "otto", "oscar"].contains(&actor);
    match (reason, actor == target) {
        // An administrator, who cannot be locked at all, is told that instead.
        (None, true) if action == "lock" && is_administrator => "you are an administrator, who may always",
        (None, true) => return format!("you may not {action} yourself"),
        // What nobody may do to themselves is not called so.
        (None, false) if ["lock", "unlock", "unblock"].contains(&action) => {
            return format!("is no one you may {action}");
        }
        (None, false) => "you may do this for yourself alone",
        (Some("locked"), _) => "you may not turn two-factor authentication on or off",
        (Some("required"), _) => "a rule requires two-factor authentication of",
        (Some("not enrolled"), true) => "you have no token yet: log in",
        (Some("not enrolled"), false) => "to help others you confirm with a code, and you have no token yet",
        (Some("administrator"), _) => ": is an administrator",
        (Some("always may toggle"), _) => "is an administrator, who may always turn 2FA on and off",
        (Some("delegate"), _) => "helps others too",
        (Some("`except`"), _) => "is in a group that you may not help",
        (Some("root"), _) => "is root, whom no one else can help",
        (Some("look-up failed"), _) => "a group that decides this could not be looked up",
        (Some("not in `may`"), _) => return format!("you may help, but not by {action}"),
        (Some(other), _) => panic!("a reason that has no words here: {other}"),
    }
    .to_owned()
}

/// Every record, to see that nothing was changed.
fn records(site: &Site) -> String {
    site.0.world.sh("cd /var/lib/countersign/users && sha256sum *").ok()
}

#[test]
fn what_a_user_may_do_for_themselves_is_what_the_documentation_says() {
    let site = Site::new();
    let before = records(&site);
    let rows = table("enrolled");
    assert_eq!(rows.len(), 12);
    site.hold(&rows, &["alice", "lena", "rita", "olga", "nina", "nora"].map(|user| (user, user)));
    // nina had only the default, and has said now that she wants it.
    let after = records(&site);
    let kept: String =
        after.lines().filter(|line| !line.ends_with(" nina.toml")).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(kept, before, "nothing else is changed without a code");
}

#[test]
fn what_a_delegate_may_do_is_what_the_documentation_says() {
    let site = Site::new();
    let before = records(&site);
    let rows = table("everything in `may`");
    assert_eq!(rows.len(), 12);
    let unknown = 8;
    let columns = [
        ("carol", "bob"),
        ("hugo", "bob"),
        ("dora", "bob"),
        ("carol", "rita"),
        ("carol", "olga"),
        ("carol", "hugo"),
        ("carol", "eve"),
        ("carol", "root"),
        ("carol", "bob"),
        ("carol", "alice"),
    ];
    let without = |cells: &[String]| [&cells[..unknown], &cells[unknown + 1..]].concat();
    let known: Vec<_> = rows.iter().map(|(action, cells)| (action.clone(), without(cells))).collect();
    site.hold(&known, &[&columns[..unknown], &columns[unknown + 1..]].concat());
    let gone = RIGHTS.replace("EXCEPT", "except = ['gone']");
    site.0.world.configure(&format!("{IN_USE}{gone}"));
    let lost: Vec<_> = rows.iter().map(|(action, cells)| (action.clone(), vec![cells[unknown].clone()])).collect();
    site.hold(&lost, &columns[unknown..=unknown]);
    assert_eq!(records(&site), before);
}

#[test]
fn what_an_administrator_may_do_is_what_the_documentation_says() {
    let site = Site::new();
    let before = records(&site);
    let rows = table("an administrator: a user");
    assert_eq!(rows.len(), 12);
    let columns = [("olga", "bob"), ("olga", "rita"), ("olga", "otto"), ("olga", "root"), ("oscar", "bob")];
    let helpers: Vec<_> =
        rows.iter().map(|(action, cells)| (action.clone(), cells[..columns.len()].to_vec())).collect();
    site.hold(&helpers, &columns);
    assert_eq!(records(&site), before);
    for (action, cells) in &rows {
        for (cell, target) in cells[columns.len()..].iter().zip(["bob", "otto"]) {
            by_root(&site, action, cell, target);
        }
    }
}

/// Root's own command, which is never asked for a code.
fn by_root(site: &Site, action: &str, cell: &str, target: &str) {
    let world = &site.0.world;
    let outcome = match action {
        "enroll" => world.countersign(&["enroll", target, "--label", "spare", "--no-confirm"]),
        "remove-token" => {
            world.countersign(&["enroll", target, "--label", "other", "--no-confirm"]).ok();
            world.countersign(&["remove-token", target, "other"])
        }
        action => world.countersign(&[action, target]),
    };
    match cell {
        "yes" => assert!(outcome.code() == Some(0), "{action} of {target} by root: {}", outcome.errors()),
        "no: always may toggle" => assert_refused(action, &outcome, "is an administrator"),
        cell => panic!("a cell that root does not know: {cell}"),
    }
}
