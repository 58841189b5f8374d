//! Every layout with our lines in every place people put them, under every control.
use crate::layouts::{LAYOUTS, Layout, Spots};
use crate::trial::{Trial, agree};
use std::collections::BTreeMap;

/// The places, by which the spots are named in the table.
const VARIANTS: [(&str, &str, &str); 19] = [
    // where the auth line is, its control; the account line's place and control
    ("after", "required", "first required"),
    ("after", "requisite", "first required"),
    ("after", "[success=ok ignore=ignore default=die]", "first requisite"),
    ("after", "[success=ok new_authtok_reqd=ok ignore=ignore default=bad]", "first required"),
    ("after", "[success=ok default=bad]", "first required"),
    ("after", "[success=done ignore=ignore default=die]", "first required"),
    ("after", "optional", "first required"),
    ("after", "sufficient", "first required"),
    ("after", "[success=ok default=ignore]", "first required"),
    ("after", "required", ""),
    ("after", "required", "last required"),
    ("after", "required", "first optional"),
    ("after", "required", "first sufficient"),
    ("after", "required", "first [success=ok default=bad]"),
    ("first", "required", "first required"),
    ("first", "sufficient", "first required"),
    ("inside", "required", "first required"),
    ("inside", "requisite", ""),
    ("", "", "first required"),
];

fn spots((place, control, account): (&str, &str, &str)) -> Spots {
    let mut spots = Spots::default();
    let auth = format!("auth {control} pam_countersign.so\n");
    match place {
        "first" => spots.first = auth,
        "after" => spots.after = auth,
        "inside" => spots.inside = auth,
        _ => {}
    }
    if let Some((place, control)) = account.split_once(' ') {
        let line = format!("account {control} pam_countersign.so\n");
        if place == "first" { spots.account_first = line } else { spots.account_last = line }
    }
    spots
}

/// All variants of one layout; returns how often each verdict came.
fn all_variants(layout: Layout, name: &str) -> BTreeMap<&'static str, usize> {
    let trial = Trial::new();
    let mut verdicts = BTreeMap::new();
    for variant in VARIANTS {
        let files = layout(&spots(variant));
        let verdict = agree(&trial, &format!("{name} {variant:?}"), "sshd", &files);
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    verdicts
}

macro_rules! layouts {
    ($($test:ident = $index:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            let (name, layout) = LAYOUTS[$index];
            let verdicts = all_variants(layout, name);
            assert!(verdicts.len() > 1, "{name}: the stacks tell nothing apart: {verdicts:?}");
        })*
    };
}

layouts! {
    doctor_and_libpam_agree_on_debians_layout = 0,
    doctor_and_libpam_agree_on_ubuntus_layout_with_sssd = 1,
    doctor_and_libpam_agree_on_fedoras_local_profile = 2,
    doctor_and_libpam_agree_on_fedoras_sssd_profile_with_faillock = 3,
    doctor_and_libpam_agree_on_archs_layout = 4,
    doctor_and_libpam_agree_on_alpines_layout = 5,
    doctor_and_libpam_agree_on_opensuses_layout = 6,
}

#[test]
fn doctor_and_libpam_agree_on_accounts_of_a_directory() {
    let trial = Trial::new();
    for index in [1, 3] {
        let (name, layout) = LAYOUTS[index];
        for variant in VARIANTS.iter().filter(|variant| variant.0 == "after" && variant.2.starts_with("first")) {
            let files = layout(&spots(*variant));
            trial.lay(&files);
            let told = trial.told();
            let verdict = told.verdict("sshd", "password by pam_sss.so");
            let may_enroll = if verdict == "cannot enroll here" { "asked" } else { verdict };
            assert_eq!(may_enroll, trial.directory_reality("sshd"), "{name} {variant:?} {:#}", told.value());
        }
    }
}
