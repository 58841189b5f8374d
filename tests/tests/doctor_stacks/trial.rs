//! One stack: what the doctor says of it, and what people come to.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{PASSWORD, PROMPT};
use countersign_tests::pam_driver::pam;
use countersign_tests::stand_in::{DIRECTORY_PASSWORD, Knows};
use countersign_tests::{Driver, Factor, Phase, Transcript};
use serde_json::Value;
use std::fs;

/// Not in use unless said, no recovery codes to be acknowledged, one try: then the stack goes on.
const CONFIG: &str = "[recovery]\ncodes = 0\n[prompt]\ntries = 1\n";

/// Files of `/etc/pam.d`, by name.
pub type Files = Vec<(String, String)>;

/// A world in which stacks are tried, with alice enrolled, bob not using 2FA, carol to enroll, and dora of a directory.
pub struct Trial {
    factor: Factor,
    alice: Parameters,
    dora: Parameters,
}

/// What happened to people.
#[derive(Debug, PartialEq, Eq)]
pub struct Reality {
    /// In the doctor's words.
    pub verdict: &'static str,
    /// A wrong password was asked for a code.
    pub wrong_password_is_asked: bool,
    /// And passed the auth phase with the right one.
    pub code_alone_enters: bool,
}

/// What the doctor said.
pub struct Told {
    value: Value,
}

impl Trial {
    pub fn new() -> Self {
        let factor = Factor::new(CONFIG, &["alice", "bob", "carol", "dora"]);
        factor.world.countersign(&["enable", "alice", "carol", "dora"]).ok();
        let (alice, dora) = (factor.enroll("alice"), factor.enroll("dora"));
        let world = &factor.world;
        // As a directory hands accounts out: without an entry in shadow.
        world.sh("sed -i /^dora:/d /etc/shadow; sed -i 's/^dora:x:/dora:*:/' /etc/passwd").ok();
        for (module, knows) in [
            ("pam_sss.so", Knows::Dora),
            ("pam_ldap.so", Knows::Dora),
            ("pam_krb5.so", Knows::DoraByKerberos),
            ("pam_winbind.so", Knows::Dora),
            ("pam_systemd_home.so", Knows::Nobody),
            ("pam_fprintd.so", Knows::Nobody),
            ("pam_u2f.so", Knows::Nobody),
        ] {
            world.stand_in(module, knows);
        }
        Self { factor, alice, dora }
    }

    /// Puts these files in the place of all there are.
    pub fn lay(&self, files: &Files) {
        let world = &self.factor.world;
        world.sh("rm -rf /etc/pam.d/* /run/faillock/*").ok();
        for (name, text) in files {
            fs::write(world.path(&format!("/etc/pam.d/{name}")), text).expect("write a stack");
        }
    }

    /// Asks the doctor.
    pub fn told(&self) -> Told {
        let outcome = self.factor.world.countersign(&["doctor", "--json"]);
        let value = serde_json::from_str(&outcome.text());
        Told { value: value.unwrap_or_else(|error| panic!("{error}: {} {}", outcome.text(), outcome.errors())) }
    }

    fn login(&self, service: &str, user: &str, password: &str, codes: &[&str]) -> Transcript {
        let driver = Driver::new(&self.factor.world).service(service).user(user);
        driver.password(password).answers(codes.iter().copied()).run()
    }

    /// A login of alice with this password and the next codes, should she be asked twice.
    fn alice(&self, service: &str, password: &str) -> Transcript {
        self.factor.next_step();
        let [now, next] = [0, 1].map(|steps| self.factor.code_of_step(&self.alice, steps));
        let login = self.login(service, "alice", password, &[&now, &next]);
        // An accepted code of the next step must not stand in the way of the next login.
        self.factor.next_step();
        login
    }

    /// What comes of local people.
    pub fn reality(&self, service: &str) -> Reality {
        let world = &self.factor.world;
        let alice = self.alice(service, PASSWORD);
        let wrong = self.factor.wrong_code(&self.alice);
        let wrong_code = self.login(service, "alice", PASSWORD, &[&wrong, &wrong]);
        let wrong_password = self.alice(service, "wrong");
        let bob = self.login(service, "bob", PASSWORD, &[]);
        let carol = self.login(service, "carol", PASSWORD, &["{code}", "{code}"]);
        let enrolled = self.factor.status("carol")["enrolled"] == true && is_in(&carol);
        world.countersign(&["unblock", "alice"]).ok();
        world.countersign(&["forget", "carol"]).ok();
        world.countersign(&["enable", "carol"]).ok();
        Reality {
            verdict: word(&alice, &wrong_code, &bob, enrolled),
            wrong_password_is_asked: wrong_password.shows(PROMPT),
            code_alone_enters: wrong_password.shows(PROMPT)
                && wrong_password.codes(Phase::Authenticate) == [pam::SUCCESS],
        }
    }

    /// What comes of carol, who enrolls with the right password and code: whether she gets in, and has a token then.
    pub fn enrolling(&self, service: &str) -> (bool, bool) {
        let world = &self.factor.world;
        let login = self.login(service, "carol", PASSWORD, &["{code}"]);
        let enrolled = self.factor.status("carol")["enrolled"] == true;
        world.countersign(&["forget", "carol"]).ok();
        world.countersign(&["enable", "carol"]).ok();
        self.factor.next_step();
        (is_in(&login), enrolled)
    }

    /// The world.
    pub fn world(&self) -> &countersign_tests::World {
        &self.factor.world
    }

    /// What comes of someone of a directory, but for enrolling.
    pub fn directory_reality(&self, service: &str) -> &'static str {
        let world = &self.factor.world;
        let login = |code: &str| self.login(service, "dora", DIRECTORY_PASSWORD, &[code]);
        self.factor.next_step();
        let with_code = login(&self.factor.code(&self.dora));
        let wrong_code = login(&self.factor.wrong_code(&self.dora));
        world.countersign(&["disable", "dora"]).ok();
        let not_in_use = login("");
        world.countersign(&["enable", "dora"]).ok();
        world.countersign(&["unblock", "dora"]).ok();
        word(&with_code, &wrong_code, &not_in_use, true)
    }
}

fn is_in(login: &Transcript) -> bool {
    login.codes(Phase::Authenticate) == [pam::SUCCESS] && login.codes(Phase::Account) == [pam::SUCCESS]
}

fn word(with_code: &Transcript, wrong_code: &Transcript, not_in_use: &Transcript, enrolled: bool) -> &'static str {
    match () {
        () if !is_in(with_code) => "refused",
        () if !with_code.shows(PROMPT) => "not asked",
        () if !is_in(not_in_use) => "locked out",
        () if is_in(wrong_code) => "not asked",
        () if !enrolled => "cannot enroll here",
        () => "asked",
    }
}

impl Told {
    /// The verdict on a kind of login.
    pub fn verdict(&self, service: &str, login: &str) -> &str {
        let logins = self.value["logins"].as_array().expect("logins");
        let found = logins.iter().find(|told| told["service"] == service && told["login"] == login);
        found.map_or_else(
            || panic!("no {login:?} on {service} in {:#}", self.value),
            |told| told["verdict"].as_str().expect("a word"),
        )
    }

    /// Whether a problem that holds one of these texts was found in a service.
    pub fn finds(&self, service: &str, texts: &[&str]) -> bool {
        let findings = self.value["findings"].as_array().expect("findings");
        findings.iter().any(|finding| {
            let services = finding["services"].as_array().expect("services");
            let problem = finding["problem"].as_str().expect("a problem");
            services.iter().any(|name| name == service) && texts.iter().any(|text| problem.contains(text))
        })
    }

    /// Whether an error was found in a service.
    fn has_error(&self, service: &str) -> bool {
        let findings = self.value["findings"].as_array().expect("findings");
        let is_in =
            |finding: &&Value| finding["services"].as_array().is_some_and(|all| all.iter().any(|one| one == service));
        findings.iter().filter(is_in).any(|finding| finding["severity"] == "error")
    }

    /// The module by which people of a directory log in to a service.
    pub fn directory_module(&self, service: &str) -> &str {
        let logins = self.value["logins"].as_array().expect("logins");
        let of_service = logins.iter().filter(|told| told["service"] == service);
        let named = |told: &Value| told["login"].as_str().is_some_and(|login| login.starts_with("password by "));
        let found = of_service.into_iter().find(|told| named(told));
        found.and_then(|told| told["module"].as_str()).unwrap_or_else(|| panic!("no directory in {:#}", self.value))
    }

    /// All of it.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Asserts that doctor and libpam agree about a service.
pub fn agree(trial: &Trial, name: &str, service: &str, files: &Files) -> &'static str {
    trial.lay(files);
    let (told, real) = (trial.told(), trial.reality(service));
    let shown = || format!("{name}: {files:#?}\n{real:?}\n{:#}", told.value());
    assert_eq!(told.verdict(service, "password"), real.verdict, "{}", shown());
    let wrong = ["a wrong password goes on", "stands before the password", "a code alone lets in"];
    assert_eq!(told.finds(service, &wrong), real.wrong_password_is_asked, "wrong password, {}", shown());
    assert_eq!(told.finds(service, &["a code alone lets in"]), real.code_alone_enters, "code alone, {}", shown());
    let shut = ["nobody gets in (password)", "nobody who uses 2FA gets in (password)"];
    let is_shut = real.verdict == "refused";
    assert!(is_shut || !told.finds(service, &shut), "said to be shut, {}", shown());
    let has_our_line = files.iter().flat_map(|(_, text)| text.lines()).any(is_our_auth_line);
    assert!(!is_shut || !has_our_line || told.has_error(service), "shut, and no error says so, {}", shown());
    real.verdict
}

fn is_our_auth_line(line: &str) -> bool {
    line.starts_with("auth") && line.contains("pam_countersign.so")
}
