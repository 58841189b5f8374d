//! Tests of the configuration as a whole.

use super::*;

fn refused(text: &str) -> ConfigError {
    parse(text.as_bytes()).expect_err(text)
}

#[test]
fn nothing_given_means_the_defaults() {
    assert_eq!(parse(b""), Ok(Config::default()));
}

/// The shipped file names every key with its default, commented out; taking the marks away changes nothing but
/// the rule that is its only active part.
#[test]
fn the_shipped_file_is_the_defaults_and_a_rule_for_screen_lockers() {
    let shipped = parse(SHIPPED.as_bytes()).unwrap();
    assert_eq!(Config { rules: vec![], ..shipped.clone() }, Config::default());
    assert_eq!(shipped.rules.len(), 1);
    assert_eq!(shipped.rules[0].then, Outcome::Skip);
    let is_key = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains('=');
    let uncommented: String = SHIPPED
        .lines()
        .map(|line| if is_key(line) { &line[1..] } else { line })
        .fold(String::new(), |text, line| text + line + "\n");
    let mut everything = parse(uncommented.as_bytes()).unwrap();
    assert_eq!(everything.issuer.take().unwrap().as_str(), "srv1");
    assert_eq!(everything.support.take().unwrap().as_str(), "helpdesk, ext. 42");
    assert_eq!(everything, shipped);
}

#[test]
fn an_error_names_line_key_and_range() {
    let error = refused("[prompt]\ntries = 9\n");
    assert_eq!((error.line, error.key.as_deref()), (Some(2), Some("tries")));
    assert_eq!(error.to_string(), "line 2: tries: must be 1 to 5");
    let error = refused("state_dir = \"/x\"\n\n[totp]\nwindows = 1\n");
    assert_eq!((error.line, error.key.as_deref()), (Some(4), Some("windows")));
    assert!(error.reason.starts_with("there is no such key here, only algorithm, "), "{error}");
    let error = refused("[throttle]\nfirst_delay = \"2h\"\n");
    assert_eq!(error.to_string(), "line 2: first_delay: must be 1s to 1h");
    let error = refused("[throttle]\nfirst_delay = \"30m\"\nmax_delay = \"10m\"\n");
    assert_eq!(error.to_string(), "line 3: max_delay: must not be shorter than first_delay");
}

#[test]
fn values_out_of_range_are_refused() {
    for text in [
        "[prompt]\ntries = 0",
        "[prompt]\ntries = 6",
        "[prompt]\nqr = \"png\"",
        "[prompt]\necho = \"yes\"",
        "[totp]\nwindow = 3",
        "[totp]\ndigits = 5",
        "[totp]\ndigits = 9",
        "[totp]\nperiod = 29",
        "[totp]\nperiod = 61",
        "[totp]\nalgorithm = \"MD5\"",
        "[throttle]\nfree = 11",
        "[throttle]\nhard_limit = 101",
        "[throttle]\nhard_limit = 0",
        "[throttle]\nfree = 10\nhard_limit = 10",
        "[throttle]\nfirst_delay = 30",
        "[recovery]\ncodes = 17",
        "[enrollment]\ngrace = \"1y\"",
        "[self_service]\nconfirm = \"maybe\"",
        "state_dir = \"var\"",
        "state_dir = \"/var/../etc\"",
        "state_dir = \"/\"",
        "issuer = \"\"",
        "issuer = \"a:b\"",
        "support = \"a\\nb\"",
        "[[rule]]\nservices = [\"sshd\"]",
        "[[rule]]\nthen = \"maybe\"",
        "[[rule]]\nnetworks = [\"office\"]\nthen = \"skip\"",
        "[[delegate]]\ngroup = \"a\"\nover = [\"b\"]\nmay = [\"fly\"]",
        "[[delegate]]\ngroup = \"a\"\nover = [\"b\"]\nmay = [\"remove-token\"]",
        "[[delegate]]\ngroup = \"a\"\nmay = [\"reset\"]",
        "fail_open = true",
        "not toml",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_a_delegate_may_is_named_by_line_and_key() {
    let error = parse(b"[[delegate]]\ngroup = 'a'\nover = ['b']\nmay = ['reset', 'fly']").unwrap_err();
    assert_eq!((error.line, error.key.as_deref()), (Some(4), Some("may")));
    let verbs = "['reset', 'unblock', 'lock', 'unlock', 'enable', 'disable', 'enroll', 'new-recovery-codes']";
    let config = parse(format!("[[delegate]]\ngroup = 'a'\nover = ['b']\nmay = {verbs}").as_bytes()).unwrap();
    let delegate = &config.delegates[0];
    let words: Vec<String> = delegate.may.iter().map(|verb| format!("'{}'", verb.as_str())).collect();
    assert_eq!(format!("[{}]", words.join(", ")), verbs);
    assert_eq!(delegate.except, DEFAULT_EXCEPT);
}

#[test]
fn delays_double_from_the_first_failure_that_is_not_free() {
    let config = Config::default();
    let expected = [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (11, 1_920), (12, 3_600), (13, 3_600), (9_999, 3_600)];
    for (failures, seconds) in expected {
        assert_eq!(config.delay_after(failures), Seconds(seconds), "{failures}");
    }
}
