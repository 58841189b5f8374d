//! Stacks of several distributions, and what is so about them.

use super::account::{AccountFacts, account_facts};
use super::auth::{AuthFacts, Kind, Unproven, auth_facts, kinds, unproven};
use super::modules::Person;
use super::refusal::Refusal;
use super::service::Service;
use super::service_tests::Shelf;

const COMMON_AUTH: &str = "auth [success=1 default=ignore] pam_unix.so nullok\n\
                           auth requisite pam_deny.so\n\
                           auth required pam_permit.so\n\
                           auth optional pam_cap.so\n";
const COMMON_ACCOUNT: &str = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                              account requisite pam_deny.so\n\
                              account required pam_permit.so\n";
const OURS: &str = "required pam_countersign.so\n";

fn shelf(text: &str) -> Shelf {
    Shelf::of(&[("x", text), ("common-auth", COMMON_AUTH), ("common-account", COMMON_ACCOUNT)])
}

fn facts_of(text: &str, module: &str) -> AuthFacts {
    let shelf = shelf(text);
    let service = Service::read(&shelf, "x");
    let kinds = kinds(&service);
    let kind: &Kind = kinds.iter().find(|kind| kind.module == module).expect("a kind of login");
    auth_facts(&shelf, &service, kind).expect("few ways")
}

fn auth(text: &str) -> AuthFacts {
    facts_of(text, "pam_unix.so")
}

fn wrong(text: &str) -> Unproven {
    let shelf = shelf(text);
    unproven(&shelf, &Service::read(&shelf, "x")).expect("few ways")
}

fn account(text: &str) -> AccountFacts {
    let shelf = shelf(text);
    account_facts(&shelf, &Service::read(&shelf, "x"), Person::Local).expect("few ways")
}

#[test]
fn debians_file_with_our_line_after_the_include_is_right() {
    let text = format!("@include common-auth\nauth {OURS}");
    let facts = auth(&text);
    let expected = AuthFacts { enters: true, asked: true, abstaining_enters: true, ..AuthFacts::default() };
    assert_eq!(facts, expected);
    assert_eq!(wrong(&text), Unproven::default());
}

#[test]
fn a_wrong_password_that_reaches_us_is_seen() {
    let text = format!("auth required pam_unix.so\nauth {OURS}");
    let facts = wrong(&text);
    assert!(facts.reaches_us && !facts.code_enters && !facts.nothing_enters);
    assert_eq!(facts.let_by.map(|line| line.place.first), Some(1));
    let optional = wrong(&format!("auth optional pam_unix.so\nauth {OURS}"));
    assert!(optional.reaches_us && optional.code_enters);
    let before = wrong(&format!("auth {OURS}@include common-auth\n"));
    assert!(before.reaches_us && before.let_by.is_none() && !before.code_enters);
    let substack = wrong(&format!("auth substack common-auth\nauth {OURS}"));
    assert!(substack.reaches_us, "a die in a substack ends the substack alone");
    assert!(!wrong(&format!("auth include common-auth\nauth {OURS}")).reaches_us);
}

#[test]
fn sufficient_before_us_skips_us() {
    let text = format!("auth sufficient pam_unix.so\nauth {OURS}auth required pam_deny.so\n");
    let facts = auth(&text);
    assert!(facts.enters && !facts.asked);
    assert_eq!(facts.skipped_by[0].place.to_string(), "/etc/pam.d/x:1");
    let sss = format!("auth sufficient pam_sss.so\n@include common-auth\nauth {OURS}");
    assert!(!facts_of(&sss, "pam_sss.so").asked && auth(&sss).asked);
    let unknown = format!("auth sufficient pam_new.so\n@include common-auth\nauth {OURS}");
    assert!(!facts_of(&unknown, "pam_new.so").asked && facts_of(&unknown, "pam_new.so").enters);
}

#[test]
fn a_condition_before_us_may_skip_us() {
    let exempt = "auth [success=1 default=ignore] pam_succeed_if.so user ingroup nocode\n";
    let facts = auth(&format!("@include common-auth\n{exempt}auth {OURS}auth required pam_permit.so\n"));
    assert!(facts.asked && facts.skipped_by[0].module == "pam_succeed_if.so", "{facts:?}");
}

#[test]
fn a_forgiving_control_makes_the_code_worthless() {
    for control in ["optional", "sufficient", "[success=ok default=ignore]"] {
        let facts =
            auth(&format!("@include common-auth\nauth {control} pam_countersign.so\nauth required pam_permit.so\n"));
        assert!(facts.asked && facts.wrong_code_enters, "{control}");
    }
    assert!(!auth("@include common-auth\nauth requisite pam_countersign.so\n").wrong_code_enters);
}

#[test]
fn abstaining_alone_is_a_refusal() {
    let text = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";
    let facts = auth(&format!("{text}auth {OURS}"));
    assert!(facts.asked && !facts.abstaining_enters);
    assert!(auth(&format!("{text}auth {OURS}auth required pam_permit.so\n")).abstaining_enters);
    let strict = auth("@include common-auth\nauth [success=ok default=bad] pam_countersign.so\n");
    assert!(
        !strict.abstaining_enters
            && strict.abstaining_refused_by.is_some_and(|line| line.module == "pam_countersign.so")
    );
}

#[test]
fn what_may_fail_after_us_and_a_second_line_are_seen() {
    let after = auth(&format!(
        "@include common-auth\nauth {OURS}auth required pam_faillock.so authsucc\nauth optional pam_group.so\n"
    ));
    assert_eq!(after.may_fail_after.iter().map(|line| line.module.as_str()).collect::<Vec<_>>(), ["pam_faillock.so"]);
    let twice = auth(&format!("@include common-auth\nauth {OURS}auth {OURS}"));
    assert!(twice.twice && !auth(&format!("@include common-auth\nauth {OURS}")).twice);
}

#[test]
fn a_module_that_is_not_installed_is_unknown_to_libpam() {
    let skipped =
        auth(&format!("-auth [success=2 default=ignore] pam_missing_home.so\n@include common-auth\nauth {OURS}"));
    assert!(skipped.enters && skipped.asked);
    let needed = auth(&format!("auth required pam_missing.so\n@include common-auth\nauth {OURS}"));
    assert!(
        !needed.enters && matches!(&needed.refused_by, Some(Refusal::Line(line)) if line.module == "pam_missing.so")
    );
}

#[test]
fn fedoras_sssd_stack_knows_local_accounts_from_others() {
    let text = "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\n\
         auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n\
         auth [default=1 ignore=ignore success=ok] pam_localuser.so\n\
         auth sufficient pam_unix.so nullok\n\
         auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n\
         auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n";
    let bare = format!("auth include system-auth\nauth {OURS}");
    for (control, asked) in [("include", false), ("substack", true)] {
        let shelf = shelf(&bare.replace("include", control)).and("/etc/pam.d/system-auth", text);
        let service = Service::read(&shelf, "x");
        for kind in kinds(&service).iter().filter(|kind| ["pam_unix.so", "pam_sss.so"].contains(&kind.module.as_str()))
        {
            let facts = auth_facts(&shelf, &service, kind).expect("few ways");
            assert_eq!((facts.enters, facts.asked), (true, asked), "{control} {kind:?} {facts:?}");
        }
        let reaches = unproven(&shelf, &service).expect("few ways").reaches_us;
        assert!(reaches, "{control}: a required pam_deny refuses, and the stack goes on");
    }
}

#[test]
fn the_account_line_belongs_before_pam_unix() {
    let right = account(&format!("account requisite pam_nologin.so\naccount {OURS}@include common-account\n"));
    assert!(right.idle_enters && right.reached && !right.forgiving && !right.twice);
    assert_eq!((right.expired_skips, right.account_before, right.left_out), (None, None, None));
    assert!(right.late_gates.is_empty());
    let after = account(&format!("@include common-account\naccount {OURS}"));
    assert!(after.reached && after.expired_skips.is_some());
    assert_eq!(after.account_before.map(|place| place.to_string()), Some("/etc/pam.d/common-account:1".to_owned()));
}

#[test]
fn an_account_line_that_is_missing_skipped_or_forgiving_is_seen() {
    assert!(account("@include common-account\n").lines.is_empty());
    let skipped =
        account(&format!("account sufficient pam_localuser.so\naccount {OURS}account required pam_unix.so\n"));
    assert!(!skipped.reached && skipped.skipped_by[0].module == "pam_localuser.so");
    assert!(account("account optional pam_countersign.so\naccount required pam_unix.so\n").forgiving);
    let sufficient = account("account sufficient pam_countersign.so\naccount required pam_unix.so\n");
    assert!(sufficient.forgiving && sufficient.left_out.is_some_and(|place| place.first == 2));
    let alone = account(&format!("account {OURS}"));
    assert!(!alone.idle_enters && alone.commit_enters);
}

#[test]
fn who_may_log_in_at_all_is_asked_first_and_finally() {
    let late = account(&format!(
        "account required pam_nologin.so\naccount {OURS}account requisite pam_access.so\n@include common-account\n"
    ));
    let modules: Vec<&str> = late.late_gates.iter().map(|line| line.module.as_str()).collect();
    assert_eq!(modules, ["pam_nologin.so", "pam_access.so"]);
}
