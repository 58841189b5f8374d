//! What our lines go by, and services that were meant to ask and do not.
use crate::trial::{Files, Trial};

const UNIX: &str = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
                    auth required pam_permit.so\n";

fn ours(argument: &str) -> String {
    let line = format!("required pam_countersign.so {argument}\n");
    format!("{UNIX}auth {line}account {line}account required pam_unix.so\n")
}

fn laid(trial: &Trial, text: &str) {
    let files: Files = vec![("sshd".to_owned(), text.to_owned())];
    trial.lay(&files);
}

/// The doctor's lines with this in them.
fn said(trial: &Trial, part: &str) -> Vec<String> {
    let text = trial.world().countersign(&["doctor"]).text();
    text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
}

#[test]
fn a_configuration_the_module_cannot_go_by_refuses_everyone_and_doctor_says_why() {
    let trial = Trial::new();
    trial.world().sh("echo 'oops = 1' > /etc/odd.toml; cp /etc/countersign/config.toml /etc/own.toml").ok();
    trial.world().sh("cp /etc/own.toml /etc/writable.toml; chmod o+w /etc/writable.toml").ok();
    for (path, verdict) in [
        ("/etc/gone.toml", "refused"),
        ("/etc/odd.toml", "refused"),
        ("/etc/writable.toml", "refused"),
        ("/etc/own.toml", "asked"),
    ] {
        laid(&trial, &ours(&format!("config={path}")));
        let told = trial.told();
        assert_eq!(told.verdict("sshd", "password"), verdict, "{path}");
        assert_eq!(trial.reality("sshd").verdict, verdict, "{path}");
        let says = told.finds("sshd", &[&format!("everyone is refused: this line goes by {path}")]);
        assert_eq!(says, verdict == "refused", "{path}: {:#}", told.value());
    }
    laid(&trial, &ours("config=relative"));
    assert_eq!(trial.told().verdict("sshd", "password"), trial.reality("sshd").verdict);
}

#[test]
fn lines_that_pam_add_put_in_are_missed_when_the_file_is_restored_and_not_when_they_were_removed() {
    let trial = Trial::new();
    let world = trial.world();
    laid(&trial, &format!("{UNIX}account required pam_unix.so\n"));
    world.sh("cp /etc/pam.d/sshd /root/packaged").ok();
    let gone = "sshd: our lines are gone";
    assert_eq!(said(&trial, gone), [""; 0]);
    world.countersign(&["pam", "add", "sshd", "--yes"]).ok();
    assert_eq!(said(&trial, gone), [""; 0]);
    world.sh("cat /root/packaged > /etc/pam.d/sshd").ok();
    let lines = said(&trial, gone);
    assert!(
        lines.len() == 1 && lines[0].starts_with("warning: ") && lines[0].contains("countersign pam add sshd"),
        "{lines:#?}"
    );
    world.countersign(&["pam", "add", "sshd", "--yes"]).ok();
    assert_eq!(said(&trial, gone), [""; 0]);
    world.clock().pass(1);
    world.countersign(&["pam", "remove", "sshd", "--yes"]).ok();
    assert_eq!(said(&trial, gone), [""; 0]);
}

#[test]
fn a_rule_that_requires_a_code_where_no_stack_asks_is_an_error() {
    let trial = Trial::new();
    laid(&trial, &ours(""));
    let rule = "\n[[rule]]\nservices = [\"login\", \"sshd\", \"shsd\"]\nthen = \"required\"\n";
    trial.world().sh(&format!("cat >> /etc/countersign/config.toml <<'END'{rule}END")).ok();
    let login = "printf 'auth required pam_unix.so\\naccount required pam_unix.so\\n' > /etc/pam.d/login";
    trial.world().sh(login).ok();
    let lines = said(&trial, " names shsd, and there is no such service");
    assert!(lines.len() == 1 && lines[0].starts_with("error: rule "), "{lines:#?}");
    let lines = said(&trial, "requires a code on login, and its stack has no auth line of ours");
    assert!(lines.len() == 1 && lines[0].starts_with("error: rule "), "{lines:#?}");
    assert_eq!(said(&trial, "requires a code on sshd"), [""; 0]);
}

#[test]
fn pam_conf_has_no_effect_where_there_is_a_directory_of_services() {
    let trial = Trial::new();
    laid(&trial, &ours(""));
    let permit = "printf 'sshd auth required pam_permit.so\\nsshd account required pam_permit.so\\n' > /etc/pam.conf";
    trial.world().sh(permit).ok();
    assert_eq!(said(&trial, "/etc/pam.conf"), [""; 0], "nothing of ours is in it");
    assert_eq!(trial.reality("sshd").verdict, "asked", "libpam does not read it");
    laid(&trial, &format!("{UNIX}account required pam_unix.so\n"));
    trial.world().sh("echo 'sshd auth required pam_countersign.so' > /etc/pam.conf").ok();
    let lines = said(&trial, "/etc/pam.conf:1: has no effect");
    assert!(lines.len() == 1 && lines[0].starts_with("info: "), "{lines:#?}");
    assert_eq!(trial.reality("sshd").verdict, "not asked", "libpam does not read it");
}
