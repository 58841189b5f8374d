//! Plays what the bytes say; what must hold after each call, and once nothing fails any more.

use std::cell::RefCell;

use countersign_common::record::Use2fa;
use countersign_common::token::Secret;

use super::acts::{Act, Play, wait};
use super::faults::{ERRORS, FUNCTIONS};
use super::model::{Login, Look, Worth, is_known};
use super::pam::{self, CALLS, Transaction};
use super::place::{self, CONFIG, STACKS};
use super::scene::{Given, Scene, now};
use super::spoil::{LINES, change_counters, change_record, file};
use super::{SECRET, counters, faults, module, record, recovery_code, violated};

const SERVICES: [&str; 6] = ["sshd", "sudo", "cron", "login", "su", "vsftpd"];
const USERS: [&str; 4] = ["alice", "bob", "root", "mallory"];
const ARGUMENTS: [&str; 7] = [
    "",
    "debug",
    "config=/etc/countersign/config.toml",
    "config=/etc/countersign/none.toml",
    "config=etc/x",
    "nullok",
    "debug debug=1",
];
const ADDRESSES: [&str; 4] = ["", "10.1.2.3", "::ffff:10.1.2.3", "host.example"];
/// Plays it.
pub fn run(play: &Play) {
    let scene = RefCell::new(Scene::new());
    let mut stage = Stage { scene: &scene, transaction: None, arguments: 0, pending: None };
    stage.start(0, "alice", 0, 0);
    for act in &play.acts {
        stage.act(act);
    }
    // Whatever was chosen is tried.
    if !matches!(play.acts.last(), Some(Act::Call(_))) {
        stage.act(&Act::Call(0));
        stage.act(&Act::Call(1));
    }
}

/// What the account phase must do.
#[derive(Debug, Clone)]
enum Pending {
    Token(Vec<u8>, u64),
    Disable,
}

struct Stage<'a> {
    scene: &'a RefCell<Scene>,
    transaction: Option<Transaction<'a, Scene>>,
    arguments: u8,
    pending: Option<Pending>,
}

impl Stage<'_> {
    fn start(&mut self, service: u8, user: &str, arguments: u8, rhost: u8) {
        let service = SERVICES[usize::from(service) % SERVICES.len()];
        let words = ARGUMENTS[usize::from(arguments) % ARGUMENTS.len()];
        let module = module();
        let stack = |kind: &str, debug: &str| {
            format!(
                "{kind} [ignore=2 success=1 default=die] {} {words}\n{kind} requisite pam_deny.so\n\
                 {kind} [default=done] pam_permit.so\n{kind} [default=die] pam_debug.so {debug}=cred_insufficient\n",
                module.display()
            )
        };
        let kinds = [("auth", "auth"), ("account", "acct"), ("session", "open_session"), ("password", "chauthtok")];
        let text: String = kinds.iter().map(|(kind, debug)| stack(kind, debug)).collect();
        place::write(&format!("{STACKS}/{service}"), text.as_bytes(), 0o644);
        let rhost = ADDRESSES[usize::from(rhost) % ADDRESSES.len()];
        self.scene.borrow_mut().login =
            Login { service: service.to_owned(), user: user.to_owned(), rhost: rhost.to_owned() };
        (self.arguments, self.pending, self.transaction) = (arguments, None, None);
        self.transaction = Transaction::start(service, user, STACKS, self.scene);
        if let Some(transaction) = &mut self.transaction {
            transaction.set_rhost(rhost);
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Answer(kind) => self.scene.borrow_mut().answers.push_back(*kind),
            Act::RawAnswer(bytes) => {
                let mut scene = self.scene.borrow_mut();
                scene.answers.push_back(31);
                scene.raw.push_back(bytes.clone());
            }
            Act::Call(which) => self.call(if *which >= CALLS.len() { which - CALLS.len() } else { *which }),
            Act::Start { service, user: Some(user), arguments, rhost, .. } => {
                self.start(*service, USERS[usize::from(*user) % USERS.len()], *arguments, *rhost);
            }
            Act::Start { raw_user, .. } => {
                let name: String = String::from_utf8_lossy(raw_user).replace('\0', "");
                self.start(0, &name, 0, 0);
            }
            Act::Wait(how, size) => faults().now += wait(*how, *size),
            Act::Line(number) => {
                let text = place::read(CONFIG).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
                place::write(CONFIG, (text + LINES[usize::from(*number) % LINES.len()]).as_bytes(), 0o644);
            }
            Act::Edit { file: number, how, at, value } => place::edit(&file(*number), *how, usize::from(*at), *value),
            Act::Disguise { file: number, how } => place::disguise(&file(*number), *how),
            Act::Replace { file: number, bytes } => {
                let mode = if number % 8 < 3 { 0o644 } else { 0o600 };
                place::write(&file(*number), bytes, mode);
            }
            Act::Record(how) => change_record(*how),
            Act::Counters(how) => change_counters(*how),
            Act::Memory { left, for_good } => {
                faults().memory_left = i64::from(*left) % 6_000;
                faults().memory_for_good = i64::from(*for_good);
            }
            Act::System { function, error, left, for_good } => {
                let faults = faults();
                faults.function = i64::from(*function) % FUNCTIONS;
                faults.error = i64::from(ERRORS[usize::from(*error) % ERRORS.len()]);
                // What says for ever that it was interrupted ends nothing: no kernel does.
                faults.for_good = i64::from(*for_good && faults.error != i64::from(libc::EINTR));
                faults.left = i64::from(*left);
            }
        }
    }

    fn call(&mut self, which: usize) {
        let Some(transaction) = &mut self.transaction else { return };
        self.scene.borrow_mut().begin_call();
        let login = self.scene.borrow().login.clone();
        let before = Look::at(&login);
        let began = now();
        faults().log_length = 0;
        faults().armed = 1;
        let code = transaction.call(which);
        faults().armed = 0;
        self.check_log();
        if code == 26 {
            violated("PAM_ABORT: a panic");
        }
        let after = Look::at(&login);
        let given = self.scene.borrow().given.clone();
        match which {
            0 => {
                self.pending = None;
                self.after_authenticate(code, &login, &before, began, given.as_ref(), &after);
            }
            1 => self.after_account(code, &after),
            _ => {}
        }
    }

    fn after_authenticate(
        &mut self,
        code: i32,
        login: &Login,
        before: &Look,
        began: u64,
        given: Option<&Given>,
        after: &Look,
    ) {
        let arguments_are_right = self.arguments % 7 < 3;
        match code {
            pam::IGNORED => {
                if !arguments_are_right || !before.is_not_in_use(login) {
                    violated(&format!("2FA skipped: {login:?} {before:?}"));
                }
            }
            pam::SUCCESS => {
                if !arguments_are_right || !is_known(&login.user) || faults().unsynced != 0 {
                    violated(&format!("let in: {login:?}, not durable: {}", faults().unsynced));
                }
                let worth = given.map_or(Worth::Nothing, |given| given.worth.clone());
                if worth != Worth::Nothing {
                    if !given.is_some_and(|given| after.remembers(&given.look, &worth)) {
                        violated("a code was accepted, and nothing remembers it");
                    }
                    return;
                }
                self.after_enrollment(login, before, began, given);
            }
            pam::AUTH_ERR | pam::AUTHINFO_UNAVAIL | pam::CONV_ERR => {}
            pam::SERVICE_ERR if !arguments_are_right => {}
            // libpam's own, for what the module needs of it.
            _ if faults().failed > 0 || faults().memory_failed > 0 => {}
            _ => violated(&format!("authenticate returned {code}")),
        }
    }

    /// Someone without a token came in: by proving one, or by a word, or in grace.
    fn after_enrollment(&mut self, login: &Login, before: &Look, began: u64, given: Option<&Given>) {
        let at_answer = given.map_or(before, |given| &given.look);
        let at = given.map_or(began, |given| given.at);
        let is_untokened = at_answer.state.is_some() && at_answer.enrolled().is_none();
        let word = given.map(|given| given.text.trim().to_ascii_lowercase()).unwrap_or_default();
        let in_grace = at_answer.has_grace(at) || before.has_grace(began);
        match given {
            Some(Given { proves: Some(step), .. }) if is_untokened && !at_answer.is_exhausted(at) => {
                let key = self.scene.borrow().key.clone().unwrap_or_default();
                self.pending = Some(Pending::Token(key, *step));
            }
            Some(_)
                if word == "disable" && is_untokened && at_answer.may_disable(login) && !at_answer.is_exhausted(at) =>
            {
                self.pending = Some(Pending::Disable);
            }
            Some(_) if word == "later" && is_untokened && in_grace => {}
            None if is_untokened && in_grace => {}
            _ => violated(&format!("let in by {given:?}: {login:?} {before:?}")),
        }
    }

    fn after_account(&mut self, code: i32, after: &Look) {
        let pending = self.pending.take();
        match (code, pending) {
            (pam::IGNORED, None) => {}
            (pam::IGNORED, Some(pending)) => violated(&format!("not committed, and ignored: {pending:?}")),
            (pam::SUCCESS, Some(pending)) => {
                let record = after.state.as_ref().and_then(|(record, counters)| Some((record.as_ref()?, counters)));
                let is_committed = record.is_some_and(|(record, counters)| match &pending {
                    Pending::Disable => record.use_2fa == Use2fa::Disabled,
                    Pending::Token(key, step) => record.tokens.iter().any(|token| {
                        let last = counters.last_step(token.id).map(|last| last.as_u64());
                        token.secret.as_bytes() == key.as_slice() && last >= Some(*step)
                    }),
                });
                if !is_committed || faults().unsynced != 0 {
                    violated(&format!("said to be committed: {pending:?}, {after:?}"));
                }
            }
            (pam::SUCCESS, None) => violated("committed, and nothing was proven"),
            (pam::PERM_DENIED | pam::AUTH_ERR | pam::AUTHINFO_UNAVAIL | pam::CONV_ERR | pam::SERVICE_ERR, _) => {}
            (_, _) if faults().failed > 0 || faults().memory_failed > 0 => {}
            (code, _) => violated(&format!("acct_mgmt returned {code}")),
        }
    }

    /// No secret stands in the log (I9).
    fn check_log(&self) {
        let log = faults().log();
        let shown = self.scene.borrow().key.clone();
        for secret in [Some(SECRET.to_vec()), shown].into_iter().flatten() {
            let Ok(secret) = Secret::from_bytes(secret.into()) else { continue };
            if log.contains(secret.to_base32().as_str()) || log.contains("otpauth:") {
                violated("a secret in the log");
            }
        }
        if log.contains(&recovery_code(0)) || log.contains(&recovery_code(1)) {
            violated("a recovery code in the log");
        }
    }
}

/// Nothing fails any more: a right code lets in, once; and whoever has no token enrolls.
pub fn honest(is_state_spoilt: bool, latest: u64) {
    place::lay_down_config();
    if is_state_spoilt {
        place::lay_down_state(&record(), &counters());
    }
    (faults().now, faults().slept) = ((latest + 7_200).cast_signed(), 0);
    for user in ["alice", "bob"] {
        // Without a picture: most of an enrollment's time goes into drawing it.
        let asked = "[defaults]\nuse_2fa = true\n[prompt]\nqr = 'off'\n";
        place::write(CONFIG, format!("{}{asked}", place::VALID_CONFIG).as_bytes(), 0o644);
        let codes = log_in(user, &[9, 25]);
        // Bob may have turned it off, as he may.
        let is_off = codes == [pam::IGNORED, pam::IGNORED] && user == "bob";
        let is_in = codes[0] == pam::SUCCESS && [pam::SUCCESS, pam::IGNORED].contains(&codes[1]);
        assert!(is_in || is_off, "{user}, honest, is refused afterwards: {codes:?}: {}", faults().log());
        let again = log_in(user, &[0]);
        assert!(is_off || again[0] != pam::SUCCESS, "{user}: the same code again");
    }
}

fn log_in(user: &str, answers: &[u8]) -> [i32; 2] {
    let scene = RefCell::new(Scene::new());
    scene.borrow_mut().answers.extend(answers);
    let mut stage = Stage { scene: &scene, transaction: None, arguments: 0, pending: None };
    stage.start(0, user, 0, 0);
    let transaction = stage.transaction.as_mut().expect("libpam starts");
    faults().log_length = 0;
    [transaction.call(0), transaction.call(1)]
}
