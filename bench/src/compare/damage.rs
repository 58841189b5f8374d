//! Cases of state that is damaged, gone, full or left behind.
use crate::place::{Control, Module, Place};
use crate::sessions::End;

/// What a right and a wrong code bring with state like this, where everyone needs a code and while rolling out.
fn both(module: Module, harm: impl Fn(&Place)) -> String {
    let outcome = |control| {
        let place = Place::new(module, control, &["alice"]);
        place.wait(120);
        harm(&place);
        let ends = [place.login("alice", &place.wrong("alice")), place.login("alice", &place.code("alice"))];
        match ends {
            [End::In, End::In] => "**let in with any code**".to_owned(),
            [wrong, right] if wrong == right => right.text(),
            [wrong, right] => format!("right code {}, wrong code {}", right.text(), wrong.text()),
        }
    };
    let [required, rolling_out] = [Control::Required, Control::RollingOut].map(outcome);
    if required == rolling_out { required } else { format!("{required}; while rolling out: {rolling_out}") }
}

fn replace(place: &Place, from: &str, to: &str) {
    let text = place.state_text("alice");
    let harmed = text.replacen(from, to, 1);
    assert_ne!(text, harmed, "{from} is not in the state of {:?}", place.module);
    write(place, &harmed);
}

/// Keeps owner and mode.
fn write(place: &Place, text: &str) {
    let script = "cat > \"$0\"";
    place.factor.world.command(&["sh", "-c", script, &place.state_file("alice")]).stdin(text).run().ok();
}

/// The file is empty.
pub(crate) fn empty(module: Module) -> String {
    both(module, |place| write(place, ""))
}

/// The secret cannot be read.
pub(crate) fn secret(module: Module) -> String {
    both(module, |place| {
        let text = place.state_text("alice");
        let secret = match module {
            Module::Countersign => text.split("secret = \"").nth(1).expect("a secret"),
            Module::Google => text.as_str(),
            Module::Oath => text.split('\t').nth(3).expect("a secret"),
        };
        let start = secret.chars().take(8).collect::<String>();
        replace(place, &start, "!!!!!!!!");
    })
}

/// A kind of token nobody knows.
pub(crate) fn kind(module: Module) -> String {
    both(module, |place| match module {
        Module::Countersign => replace(place, "\"SHA1\"", "\"SHA9\""),
        Module::Google => replace(place, "\" TOTP_AUTH", "\" TOTQ_AUTH"),
        Module::Oath => replace(place, "HOTP/T30", "HOTQ/T30"),
    })
}

/// A pipe stands where the file was.
pub(crate) fn pipe(module: Module) -> String {
    both(module, |place| {
        let script = "rm \"$0\"; mkfifo -m 600 \"$0\"";
        place.factor.world.run(&["sh", "-euc", script, &place.state_file("alice")]).ok();
    })
}

/// An empty file system is mounted over everything, or, the same to a login, the real one is not mounted.
pub(crate) fn unmounted(module: Module) -> String {
    both(module, |place| {
        place.factor.world.sh(&format!("mount -t tmpfs -o mode=0700 none {}", place.state_directory())).ok();
    })
}

/// Somebody takes away one user's state alone, whole.
pub(crate) fn taken_away(module: Module) -> String {
    both(module, |place| match module {
        Module::Countersign => {
            let directory = place.state_directory();
            place.factor.world.sh(&format!("rm {directory}/users/alice.toml {directory}/counters/alice")).ok();
        }
        Module::Google => {
            place.factor.world.run(&["rm", &place.state_file("alice")]).ok();
        }
        Module::Oath => write(place, "HOTP/T30\tbob\t-\t00112233445566778899\n"),
    })
}

/// No room left when the right code comes, and the next one once there is room.
pub(crate) fn full_disk(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(120);
    let directory = place.state_directory();
    let script = format!(
        "mkdir -p /srv/small; mount -t tmpfs -o size=256k,mode=0700 none /srv/small
         cp -a {directory}/. /srv/small/; mount --move /srv/small {directory}
         head -c 1M /dev/zero > {directory}/fill || true"
    );
    place.factor.world.sh(&script).ok();
    let full = place.login("alice", &place.code("alice"));
    place.factor.world.sh(&format!("rm {directory}/fill")).ok();
    place.wait(120);
    let after = place.login("alice", &place.code("alice"));
    format!("{}; with room again, the next code: {}", full.text(), after.text())
}

/// Calls that may change a file.
const CHANGING: &str =
    "write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fchmod,fchown";

/// A login is killed at each call in turn that may change a file, its own or the application's; then come the next codes of
/// this user and of another.
pub(crate) fn killed(module: Module) -> String {
    let mut let_in = Vec::new();
    for number in 1.. {
        let place = Place::new(module, Control::Required, &["alice", "bob"]);
        place.wait(120);
        if place.login_killed_at(CHANGING, number, "alice", &place.code("alice")) != End::Hangs {
            break;
        }
        place.wait(120);
        let_in.push(["alice", "bob"].map(|user| place.login(user, &place.code(user)) == End::In));
    }
    let [alice, bob] = [0, 1].map(|who| let_in.iter().filter(|both| both[who]).count());
    format!("let in after {alice} of {0} kills; another user: after {bob} of {0}", let_in.len())
}

/// Files of the names each module uses beside its state lie there since a crash.
pub(crate) fn left_behind(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(120);
    let directory = place.state_directory();
    let files = match module {
        Module::Countersign => {
            vec![format!("{directory}/users/.alice.toml"), format!("{directory}/counters/.alice.0badcafe")]
        }
        Module::Google => vec![format!("{}~", place.state_file("alice"))],
        Module::Oath => ["lock", "new"].map(|ending| format!("{}.{ending}", place.state_file("alice"))).to_vec(),
    };
    for file in files {
        place.factor.world.write_file(&file, "", 0o600);
    }
    let first = place.login("alice", &place.code("alice"));
    place.wait(86_400);
    let next_day = place.login("alice", &place.code("alice"));
    format!("{}; a day later: {}", first.text(), next_day.text())
}
