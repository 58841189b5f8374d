//! A slot of the counters torn at every byte between old and new, and what a crash leaves of files half-written: the old
//! or the new state holds, and nobody is refused for ever.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::{Reply, Step, pam};
use countersign_tests::world::STATE_DIR;
use countersign_tests::{Answer, Factor, Phase};
use std::collections::BTreeSet;
use std::fs;

/// One answer per login.
const ONE_TRY: &str = "[prompt]\ntries = 1\n";
const PLACE: &str = "/run/world/torn";

/// The bytes a file may have when a write was torn: every beginning of the new ones before the end of the old ones, and
/// the other way round. Those first and last are the old and the new ones.
fn torn(old: &[u8], new: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(old.len(), new.len());
    let joined = |head: &[u8], tail: &[u8], cut: usize| [&head[..cut], &tail[cut..]].concat();
    let forwards = (0..=new.len()).map(|cut| joined(new, old, cut));
    let backwards = (0..=new.len()).map(|cut| joined(old, new, cut));
    let all: BTreeSet<Vec<u8>> = forwards.chain(backwards).collect();
    let between = all.into_iter().filter(|file| file != old && file != new);
    [old.to_vec()].into_iter().chain(between).chain([new.to_vec()]).collect()
}

/// Answers the prompts of as many logins for each of these files in the place of someone's counters; the codes of each.
fn log_in_with_each(factor: &Factor, user: &str, files: &[Vec<u8>], answers: &[Answer]) -> Vec<Vec<i32>> {
    let place = factor.world.path(PLACE);
    fs::create_dir(&place).expect("make a directory");
    for (number, file) in files.iter().enumerate() {
        fs::write(place.join(number.to_string()), file).expect("write a torn file");
    }
    let numbers: Vec<usize> = (0..files.len()).collect();
    let mut codes = Vec::new();
    // A command line has a limit.
    for some in numbers.chunks(150) {
        let steps = some.iter().flat_map(|number| {
            let put = Step::Shell(format!("cat {PLACE}/{number} > {STATE_DIR}/counters/{user}"));
            [put].into_iter().chain(answers.iter().map(|_| Step::call(Phase::Authenticate)))
        });
        let typed = some.iter().flat_map(|_| answers.iter().cloned());
        let transcript = factor.driver(user).answers(typed).steps(steps).run();
        assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
        codes.extend(transcript.codes(Phase::Authenticate).chunks(answers.len()).map(<[i32]>::to_vec));
    }
    fs::remove_dir_all(&place).expect("remove a directory");
    assert_eq!(codes.len(), files.len());
    codes
}

fn enrolled() -> (Factor, Parameters, Vec<String>) {
    let factor = Factor::new(&format!("{IN_USE}{ONE_TRY}"), &["alice", "dave"]);
    let (token, recovery_codes) = factor.enroll_with_recovery_codes("alice");
    (factor, token, recovery_codes)
}

fn counters(factor: &Factor, user: &str) -> Vec<u8> {
    factor.counters(user).expect("counters")
}

#[test]
fn an_accepted_code_torn_anywhere_on_its_way_to_the_disk_is_accepted_or_used_and_the_next_one_gets_in() {
    let (factor, token, _) = enrolled();
    // Either slot is torn once.
    for round in 0..2 {
        let old = counters(&factor, "alice");
        let code = factor.code(&token);
        factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        let files = torn(&old, &counters(&factor, "alice"));
        assert!(files.len() > 20, "{}", files.len());
        let answers = [&code, &factor.code_of_step(&token, 1), &code].map(|code| Answer::from(code.as_str()));
        let found = log_in_with_each(&factor, "alice", &files, &answers);
        let (is_old, is_new) =
            ([pam::SUCCESS, pam::SUCCESS, pam::AUTH_ERR], [pam::AUTH_ERR, pam::SUCCESS, pam::AUTH_ERR]);
        for (number, codes) in found.iter().enumerate() {
            assert!(*codes == is_old || *codes == is_new, "round {round}, file {number}: {codes:?}");
        }
        assert_eq!((&found[0][..], &found[files.len() - 1][..]), (&is_old[..], &is_new[..]));
        factor.world.move_clock(60);
        factor.assert_next_code_accepted("alice", &token);
        factor.next_step();
    }
}

#[test]
fn a_failure_torn_anywhere_on_its_way_to_the_disk_blocks_or_not_and_a_recovery_code_gets_in() {
    let (factor, token, recovery_codes) = enrolled();
    factor.fail("alice", &token, 4);
    let old = counters(&factor, "alice");
    factor.fail("alice", &token, 5);
    let files = torn(&old, &counters(&factor, "alice"));
    let code = factor.code(&token);
    let answers = [&code, &recovery_codes[0], &recovery_codes[0]].map(|code| Answer::from(code.as_str()));
    let found = log_in_with_each(&factor, "alice", &files, &answers);
    let (is_old, is_new) = ([pam::SUCCESS, pam::SUCCESS, pam::AUTH_ERR], [pam::AUTH_ERR, pam::SUCCESS, pam::AUTH_ERR]);
    for (number, codes) in found.iter().enumerate() {
        assert!(*codes == is_old || *codes == is_new, "file {number}: {codes:?}");
    }
    assert_eq!((&found[0][..], &found[files.len() - 1][..]), (&is_old[..], &is_new[..]));
}

/// The second slot is still blank then, so that every byte of it changes.
#[test]
fn a_first_proof_torn_anywhere_on_its_way_to_the_disk_leaves_someone_who_is_not_enrolled_and_can_be() {
    let (factor, ..) = enrolled();
    // Counted, and never committed.
    factor.driver("dave").answers(["{code}"]).phases([Phase::Authenticate]).run();
    let new = counters(&factor, "dave");
    let old = [&new[..512], &vec![b'\n'; new.len() - 512][..]].concat();
    let files = torn(&old, &new);
    assert!(files.len() > 512, "{}", files.len());
    let found = log_in_with_each(&factor, "dave", &files, &[Answer::from(Reply::GONE)]);
    assert!(found.iter().all(|codes| *codes == [pam::CONV_ERR]), "asked to enroll, whatever is left: {found:?}");
    for file in files.iter().step_by(100) {
        fs::write(factor.state_path("counters/dave"), file).expect("tear the counters");
        factor.enroll("dave");
        factor.world.sh(&format!("rm {STATE_DIR}/users/dave.toml")).ok();
    }
}

#[test]
fn what_a_crash_left_half_written_is_nobodys_state_and_goes_with_the_next_change() {
    let (factor, token, _) = enrolled();
    let (record, whole) = (factor.record("alice").expect("a record"), counters(&factor, "alice"));
    let named = |name: &str| factor.state_path(name);
    for length in [0, 1, record.len() / 2, record.len() - 1, record.len()] {
        fs::write(named("users/.alice.toml"), &record[..length]).expect("leave a half-written record");
        fs::write(named("counters/.alice.0badcafe"), &whole[..length.min(whole.len())]).expect("leave half a file");
        factor.assert_next_code_accepted("alice", &token);
        let listed: Vec<serde_json::Value> =
            serde_json::from_str(&factor.world.countersign(&["list", "--json"]).ok()).expect("JSON");
        assert_eq!(listed.len(), 1, "{listed:#?}");
        for command in ["lock", "unlock"] {
            factor.world.countersign(&[command, "alice"]).ok();
        }
        assert!(!named("users/.alice.toml").exists(), "{length} bytes");
        factor.assert_next_code_accepted("alice", &token);
    }
    fs::write(named("users/.alice.toml"), &record).expect("leave a record");
    factor.world.countersign(&["forget", "alice"]).ok();
    let left = ["users", "counters"].map(|room| fs::read_dir(named(room)).expect("list the state").count());
    assert_eq!(left, [0, 0], "a secret may stand in them");
}
