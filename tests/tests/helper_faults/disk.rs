//! State on a disk that is full: of bytes, or of files.
use crate::aftermath::Case;
use crate::deed::DEEDS;
use crate::dialogue::Program;
use crate::people::People;
use countersign_tests::factor::NOT_AVAILABLE;

const MOUNT: &str = "
    mkdir /srv/small
    mount -t tmpfs -o size=256k,nr_inodes=64,mode=0700 none /srv/small
    cp -a /var/lib/countersign/. /srv/small/
    mount --move /srv/small /var/lib/countersign";
const FILL_WITH_BYTES: &str = "
    mkdir /var/lib/countersign/fill
    head -c 1M /dev/zero > /var/lib/countersign/fill/1 || true
    ! echo x > /var/lib/countersign/fill/2";
const FILL_WITH_FILES: &str = "
    mkdir /var/lib/countersign/fill
    number=0
    while touch /var/lib/countersign/fill/$((number += 1)); do :; done
    test $number -lt 64 && head -c 1k /dev/zero > /var/lib/countersign/fill/1";
const FREE: &str = "rm -r /var/lib/countersign/fill";

/// Each deed by the command while the disk is full, then again when there is room.
fn on_a_full_disk(fill: &str) {
    let mut people = People::new();
    people.factor.world.sh(MOUNT).ok();
    let mut done = Vec::new();
    for deed in &DEEDS {
        people.prepare(deed);
        let old = people.everyone().of(deed.target);
        let told = people.ask(Program::Command, &[], deed, &people.code(deed.caller, -1));
        assert!(told.done, "{deed:?}: {told:?}");
        let case = Case { people: &people, deed, new: people.everyone().of(deed.target), old };
        people.put_back();
        people.factor.world.clear_log();
        people.factor.world.sh(fill).ok();
        let (at, code) = (format!("{} on a full disk", deed.request), people.code(deed.caller, -1));
        let told = people.ask(Program::Command, &[], deed, &code);
        let left = case.assert_old_or_new(&at, &told);
        if told.done {
            done.push(deed.command_line().join(" "));
        } else {
            assert!(told.refused && told.text.contains(&format!("error: {NOT_AVAILABLE}")), "{at}: {told:?}");
            assert!(left.of(deed.target) == case.old, "{at}: refused, and done");
            people.factor.world.wait_for_log(&["event=refused", "reason=write_failed", "No space left on device"]);
        }
        people.factor.world.sh(FREE).ok();
        case.settle(&at, &left, told, &code);
    }
    assert_eq!(done, ["countersign unblock bob"], "it alone needs no room");
}

#[test]
fn a_disk_without_room_refuses_every_change_that_needs_some_and_says_so() {
    on_a_full_disk(FILL_WITH_BYTES);
}

#[test]
fn a_disk_without_room_for_another_file_refuses_every_change_that_needs_one_and_says_so() {
    on_a_full_disk(FILL_WITH_FILES);
}
