//! What the command prints with `--json` has the fields that docs/command.md lists, in that order, and no other.
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/command.md");

/// The fields that the page lists for this object.
fn listed(of: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n### `{of}`\n")).unwrap_or_else(|| panic!("no section {of}"));
    let section = section.split("\n##").next().expect("a section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once('`').expect("a name").0).collect()
}

/// All objects for which the page has a section.
fn sections() -> Vec<&'static str> {
    PAGE.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect()
}

/// That each of these has what the page lists, and that the text has it in that order.
fn assert_listed(of: &str, objects: &[Value], text: &str) {
    let listed = listed(of);
    assert!(!objects.is_empty(), "{of}: nothing to look at");
    for object in objects {
        let fields = object.as_object().unwrap_or_else(|| panic!("{of}: {object}"));
        assert!(listed.iter().all(|name| fields.contains_key(*name)), "{of} lacks a field: {object}");
        assert_eq!(fields.len(), listed.len(), "{of} has a field that is not listed: {object}");
    }
    let from = text.find(&format!("\"{}\":", listed[0])).expect("the first field");
    let mut at = from;
    for name in listed {
        let next = text[at..].find(&format!("\"{name}\":"));
        at += next.unwrap_or_else(|| panic!("{of}: {name} is not where the page has it"));
    }
}

#[test]
fn every_object_has_the_fields_that_the_page_lists_and_every_section_is_one() {
    let config = format!("{IN_USE}[[rule]]\nservices = [\"cron\"]\nthen = \"rehearse\"\n");
    let factor = Factor::new(&config, &["alice", "bob"]);
    factor.enroll("alice");
    factor.world.write_file("/root/users.oath", "HOTP/T30 bob - 3132333435363738393031323334353637383930\n", 0o600);
    factor.world.sh("echo 'sshd: event=rehearsed user=alice service=cron rule=1 then=ask' > /tmp/auth.log").ok();
    // Something for the doctor to find.
    factor.world.write_file("/etc/pam.d/odd", "auth required pam_countersign.so\n", 0o644);
    let mut seen = Vec::new();
    let mut check = |of: &'static str, words: &[&str], pick: &dyn Fn(Value) -> Value| {
        let outcome = factor.world.countersign(words);
        let text = outcome.text();
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{of}: {error}: {text}"));
        let objects = match pick(value) {
            Value::Array(objects) => objects,
            object => vec![object],
        };
        // A value that was read has lost its order; the text of a whole answer has not.
        assert_listed(of, &objects, if of.contains(": ") { &text[text.find(&key_of(of)).expect(of)..] } else { &text });
        seen.push(of);
    };
    let whole = |value: Value| value;
    check("status --json", &["status", "--json"], &whole);
    check("tokens USER --json", &["tokens", "alice", "--json"], &whole);
    check("explain USER --json", &["explain", "alice", "--json"], &whole);
    check("doctor --json", &["doctor", "--json"], &whole);
    check("doctor --json: logins", &["doctor", "--json"], &|value| value["logins"].clone());
    check("doctor --json: findings", &["doctor", "--json"], &|value| value["findings"].clone());
    check("report --json", &["report", "--json"], &whole);
    let rehearsal = ["report", "--rehearsal", "--log", "/tmp/auth.log", "--json"];
    check("report --rehearsal --json", &rehearsal, &whole);
    let import = ["import", "oath", "/root/users.oath", "--json"];
    check("import … --json", &import, &whole);
    check("import … --json: tokens", &import, &|value| value[0]["tokens"].clone());
    check("restored --json", &["restored", "--yes", "--json"], &whole);
    assert_eq!(seen, sections());
}

/// As in `"logins":`, where the objects of a part begin.
fn key_of(of: &str) -> String {
    format!("\"{}\":", of.rsplit(' ').next().expect("a name"))
}
