//! The modules that are measured, and how each is set up.
/// The state of every module, on the file system made for it.
pub(crate) const STATE: &str = "/srv/bench";
/// The code the floor module lets in, whatever the time.
const FLOOR_CODE: &str = "111111";

/// A measured module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Module {
    /// What is subtracted from all others.
    Permit,
    /// In C, what no second factor can leave out.
    Floor,
    /// With protection against reuse and a rate limit.
    Google,
    /// One file for all users.
    Oath,
    /// Ours.
    Countersign,
}

/// What a login ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    /// A right code.
    In,
    /// A wrong code.
    Refused,
}

/// The codes of one moment.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Unix time.
    pub(crate) at: i64,
    /// Everyone's code.
    pub(crate) right: String,
    /// Nobody's code, of any step around.
    pub(crate) wrong: String,
}

impl Module {
    /// In the order they take turns.
    pub(crate) const ALL: [Self; 5] = [Self::Permit, Self::Floor, Self::Google, Self::Oath, Self::Countersign];

    /// As the tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Permit => "pam_permit",
            Self::Floor => "floor (C)",
            Self::Google => "pam_google_authenticator",
            Self::Oath => "pam_oath",
            Self::Countersign => "pam_countersign",
        }
    }

    /// Its file, as a stack names it: all on a disk, as they would be installed. What a world adds to the machine's
    /// own directories lies in memory.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Permit => "pam_permit.so",
            Self::Floor => "/srv/bench/pam_floor.so",
            Self::Google => "pam_google_authenticator.so",
            Self::Oath => "pam_oath.so",
            Self::Countersign => "/srv/bench/pam_countersign.so",
        }
    }

    /// Whether it is measured with so many enrolled users.
    pub(crate) fn is_measured_at(self, size: u64) -> bool {
        self == Self::Countersign || size <= 100_000
    }

    /// The name of its stack for so many enrolled users.
    pub(crate) fn service(self, size: u64) -> String {
        match self {
            Self::Permit => "permit".to_owned(),
            Self::Floor => format!("floor.{size}"),
            Self::Google => format!("google.{size}"),
            Self::Oath => format!("oath.{size}"),
            Self::Countersign => format!("countersign.{size}"),
        }
    }

    /// Its stack for so many enrolled users.
    pub(crate) fn stack(self, size: u64) -> String {
        let file = self.file();
        let (config, state) = (config(size), self.state(size));
        let auth = match self {
            Self::Permit => format!("auth required {file}"),
            Self::Floor => {
                let records = Self::Countersign.state(size) + "/users";
                format!("auth required {file} {config} {records} {state} {FLOOR_CODE}")
            }
            Self::Google => format!("auth required {file} secret={state}/${{USER}} user=root"),
            Self::Oath => format!("auth required {file} usersfile={state} window=1 digits=6"),
            // The lines of README.md, which end in pam_permit.
            Self::Countersign => format!(
                "auth required {file} config={config}\nauth required pam_permit.so\naccount required {file} config={config}"
            ),
        };
        format!("{auth}\naccount required pam_permit.so\n")
    }

    /// Its state for so many enrolled users.
    pub(crate) fn state(self, size: u64) -> String {
        format!("{STATE}/{}", self.service(size))
    }

    /// What is typed to be let in, or to be refused.
    pub(crate) fn answer(self, end: End, moment: &Moment) -> String {
        match (self, end) {
            (Self::Floor, End::In) => FLOOR_CODE.to_owned(),
            (_, End::In) => moment.right.clone(),
            (_, End::Refused) => moment.wrong.clone(),
        }
    }

    /// What libpam must return: who lets someone in by mistake, or refuses, is not measured.
    pub(crate) fn codes(self, end: End) -> &'static str {
        match (self, end) {
            (_, End::In) => "0,0,0",
            (Self::Permit, End::Refused) => "0",
            // PAM_AUTH_ERR
            (_, End::Refused) => "7",
        }
    }
}

impl End {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::In, Self::Refused];

    /// As the tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::In => "let in",
            Self::Refused => "refused",
        }
    }
}

/// Our configuration for so many enrolled users.
pub(crate) fn config(size: u64) -> String {
    format!("/etc/countersign/{size}.toml")
}
