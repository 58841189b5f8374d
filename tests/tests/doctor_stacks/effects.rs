//! What the doctor says of the account phase is what takes effect there, and for whom.
use crate::trial::{Files, Trial};

const AUTH: &str = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
                    auth required pam_countersign.so\nauth required pam_permit.so\n";

fn sshd(account: &str) -> Files {
    vec![("sshd".to_owned(), format!("{AUTH}{account}"))]
}

#[test]
fn whom_a_gate_refuses_has_stored_something_exactly_where_doctor_says_so() {
    let trial = Trial::new();
    let (ours, unix) = ("account required pam_countersign.so\n", "account required pam_unix.so\n");
    let world = trial.world();
    for (gate, close, open) in [
        ("pam_nologin.so", "echo closed > /etc/nologin", "rm /etc/nologin"),
        ("pam_access.so", "echo '-:carol:ALL' > /etc/security/access.conf", "echo > /etc/security/access.conf"),
    ] {
        for (stack, late) in [
            (format!("account required {gate}\n{ours}{unix}"), true),
            (format!("account requisite {gate}\n{ours}{unix}"), false),
            (format!("{ours}account requisite {gate}\n{unix}"), true),
            (format!("account [success=ok ignore=ignore default=die] {gate}\n{ours}{unix}"), false),
        ] {
            trial.lay(&sshd(&stack));
            let told = trial.told();
            assert_eq!(told.finds("sshd", &["has stored what was proven before"]), late, "{stack} {:#}", told.value());
            world.sh(close).ok();
            assert_eq!(trial.enrolling("sshd"), (false, late), "{stack}");
            world.sh(open).ok();
            assert_eq!(trial.enrolling("sshd"), (true, true), "{stack}");
        }
    }
}

#[test]
fn an_expired_password_keeps_our_line_from_its_turn_exactly_where_doctor_says_so() {
    let trial = Trial::new();
    let ours = "account required pam_countersign.so\n";
    let debian = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                  account requisite pam_deny.so\naccount required pam_permit.so\n";
    trial.world().expire_password("carol");
    for (stack, is_skipped) in [
        (format!("{ours}{debian}"), false),
        (format!("{debian}{ours}"), true),
        (format!("account required pam_unix.so\n{ours}"), false),
        (format!("account sufficient pam_unix.so\n{ours}account required pam_permit.so\n"), true),
    ] {
        trial.lay(&sshd(&stack));
        let told = trial.told();
        let says = ["no turn when the password has expired", "leads past our account line"];
        assert_eq!(told.finds("sshd", &says), is_skipped, "{stack} {:#}", told.value());
        assert_eq!(trial.enrolling("sshd"), (false, !is_skipped), "{stack}");
    }
}

#[test]
fn an_expired_account_gets_in_by_enrolling_exactly_where_doctor_says_so() {
    let trial = Trial::new();
    trial.world().sh("chage -E 1 carol").ok();
    for (control, left_out) in [
        ("required", false),
        ("sufficient", true),
        ("[success=done ignore=ignore default=die]", true),
        ("[success=1 ignore=ignore default=die]", false),
    ] {
        let stack = format!(
            "account {control} pam_countersign.so\naccount required pam_unix.so\naccount required pam_permit.so\n"
        );
        let stack = if control.contains("success=1") {
            stack.replace("account required pam_unix", "account optional pam_warn.so\naccount required pam_unix")
        } else {
            stack
        };
        trial.lay(&sshd(&stack));
        let told = trial.told();
        assert_eq!(told.finds("sshd", &["is not asked any more"]), left_out, "{stack} {:#}", told.value());
        assert_eq!(trial.enrolling("sshd").0, left_out, "{stack}");
    }
}
