//! The dispatcher, over stacks of modules that return what their argument says.

use super::code::Code;
use super::dispatch::{Step, Trace, traces};
use super::service::{Handler, Phase, Service};
use super::service_tests::Shelf;

/// What `pam_x.so CODE,CODE` returns.
fn said(handler: &Handler, _before: &[Step]) -> Vec<Code> {
    let arguments = handler.module().map(|module| module.arguments.clone()).unwrap_or_default();
    arguments[0].split(',').map(|name| Code::named(name).expect("a code")).collect()
}

fn all(files: &[(&str, &str)]) -> Vec<Trace> {
    let service = Service::read(&Shelf::of(files), "x");
    traces(service.stack(Phase::Auth), &said).expect("few ways")
}

/// The one way through a stack of lines `CONTROL CODE`: which ran, and the result.
fn run(lines: &[&str]) -> (Vec<usize>, String) {
    let text: Vec<String> = lines.iter().map(|line| line_of(line)).collect();
    let traces = all(&[("x", &text.concat())]);
    assert_eq!(traces.len(), 1);
    (traces[0].steps.iter().map(|step| step.at).collect(), traces[0].result.to_string())
}

fn line_of(line: &str) -> String {
    let (control, code) = line.rsplit_once(' ').expect("a control and a code");
    format!("auth {control} pam_x.so {code}\n")
}

fn expect(lines: &[&str], ran: &[usize], result: &str) {
    assert_eq!(run(lines), (ran.to_vec(), result.to_owned()), "{lines:?}");
}

#[test]
fn words_combine_as_the_manual_says() {
    expect(&["required success", "required success"], &[0, 1], "success");
    expect(&["required auth_err", "required user_unknown"], &[0, 1], "auth_err");
    expect(&["requisite auth_err", "required success"], &[0], "auth_err");
    expect(&["sufficient success", "required auth_err"], &[0], "success");
    expect(&["sufficient auth_err", "required success"], &[0, 1], "success");
    expect(&["required auth_err", "sufficient success", "required success"], &[0, 1, 2], "auth_err");
    expect(&["optional auth_err", "required success"], &[0, 1], "success");
    expect(&["optional success"], &[0], "success");
}

#[test]
fn a_stack_in_which_nobody_decides_is_a_refusal() {
    expect(&["required ignore"], &[0], "perm_denied");
    expect(&["optional auth_err"], &[0], "perm_denied");
    expect(&["[success=1 default=ignore] success", "requisite auth_err"], &[0], "perm_denied");
    expect(&["[success=1 default=ignore] success", "requisite auth_err", "required ignore"], &[0, 2], "perm_denied");
    expect(&["[default=bad] ignore"], &[0], "perm_denied");
    expect(&["[success=bad] success"], &[0], "perm_denied");
}

#[test]
fn jumps_skip_lines_and_one_too_far_refuses() {
    expect(&["[success=1 default=ignore] success", "requisite auth_err", "required success"], &[0, 2], "success");
    expect(
        &["[success=1 default=ignore] auth_err", "requisite perm_denied", "required success"],
        &[0, 1],
        "perm_denied",
    );
    expect(&["required success", "[success=2 default=ignore] success", "required success"], &[0, 1], "perm_denied");
    expect(
        &["[success=1] success", "required auth_err", "[default=reset] ignore", "required success"],
        &[0, 2, 3],
        "success",
    );
}

#[test]
fn reset_forgets_and_other_codes_than_success_are_kept() {
    expect(&["required auth_err", "[success=reset] success", "required success"], &[0, 1, 2], "success");
    expect(&["required new_authtok_reqd", "required success"], &[0, 1], "new_authtok_reqd");
    expect(&["[success=ok new_authtok_reqd=done] new_authtok_reqd", "required success"], &[0], "new_authtok_reqd");
    expect(&["required success", "[default=ok] auth_err", "required success"], &[0, 1, 2], "auth_err");
}

#[test]
fn a_substack_ends_by_itself_and_counts_as_one_in_a_jump() {
    let deny = line_of("required success") + "auth substack y\n" + &line_of("required success");
    let inner = line_of("requisite auth_err") + &line_of("required success");
    let traces = all(&[("x", &deny), ("y", &inner)]);
    let ran: Vec<usize> = traces[0].steps.iter().map(|step| step.at).collect();
    assert_eq!((ran, traces[0].passes()), (vec![0, 2, 4], false), "die ends the substack, and the stack goes on");
    let jump = line_of("[success=1 default=ignore] success") + "auth substack y\n" + &line_of("required success");
    let traces = all(&[("x", &jump), ("y", &inner)]);
    let ran: Vec<usize> = traces[0].steps.iter().map(|step| step.at).collect();
    assert_eq!((ran, traces[0].passes()), (vec![0, 4], true));
    let out = line_of("[success=2 default=ignore] success") + &line_of("required auth_err");
    let traces = all(&[("x", "auth substack y\nauth required pam_x.so success\n"), ("y", &out)]);
    assert!(!traces[0].passes(), "a jump out of a substack is one too far");
    let reset = line_of("required auth_err") + &line_of("[default=reset] success");
    let outer = line_of("required success") + "auth substack y\n";
    assert!(all(&[("x", &outer), ("y", &reset)])[0].passes(), "reset goes back to what was found before the substack");
}

#[test]
fn every_code_that_makes_a_difference_is_tried_and_too_many_ways_are_refused() {
    let text = line_of("sufficient success,auth_err,user_unknown,ignore") + &line_of("required success,ignore");
    let traces = all(&[("x", &text)]);
    assert_eq!(traces.len(), 3, "{traces:?}");
    let many = line_of("optional success,auth_err").repeat(20) + &line_of("required success");
    let service = Service::read(&Shelf::of(&[("x", &many)]), "x");
    assert!(super::dispatch::traces(service.stack(Phase::Auth), &said).is_err());
}
