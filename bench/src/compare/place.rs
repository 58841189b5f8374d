//! A world with one of the modules in it, and users enrolled.
use crate::disk::Disk;
use countersign_tests::Factor;
use countersign_tests::code::{Parameters, wrong_code};
use std::fmt::Write as _;

/// The secret of everyone enrolled with a peer: that of the RFC 6238 vectors, in base32 and in hex.
pub(crate) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SECRET_HEX: &str = "3132333435363738393031323334353637383930";
/// What everything below is mounted, or filled, or taken away from.
const PEERS: &str = "/srv/compare";
/// The peers ask once.
const OURS: &str = "[defaults]\nuse_2fa = true\n[prompt]\ntries = 1\n";
/// Enough for the state of a few users.
const GIGABYTES: u64 = 1;
const OURS_ROLLING_OUT: &str = "[prompt]\ntries = 1\n";

/// A compared module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    /// Ours.
    Countersign,
    /// `pam_google_authenticator`.
    Google,
    /// `pam_oath`.
    Oath,
}

/// How the line in the stack is controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// Everyone needs a code.
    Required,
    /// As each project's documents say for a time in which not everyone is enrolled.
    RollingOut,
}

/// A module with its users.
#[derive(Debug)]
pub(crate) struct Place {
    /// Which module.
    pub(crate) module: Module,
    /// World, clock, and the ways to log in.
    pub(crate) factor: Factor,
    /// Whether only those who are enrolled need a code.
    pub(crate) control: Control,
    /// More words on the module's line.
    pub(crate) options: String,
    tokens: Vec<(String, Parameters)>,
    /// Recovery codes of the first user.
    pub(crate) recovery: Vec<String>,
}

/// What a world is like before anyone is enrolled.
#[derive(Debug, Clone, Copy, Default)]
struct Ground {
    /// At this time.
    time: Option<i64>,
    /// With the state on an ext4 file system of its own, on a disk, not in memory.
    disk: bool,
}

impl Module {
    /// In the order of the columns.
    pub(crate) const ALL: [Self; 3] = [Self::Countersign, Self::Google, Self::Oath];
}

impl Place {
    /// With these users enrolled; for ours each by its own first login.
    pub(crate) fn new(module: Module, control: Control, users: &[&str]) -> Self {
        Self::start(module, control, users, Ground::default())
    }

    /// As [`new`](Self::new) where everyone needs a code, the state on a disk: what is written takes its time.
    pub(crate) fn on_disk(module: Module, users: &[&str]) -> Self {
        Self::start(module, Control::Required, users, Ground { disk: true, ..Ground::default() })
    }

    fn start(module: Module, control: Control, users: &[&str], ground: Ground) -> Self {
        let mut place = Self {
            module,
            factor: Factor::new(OURS, users),
            control,
            options: String::new(),
            tokens: Vec::new(),
            recovery: Vec::new(),
        };
        if let Some(time) = ground.time {
            place.factor.world.clock().freeze_at(time);
        }
        if ground.disk {
            place.lay_on_disk();
        }
        match module {
            Module::Countersign => place.enroll_by_login(users),
            Module::Google | Module::Oath => place.write_peers_state(users),
        }
        place
    }

    /// With alice enrolled, and everyone needing a code.
    pub(crate) fn alice(module: Module) -> Self {
        Self::new(module, Control::Required, &["alice"])
    }

    /// With alice enrolled shortly after the beginning of 1970, and the secret of RFC 6238.
    pub(crate) fn from_the_beginning(module: Module) -> Self {
        let place = Self::start(module, Control::Required, &["alice"], Ground { time: Some(5), ..Ground::default() });
        if module == Module::Countersign {
            let text = place.state_text("alice").replace(&place.token("alice").secret.replace(' ', ""), SECRET);
            assert!(text.contains(SECRET), "the secret was not replaced");
            let script = "cat > \"$0\"";
            place.factor.world.command(&["sh", "-c", script, &place.state_file("alice")]).stdin(text).run().ok();
        }
        place
    }

    fn lay_on_disk(&self) {
        let (world, directory) = (&self.factor.world, self.state_directory());
        let disk = Disk::attach(GIGABYTES).unwrap_or_else(|problem| panic!("{problem}"));
        eprintln!("  {:?}: {}", self.module, disk.described());
        disk.mount(world, "/srv/disk");
        let script = format!(
            "install -d -m 700 {directory}; cp -a {directory}/. /srv/disk/; mount --move /srv/disk {directory}; rmdir {directory}/lost+found"
        );
        world.sh(&script).ok();
    }

    fn enroll_by_login(&mut self, users: &[&str]) {
        for user in users {
            let (token, recovery) = self.factor.enroll_with_recovery_codes(user);
            self.tokens.push(((*user).to_owned(), token));
            if self.recovery.is_empty() {
                self.recovery = recovery;
            }
        }
        if self.control == Control::RollingOut {
            self.factor.world.configure(OURS_ROLLING_OUT);
            self.factor.world.countersign(&[&["enable"], users].concat()).ok();
        }
    }

    fn write_peers_state(&mut self, users: &[&str]) {
        let world = &self.factor.world;
        world.sh(&format!("install -d -m 700 {PEERS}")).ok();
        self.recovery = (10_000_001..=10_000_008).map(|code| code.to_string()).collect();
        let mut oath = String::new();
        for user in users {
            // Writing to a String cannot fail.
            let _ = writeln!(oath, "HOTP/T30\t{user}\t-\t{SECRET_HEX}");
            self.tokens.push(((*user).to_owned(), Parameters::new(SECRET)));
        }
        if self.module == Module::Oath {
            world.write_file(&format!("{PEERS}/users.oath"), oath, 0o600);
            return;
        }
        // As `google-authenticator` writes it with its recommended answers.
        let head = format!("{SECRET}\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n");
        let text = head + &self.recovery.join("\n") + "\n";
        for user in users {
            world.write_file(&format!("{PEERS}/{user}"), &text, 0o600);
        }
    }

    /// The stack after the password stage.
    pub(crate) fn stack(&self) -> String {
        let options = &self.options;
        let line = match (self.module, self.control) {
            (Module::Countersign, _) => "required pam_countersign.so".to_owned(),
            (Module::Google, control) => {
                let nullok = if control == Control::RollingOut { " nullok" } else { "" };
                format!("required pam_google_authenticator.so secret={PEERS}/${{USER}} user=root{nullok}")
            }
            (Module::Oath, control) => {
                let control = match control {
                    Control::Required => "required",
                    Control::RollingOut => "[user_unknown=ignore success=ok]",
                };
                format!("{control} pam_oath.so usersfile={PEERS}/users.oath window=1 digits=6")
            }
        };
        format!("auth {line} {options}\nauth required pam_permit.so\naccount required pam_permit.so\n")
    }

    /// The file, by its path in the world, that says who is enrolled with what.
    pub(crate) fn state_file(&self, user: &str) -> String {
        match self.module {
            Module::Countersign => format!("/var/lib/countersign/users/{user}.toml"),
            Module::Google => format!("{PEERS}/{user}"),
            Module::Oath => format!("{PEERS}/users.oath"),
        }
    }

    /// The directory all state lies in.
    pub(crate) fn state_directory(&self) -> &'static str {
        if self.module == Module::Countersign { "/var/lib/countersign" } else { PEERS }
    }

    /// The text of the file that says who is enrolled with what.
    pub(crate) fn state_text(&self, user: &str) -> String {
        String::from_utf8(self.factor.world.read_file(&self.state_file(user))).expect("state is text")
    }

    fn token(&self, user: &str) -> &Parameters {
        let found = self.tokens.iter().find(|(name, _)| name == user);
        &found.unwrap_or_else(|| panic!("{user} is not enrolled")).1
    }

    /// The user's code of the present step.
    pub(crate) fn code(&self, user: &str) -> String {
        self.code_at(user, self.factor.world.clock().now())
    }

    /// The user's code of another time.
    pub(crate) fn code_at(&self, user: &str, time: i64) -> String {
        self.token(user).at(time)
    }

    /// A code of no step around.
    pub(crate) fn wrong(&self, user: &str) -> String {
        wrong_code(self.token(user), self.factor.world.clock().now(), 4)
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, seconds: i64) {
        self.factor.world.move_clock(seconds);
    }
}
