//! The words, case by case.

use countersign_common::config::Outcome;
use countersign_common::token::{Parameters, UnixTime};

use super::*;
use crate::report::TokenFacts;
use crate::ruling::Ruling;

fn facts(use_2fa: Use2fa, can_toggle: CanToggle) -> Facts {
    Facts { use_2fa, can_toggle, ..Facts::unknown() }
}

fn enrolled(facts: Facts) -> Facts {
    let token = TokenFacts {
        id: "0123456789abcdef".to_owned(),
        label: String::new(),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::default(),
    };
    Facts { tokens: vec![token], ..facts }
}

fn on() -> Facts {
    facts(Use2fa::Enabled, CanToggle::Unlocked)
}

fn off() -> Facts {
    facts(Use2fa::Disabled, CanToggle::Unlocked)
}

fn told<'a>(before: &'a Facts, after: &'a Facts, changed: Change) -> Told<'a> {
    Told {
        user: "alice",
        administrator: Administrator::No,
        before,
        after,
        changed,
        requiring_rule: None,
        reader: &Reader::Root,
    }
}

#[test]
fn enable_says_what_the_next_login_brings() {
    let made = |after: &Facts| enabled(&told(&off(), after, Change::Made));
    assert_eq!(
        made(&on()),
        "alice: 2FA is on; the next login shows a QR code, where alice may also turn it off (--lock forbids it)"
    );
    assert_eq!(made(&enrolled(on())), "alice: 2FA is on; the next login asks for a code");
    let locked = facts(Use2fa::Enabled, CanToggle::Locked);
    assert_eq!(made(&locked), "alice: 2FA is on; the next login shows a QR code, and alice may not turn it off");
    let before = off();
    let administrator = Told { administrator: Administrator::Yes, ..told(&before, &locked, Change::Made) };
    assert!(enabled(&administrator).ends_with("where alice, an administrator, may also turn it off"));
    assert_eq!(enabled(&told(&on(), &on(), Change::Already)), "alice: already on");
}

#[test]
fn enable_tells_of_a_block_that_stands_in_the_way() {
    let after = Facts { blocked: Some(BlockEnd::Unblock), ..enrolled(on()) };
    assert_eq!(
        enabled(&told(&off(), &after, Change::Made)),
        "alice: 2FA is on; the next login asks for a code; alice is blocked until an administrator unblocks \
         (to lift it: countersign unblock alice)"
    );
}

#[test]
fn disable_tells_of_the_kept_token_and_of_rules() {
    assert_eq!(disabled(&told(&on(), &off(), Change::Made)), "alice: 2FA is off; logins ask for no code");
    let kept = enrolled(off());
    let before = on();
    let required = Told { requiring_rule: Some(2), ..told(&before, &kept, Change::Made) };
    assert_eq!(
        disabled(&required),
        "alice: 2FA is off; logins ask for no code; the token is kept (to forget it: countersign reset alice); \
         but rule 2 may still require one"
    );
    assert_eq!(disabled(&told(&off(), &off(), Change::Already)), "alice: already off");
}

#[test]
fn unlock_and_unblock_point_to_each_other() {
    assert_eq!(
        unlocked(&told(&on(), &on(), Change::Made)),
        "alice may now turn 2FA off; to lift a block: countersign unblock alice"
    );
    assert_eq!(
        unlocked(&told(&on(), &on(), Change::Already)),
        "alice: already unlocked; to lift a block: countersign unblock alice"
    );
    let before = Facts { failures: 7, blocked: Some(BlockEnd::Unblock), ..on() };
    assert_eq!(
        unblocked(&told(&before, &on(), Change::Made)),
        "alice: the block is lifted, 7 wrong codes are forgotten; to let alice turn 2FA off: countersign unlock alice"
    );
    let one = Facts { failures: 1, ..on() };
    assert!(unblocked(&told(&one, &on(), Change::Made)).starts_with("alice: not blocked; 1 wrong code is forgotten;"));
    assert!(unblocked(&told(&on(), &on(), Change::Already)).starts_with("alice: not blocked; to let"));
}

#[test]
fn lock_does_not_claim_to_lock_the_account() {
    let after = facts(Use2fa::Enabled, CanToggle::Locked);
    assert_eq!(
        locked(&told(&on(), &after, Change::Made)),
        "alice may no longer turn 2FA off; the account itself is not locked (that is usermod --lock)"
    );
    let after = facts(Use2fa::Disabled, CanToggle::Locked);
    assert!(locked(&told(&off(), &after, Change::Made)).contains("it is off; to turn it on: countersign enable alice"));
}

#[test]
fn reset_says_that_the_next_login_enrolls_again_or_why_not() {
    let before = Facts { failures: 3, ..enrolled(on()) };
    assert_eq!(
        reset(&told(&before, &on(), Change::Made)),
        "alice: the token and all failures are forgotten; the next login shows a QR code, where alice may also turn \
         it off (countersign lock alice forbids it)"
    );
    assert_eq!(
        reset(&told(&enrolled(off()), &off(), Change::Made)),
        "alice: the token is forgotten; 2FA is off; to turn it on: countersign enable alice"
    );
    assert!(reset(&told(&off(), &off(), Change::Already)).starts_with("alice: nothing to reset"));
}

#[test]
fn enroll_tells_that_2fa_is_still_off() {
    let after = enrolled(off());
    assert_eq!(
        super::enrolled(&told(&off(), &after, Change::Made)),
        "alice: enrolled, but 2FA is off; to turn it on: countersign enable alice"
    );
}

#[test]
fn a_suggested_command_cannot_be_turned_against_the_administrator() {
    assert_eq!(command("unlock", "alice.b-c_d@e"), "countersign unlock alice.b-c_d@e");
    assert_eq!(command("unlock", "a; rm -rf /"), "countersign unlock 'a; rm -rf /'");
    assert_eq!(command("unlock", "it's $HOME"), "countersign unlock 'it'\\''s $HOME'");
    assert_eq!(command("forget", "-x"), "countersign forget -- -x");
}

#[test]
fn nobody_is_told_to_type_what_would_be_refused() {
    let (before, after) = (enrolled(on()), on());
    let blocked = Facts { blocked: Some(BlockEnd::Unblock), ..enrolled(off()) };
    let sentences: [(Sentence, &Facts, &Facts); 7] = [
        (&super::enabled, &after, &after),
        (&reset, &before, &after),
        (&disabled, &before, &blocked),
        (&unblocked, &blocked, &before),
        (&unlocked, &before, &before),
        (&locked, &before, &blocked),
        (&super::enrolled, &after, &blocked),
    ];
    let said = |reader: &Reader| -> Vec<String> {
        let told = |(sentence, before, after): (Sentence, _, _)| {
            sentence(&Told { reader, ..told(before, after, Change::Made) })
        };
        sentences.into_iter().map(told).collect()
    };
    assert_eq!(said(&Reader::Root).iter().filter(|text| text.contains("countersign ")).count(), 6);
    for reader in [Reader::Oneself(Vec::new()), Reader::Helper(Vec::new())] {
        for text in said(&reader) {
            assert!(!text.contains("countersign") && !text.contains("--lock"), "{text}");
        }
    }
    let own = said(&Reader::Oneself(vec![Action::Enable, Action::Reset]));
    assert!(own[2].contains("(to forget it: countersign reset)"), "{}", own[2]);
    assert!(own[6].ends_with("2FA is off; to turn it on: countersign enable"), "{}", own[6]);
    let desk = said(&Reader::Helper(vec![Action::Unlock]));
    assert!(desk[3].ends_with("to let alice turn 2FA off: countersign unlock alice"), "{}", desk[3]);
}

#[test]
fn unblock_says_what_it_lifted_and_nothing_else() {
    let said = |before: Facts| unblocked(&told(&before, &on(), Change::Made));
    let end = Some(BlockEnd::Unblock);
    let also = "; to let alice turn 2FA off: countersign unlock alice";
    let command = Facts { command_blocked: end, command_failures: 5, ..on() };
    assert_eq!(
        said(command.clone()),
        format!("alice: the block in the command is lifted, 5 wrong codes are forgotten{also}")
    );
    assert_eq!(
        said(Facts { blocked: end, failures: 1, ..command.clone() }),
        format!(
            "alice: the block is lifted, 1 wrong code is forgotten; the block in the command is lifted, 5 wrong codes \
             are forgotten{also}"
        )
    );
    assert_eq!(
        said(Facts { command_blocked: None, ..command }),
        format!("alice: not blocked; 5 wrong codes in the command are forgotten{also}")
    );
    assert_eq!(said(Facts { uncommitted: 3, ..on() }), format!("alice: not blocked; alice may enroll again{also}"));
}

#[test]
fn several_tokens_are_spoken_of_as_several() {
    let one = enrolled(on());
    let two = Facts { tokens: [one.tokens.clone(), one.tokens.clone()].concat(), ..one };
    assert!(reset(&told(&two, &on(), Change::Made)).starts_with("alice: the 2 tokens are forgotten; "));
    let failed = Facts { command_failures: 1, ..two.clone() };
    assert!(
        reset(&told(&failed, &on(), Change::Made)).starts_with("alice: the 2 tokens and all failures are forgotten; ")
    );
    let off = Facts { use_2fa: Use2fa::Disabled, ..two.clone() };
    let said = disabled(&told(&two, &off, Change::Made));
    assert!(said.ends_with("; the 2 tokens are kept (to forget them: countersign reset alice)"), "{said}");
}

#[test]
fn where_a_rule_decides_nobody_is_told_what_the_setting_would_bring() {
    let ruled = |outcome, facts: Facts| {
        let ruling = Ruling { everywhere: Some((outcome, 3)), ..Ruling::default() };
        Facts { ruling, ..facts }
    };
    let required = |facts| ruled(Outcome::Required, facts);
    let said = |sentence: Sentence, before: &Facts, after: &Facts| sentence(&told(before, after, Change::Made));
    assert_eq!(
        said(&reset, &required(enrolled(off())), &required(off())),
        "alice: the token is forgotten; the next login shows a QR code, and alice may not turn it off: rule 3 \
         requires it"
    );
    let qr = "the next login shows a QR code, and alice may not turn it off: rule 3 requires it";
    assert_eq!(said(&super::enabled, &required(off()), &required(on())), format!("alice: 2FA is on; {qr}"));
    let code = "alice: 2FA is on; the next login asks for a code";
    assert_eq!(said(&super::enabled, &required(off()), &required(enrolled(on()))), code);
    let taken = said(&locked, &required(off()), &required(facts(Use2fa::Disabled, CanToggle::Locked)));
    assert!(taken.starts_with("alice may no longer turn 2FA on or off; rule 3 requires it all the same; "), "{taken}");
    let given = said(&unlocked, &required(off()), &required(off()));
    assert!(given.starts_with("alice may now turn 2FA on, but not off while rule 3 requires it; "), "{given}");
    let failed = Facts { failures: 1, ..required(on()) };
    assert_eq!(said(&unblocked, &failed, &required(on())), "alice: not blocked; 1 wrong code is forgotten");

    let skipped = |facts| ruled(Outcome::Skip, facts);
    let no_code = "rule 3 asks for no code, whatever the setting";
    let sentences: [(Sentence, &str); 4] = [
        (&super::enabled, "alice: 2FA is on; "),
        (&enabled_and_locked, "alice: 2FA is on, and alice may not turn it off; "),
        (&super::enrolled, "alice: enrolled, but 2FA is off; "),
        (&locked, "alice may no longer turn 2FA on or off; "),
    ];
    for (sentence, begins) in sentences {
        let text = said(sentence, &skipped(off()), &skipped(enrolled(on())));
        assert!(text.starts_with(&format!("{begins}{no_code}")), "{text}");
    }
    assert_eq!(
        said(&reset, &skipped(enrolled(on())), &skipped(on())),
        format!("alice: the token is forgotten; {no_code}")
    );
}
