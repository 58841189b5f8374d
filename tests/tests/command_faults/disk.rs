//! Each deed on disks that are really full, out of inodes, or read-only.
use crate::deed::{DEEDS, Deed};
use crate::standing::People;

const STATE: &str = "/var/lib/countersign";

/// A small disk of this kind in the place of the state; both files that fill it are made by `fill`.
fn on_a_disk(mount: &str, fill: &str, free: &str, said: &str, needs_nothing: &[&str]) {
    let people = People::new();
    let script = format!(
        "mkdir /srv/small; mount -t tmpfs -o size=256k,nr_inodes=64,mode=0700 none /srv/small
        cp -a {STATE}/. /srv/small/; mount --move /srv/small {STATE}; {mount}"
    );
    people.factor.world.sh(&script).ok();
    for deed in &DEEDS {
        people.prepare(deed);
        let old = people.standing(deed.target);
        people.factor.world.sh(fill).ok();
        let outcome = people.do_it(deed, &[]);
        let at = format!("{:?}: {}{}", deed.words, outcome.text(), outcome.errors());
        let left = people.standing(deed.target);
        if needs_nothing.contains(&name(deed)) {
            assert_eq!(outcome.code(), Some(0), "{at}");
        } else {
            assert_eq!(outcome.code(), Some(1), "{at}");
            assert!(outcome.errors().contains(said), "{at}");
            assert_eq!(left, old, "{at}: refused, and done");
        }
        people.factor.world.sh(free).ok();
        people.assert_honest_login(&at);
        people.put_back();
        assert_eq!(people.do_it(deed, &[]).code(), Some(0), "{at}: with room");
    }
}

fn name(deed: &Deed) -> &'static str {
    deed.words[0]
}

#[test]
fn a_disk_without_room_refuses_what_needs_some_and_says_so() {
    let fill = format!("mkdir {STATE}/fill; head -c 1M /dev/zero > {STATE}/fill/1 || true; ! echo x > {STATE}/fill/2");
    on_a_disk("", &fill, &format!("rm -r {STATE}/fill"), "No space left on device", &["unblock", "forget"]);
}

#[test]
fn a_disk_without_room_for_another_file_refuses_what_needs_one_and_says_so() {
    let fill = format!(
        "mkdir {STATE}/fill; number=0; while touch {STATE}/fill/$((number += 1)); do :; done 2>/dev/null; test $number -lt 64"
    );
    on_a_disk("", &fill, &format!("rm -r {STATE}/fill"), "No space left on device", &["unblock", "forget"]);
}

#[test]
fn a_read_only_disk_refuses_every_change_and_says_so() {
    let again = |how: &str| format!("mount -o remount,bind,{how} {STATE}");
    let mount = format!("mount --bind {STATE} {STATE}");
    on_a_disk(&mount, &again("ro"), &again("rw"), "Read-only file system", &[]);
}
