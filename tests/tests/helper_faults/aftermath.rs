//! After a fault: what stands, and that the code is used up, the next thing that is done works, and the target logs in.
use crate::deed::Deed;
use crate::dialogue::{Program, Told};
use crate::people::{Everyone, People, Standing};
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;
use countersign_tests::{Phase, Transcript};

/// A deed, and what stands of its target before and after it.
pub struct Case<'a> {
    pub people: &'a People,
    pub deed: &'a Deed,
    pub old: Standing,
    pub new: Standing,
}

impl Case<'_> {
    /// Asserts that the old or the new state stands, trusted, and the new one if it was said to be done.
    pub fn assert_old_or_new(&self, at: &str, told: &Told) -> Everyone {
        let everyone = self.people.everyone();
        let (left, Self { old, new, .. }) = (everyone.of(self.deed.target), self);
        assert!(left == *old || left == *new, "{at}: {left:#?}\nis neither {old:#?}\nnor {new:#?}");
        assert!(left == *new || !told.done, "{at}: said to be done, and is not");
        everyone
    }

    /// Asserts that everybody goes on: the one who acted, and the one it is about.
    pub fn settle(&self, at: &str, left: &Everyone, told: Told, code: &str) {
        let is_new = left.of(self.deed.target) == self.new;
        self.try_the_code_again(at, code, is_new || told.token.is_some());
        if let (true, Some(token)) = (is_new, &told.token) {
            let again = self.people.factor.login(self.deed.target, &[&self.people.code_of(token, -1)]);
            assert!(!accepted(&again), "{at}: the proving code opens nothing: {again:#?}");
        }
        let token = self.go_on(at, left, told);
        self.log_in(at, token.as_ref());
    }

    /// A code that did something, or was seen to be right, opens nothing any more.
    fn try_the_code_again(&self, at: &str, code: &str, was_acknowledged: bool) {
        let Self { people, deed, .. } = self;
        if !deed.is_confirmed() {
            return;
        }
        let was_logged = people.factor.world.log_line(&["event=accepted", &format!("user={}", deed.caller)]).is_some();
        let again = people.factor.login(deed.caller, &[code]);
        assert!(
            !((was_acknowledged || was_logged) && accepted(&again)),
            "{at}: the code is accepted twice: {again:#?}"
        );
    }

    /// The next thing the same caller does: the deed again, or what is still theirs if it was done. Gives the token
    /// that the target then has.
    fn go_on(&self, at: &str, left: &Everyone, told: Told) -> Option<Parameters> {
        let Self { people, deed, .. } = self;
        let known = || people.token(deed.target).cloned();
        if left.of(deed.target) != self.new {
            let again = people.ask(Program::Helper, &[], deed, &people.code(deed.caller, 0));
            assert!(again.done, "{at}: not even the next time: {again:?}");
            assert_eq!(people.everyone().of(deed.target), self.new, "{at}");
            if deed.request.contains("unblock") {
                return known();
            }
            assert_eq!(
                people.leftovers().iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).count(),
                0,
                "{at}: left behind"
            );
            return again.token.or_else(known);
        }
        let (_, enrolled) = left.asked_and_enrolled(deed.caller);
        let request = if enrolled { "request action=new-recovery-codes" } else { "request action=enable" };
        let next = Deed { target: deed.caller, request, ..**deed };
        let token = told.token.or_else(known);
        let own = if deed.caller == deed.target { token.as_ref() } else { people.token(deed.caller) };
        let next = people.ask(Program::Helper, &[], &next, &people.code_of(own.expect("a caller who is enrolled"), 0));
        assert!(next.done, "{at}: afterwards {next:?}");
        token
    }

    /// Whatever happened, the target logs in.
    fn log_in(&self, at: &str, token: Option<&Parameters>) {
        let user = self.deed.target;
        let code = token.map(|token| self.people.code_of(token, 1)).unwrap_or_default();
        let (answer, codes) = match self.people.everyone().asked_and_enrolled(user) {
            (false, _) => ("", [pam::IGNORE, pam::IGNORE]),
            (true, true) => (code.as_str(), [pam::SUCCESS, pam::IGNORE]),
            (true, false) => ("{code}", [pam::SUCCESS, pam::SUCCESS]),
        };
        let login = self.people.factor.login(user, &[answer]);
        let ended = [Phase::Authenticate, Phase::Account].map(|phase| login.codes(phase));
        assert_eq!(ended, [vec![codes[0]], vec![codes[1]]], "{at}: {login:#?}");
    }
}

/// Whether a code was accepted; not so where none is asked for.
fn accepted(login: &Transcript) -> bool {
    login.codes(Phase::Authenticate) == [pam::SUCCESS]
}
