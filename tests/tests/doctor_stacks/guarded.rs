//! What others than root can write, and a module that cannot be loaded.
use crate::trial::{Files, Trial};
use countersign_tests::world::security_directory;

const STACK: &str = "@include common-auth\nauth required pam_countersign.so\n\
                     account required pam_countersign.so\naccount required pam_unix.so\n";
const COMMON_AUTH: &str = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
                           auth required pam_permit.so\n";

fn laid() -> Trial {
    let trial = Trial::new();
    let files: Files =
        [("sshd", STACK), ("common-auth", COMMON_AUTH)].map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    trial.lay(&files);
    trial
}

/// What the doctor says of this path, beginning with the severity.
fn said(trial: &Trial, path: &str) -> Vec<String> {
    let text = trial.world().countersign(&["doctor"]).text();
    text.lines().filter(|line| line.contains(&format!(": {path}: "))).map(str::to_owned).collect()
}

#[test]
fn what_others_than_root_can_write_is_an_error_until_the_command_that_is_told_was_run() {
    let trial = laid();
    let module = security_directory().join("pam_unix.so").display().to_string();
    for (path, harm, remedy) in [
        ("/etc/pam.d/sshd", "chmod 646", "chmod go-w /etc/pam.d/sshd"),
        ("/etc/pam.d/common-auth", "chown alice", "chown root:root /etc/pam.d/common-auth"),
        ("/etc/pam.d", "chmod 777", "chmod go-w /etc/pam.d"),
        (module.as_str(), "chown alice", &format!("chown root:root {module}")),
    ] {
        assert_eq!(said(&trial, path), [""; 0], "{path} is well");
        trial.world().sh(&format!("{harm} {path}")).ok();
        let lines = said(&trial, path);
        assert!(
            lines.len() == 1 && lines[0].starts_with("error: ") && lines[0].ends_with(remedy),
            "{path}: {lines:#?}"
        );
        trial.world().sh(remedy).ok();
        assert_eq!(said(&trial, path), [""; 0], "{path} is well again");
    }
}

#[test]
fn a_module_of_ours_that_cannot_be_loaded_refuses_everyone_and_doctor_says_why() {
    let trial = laid();
    let module = security_directory().join("pam_countersign.so").display().to_string();
    let world = trial.world();
    world.sh(&format!("cp {module} /root/sound")).ok();
    for (harm, why) in [
        (format!("truncate -s 300000 {module}"), "it is cut short"),
        (format!("echo x > {module}"), "it is no ELF file"),
        (format!("sed 's/pam_sm_acct_mgmt/pam_sm_acct_mgnt/g' /root/sound > {module}"), "it has no pam_sm_acct_mgmt"),
    ] {
        world.sh(&harm).ok();
        let told = trial.told();
        assert_eq!(told.verdict("sshd", "password"), "refused", "{why}");
        assert!(
            told.finds("sshd", &[&format!("cannot be loaded, so everyone is refused: {why}")]),
            "{:#}",
            told.value()
        );
        assert_eq!(trial.reality("sshd").verdict, "refused", "{why}");
        world.sh(&format!("cat /root/sound > {module}")).ok();
    }
    assert_eq!(trial.told().verdict("sshd", "password"), trial.reality("sshd").verdict);
}
