//! Lines put in and taken out again, in files as distributions ship them.

use super::super::service_tests::Shelf;
use super::*;

const COMMON: [(&str, &str); 2] = [
    (
        "common-auth",
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
    ),
    (
        "common-account",
        "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\n",
    ),
];
const DEBIAN: &str = "# PAM for x\n@include common-auth\n\naccount  required     pam_nologin.so\n# account  required     pam_access.so\n\n@include common-account\nsession optional pam_motd.so # here";

fn shelf(text: &str) -> Shelf {
    COMMON.iter().fold(Shelf::of(&[("x", text)]), |shelf, (name, text)| shelf.and(&format!("/etc/pam.d/{name}"), text))
}

fn read(text: &str) -> (Service, OwnFile) {
    let shelf = shelf(text);
    let service = Service::read(&shelf, "x");
    let file = own_file(&shelf, &service).expect("a file of its own");
    (service, file)
}

fn proposals(text: &str) -> Vec<String> {
    let (service, file) = read(text);
    with_our_lines(&service, &file).expect("proposals")
}

#[test]
fn both_lines_go_where_the_readme_has_them_and_no_other_byte_changes() {
    let expected = DEBIAN
        .replace("@include common-auth\n", &format!("@include common-auth\n{AUTH_LINE}\n"))
        .replace("@include common-account\n", &format!("{ACCOUNT_LINE}\n@include common-account\n"));
    let proposed = proposals(DEBIAN);
    assert_eq!(proposed[0], expected);
    let (service, file) = read(&expected);
    assert!(with_our_lines(&service, &file).unwrap().is_empty(), "there already");
    assert_eq!(without_our_lines(&service, &file).unwrap().map(|stripped| stripped.text).as_deref(), Some(DEBIAN));
}

#[test]
fn a_line_that_is_there_is_not_put_in_again() {
    let text = format!("@include common-auth\n{AUTH_LINE}\n@include common-account\n");
    assert_eq!(
        proposals(&text),
        [format!("@include common-auth\n{AUTH_LINE}\n{ACCOUNT_LINE}\n@include common-account\n")]
    );
    let text = format!("{ACCOUNT_LINE}\n@include common-account\nauth required pam_unix.so");
    let both = format!("{text}\n{AUTH_LINE}\n");
    assert_eq!(proposals(&text).last(), Some(&both), "and a last line without an end gets one");
}

#[test]
fn every_place_behind_a_line_of_the_file_is_proposed_once() {
    let text = "auth required pam_env.so\nauth [success=1 default=ignore] \\\n  pam_unix.so\nauth requisite pam_deny.so\naccount required pam_unix.so\n";
    let lines: Vec<usize> =
        proposals(text).iter().map(|text| text.lines().position(|line| line == AUTH_LINE).unwrap()).collect();
    assert_eq!(lines, [1, 3, 4], "never inside a line that goes on");
}

#[test]
fn what_is_not_ours_to_edit_is_refused() {
    let fit = |shelf: &Shelf| own_file(shelf, &Service::read(shelf, "x"));
    assert_eq!(fit(&Shelf::of(&[("y", "")])).unwrap_err(), Unfit::Missing);
    let vendors = Shelf::of(&[]).and("/usr/lib/pam.d/x", "auth required pam_unix.so\n");
    assert_eq!(fit(&vendors).unwrap_err(), Unfit::Vendors("/usr/lib/pam.d/x".to_owned()));
    assert!(matches!(fit(&shelf("auth required \\")), Err(Unfit::Broken(_))));
    assert!(matches!(fit(&shelf("auth required \\\n# c\npam_unix.so\n")), Err(Unfit::Ambiguous(_))));
    let (service, file) = read("account required pam_unix.so\n");
    assert_eq!(with_our_lines(&service, &file), Err(Unfit::NoStack(Phase::Auth)));
    let included = shelf("@include common-auth\n").and("/etc/pam.d/common-auth", AUTH_LINE);
    let service = Service::read(&included, "x");
    let file = own_file(&included, &service).unwrap();
    assert_eq!(without_our_lines(&service, &file), Err(Unfit::Included("/etc/pam.d/common-auth:1".to_owned())));
}

#[test]
fn the_service_s_own_line_goes_also_where_an_include_has_one() {
    let twice = format!("{AUTH_LINE}\n@include common-auth\n");
    let included = shelf(&twice).and("/etc/pam.d/common-auth", AUTH_LINE);
    let service = Service::read(&included, "x");
    let file = own_file(&included, &service).unwrap();
    let stripped = without_our_lines(&service, &file).unwrap().unwrap();
    assert_eq!(stripped.text, "@include common-auth\n");
    assert_eq!(stripped.still, ["/etc/pam.d/common-auth:1"]);
}

#[test]
fn a_line_that_is_jumped_over_is_not_taken_out_from_under_the_jump() {
    let gate = "auth requisite pam_succeed_if.so user ingroup wheel\n";
    for (jump, is_over) in [("1", true), ("2", true), ("0", false)] {
        let text = format!(
            "auth requisite pam_unix.so\nauth [success={jump} default=ignore] pam_succeed_if.so user = bob\n{AUTH_LINE}\n{gate}\
             account required pam_unix.so\n"
        );
        let (service, file) = read(&text);
        let over = Err(Unfit::JumpsOver(format!("{}:2", file.path)));
        assert_eq!(without_our_lines(&service, &file) == over, is_over, "{jump}");
    }
    let account =
        format!("account [success=1 default=ignore] pam_localuser.so\n{ACCOUNT_LINE}\naccount required pam_unix.so\n");
    let (service, file) = read(&account);
    assert!(matches!(without_our_lines(&service, &file), Err(Unfit::JumpsOver(_))));
    // A jump to our line, over what refuses: what follows is where it leads then.
    let to_us = format!("auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n{AUTH_LINE}\n{gate}");
    let (service, file) = read(&to_us);
    assert!(without_our_lines(&service, &file).unwrap().is_some());
}

#[test]
fn the_difference_shows_what_changes_and_three_lines_around() {
    let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
    let after = inserted(&inserted(before, 11, "b"), 1, "a");
    let shown = ["--- /f", "+++ /f", " 1", "+a", " 2", " 3", " 4", "@@", " 9", " 10", " 11", "+b", " 12"];
    assert_eq!(difference("/f", before, &after), shown);
    let back = difference("/f", &after, before);
    assert!(
        back.contains(&"-a".to_owned()) && back.contains(&"-b".to_owned()) && !back.iter().any(|line| line == "+a")
    );
}
