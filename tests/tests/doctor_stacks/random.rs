//! Stacks that nobody would write: lines, controls and includes at random, from numbers that are the same each time.
use crate::trial::{Files, Trial, agree};
use std::collections::BTreeMap;

const AUTH: [&str; 10] = [
    "pam_unix.so",
    "pam_permit.so",
    "pam_permit.so",
    "pam_deny.so",
    "pam_env.so",
    "pam_env.so",
    "pam_succeed_if.so uid >= 1000 quiet",
    "pam_succeed_if.so uid = 0 quiet",
    "pam_sss.so",
    "pam_usertype.so isregular",
];
const ACCOUNT: [&str; 5] = ["pam_unix.so", "pam_permit.so", "pam_localuser.so", "pam_nologin.so", "pam_sss.so"];
const CONTROLS: [&str; 16] = [
    "required",
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=1 default=ignore]",
    "[success=2 default=ignore]",
    "[success=ok default=bad]",
    "[success=done default=die]",
    "[success=ok ignore=ignore default=die]",
    "[success=reset default=ok]",
    "[default=ignore]",
    "[success=ok default=1]",
    "[success=bad default=ok]",
    "[success=ok ignore=1 default=bad]",
    "[succes=ok]",
];
const OURS: &str = "pam_countersign.so";

/// The generator of Park and Miller: enough for stacks.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        usize::try_from(self.0).expect("a small number") / 7 % limit
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn line(&mut self, phase: &str, module: &str) -> String {
        // Most lines are of the usual kind, or nobody would ever get in.
        let control = if self.below(3) > 0 { "required" } else { self.one(&CONTROLS) };
        format!("{phase} {control} {module}\n")
    }

    /// Some lines of a phase, with ours among them.
    fn lines(&mut self, phase: &str, modules: &[&str], must: &[&str], more: usize) -> Vec<String> {
        let mut lines: Vec<String> = must.iter().map(|module| self.line(phase, module)).collect();
        for _ in 0..self.below(more) {
            let module = self.one(modules);
            let line = self.line(phase, module);
            let at = self.below(lines.len() + 1);
            lines.insert(at, line);
        }
        lines
    }
}

fn stack(seed: u64) -> Files {
    let mut numbers = Numbers(seed * 7_919 + 1);
    (0..9).for_each(|_| {
        numbers.below(2);
    });
    let mut auth = numbers.lines("auth", &AUTH, &["pam_unix.so"], 5);
    let fragment = numbers.lines("auth", &AUTH, &[], 4).concat();
    let at = numbers.below(auth.len() + 1);
    let how = numbers.one(&["include", "substack", "substack"]);
    auth.insert(at, format!("auth {how} fragment\n"));
    for _ in 0..=numbers.below(6) / 5 {
        let ours = numbers.line("auth", OURS);
        let at = numbers.below(auth.len() + 1);
        auth.insert(at, ours);
    }
    let must: &[&str] = if numbers.below(4) == 0 { &["pam_unix.so"] } else { &[OURS, "pam_unix.so"] };
    let account = numbers.lines("account", &ACCOUNT, must, 3);
    [
        ("sshd", auth.concat() + &account.concat()),
        ("fragment", fragment),
        ("other", "auth required pam_deny.so\n".to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec()
}

/// Tries as many stacks as said, from a seed on.
fn try_all(from: u64, count: u64) {
    let trial = Trial::new();
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in from..from + count {
        let verdict = agree(&trial, &format!("seed {seed}"), "sshd", &stack(seed));
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    println!("{verdicts:?}");
    assert!(verdicts.len() > 2, "the stacks tell nothing apart: {verdicts:?}");
}

#[test]
fn doctor_and_libpam_agree_on_stacks_at_random() {
    try_all(1, 100);
}

#[test]
fn doctor_and_libpam_agree_on_more_stacks_at_random() {
    try_all(1_001, 100);
}
