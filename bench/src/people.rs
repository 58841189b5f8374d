//! Who is enrolled: a few who log in, with accounts, and as many others as a size asks for, without.

/// The secret everyone has, in base32 and in hex; so one code a step is enough for all.
pub(crate) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// As [`SECRET`], as `pam_oath` writes it.
pub(crate) const SECRET_HEX: &str = "3132333435363738393031323334353637383930";
/// The password of everyone.
pub(crate) const PASSWORD: &str = "correct horse";
/// From this size on those who log in by ssh are among the enrolled.
pub(crate) const SSH_SIZE: u64 = 1_000;

/// How many log in with success, once in each pass; as many are refused.
const SUCCESSFUL: u32 = 5;
/// How many log in by ssh, once each.
pub(crate) const SSH_LOGINS: u32 = 30;

/// Those who are let in.
pub(crate) fn successful() -> Vec<String> {
    (0..SUCCESSFUL).map(|number| format!("in{number:02}")).collect()
}

/// Those who are refused.
pub(crate) fn refused() -> Vec<String> {
    (0..SUCCESSFUL).map(|number| format!("out{number:02}")).collect()
}

/// Those who log in by ssh.
pub(crate) fn over_ssh() -> Vec<String> {
    (0..SSH_LOGINS).map(|number| format!("ssh{number:02}")).collect()
}

/// Everyone with an account.
pub(crate) fn accounts() -> Vec<String> {
    [successful(), refused(), over_ssh()].concat()
}

/// Everyone enrolled at a size; those who log in stand among the others at even distances.
pub(crate) fn enrolled(size: u64) -> impl Iterator<Item = String> {
    let mut people = [successful(), refused()].concat();
    if size >= SSH_SIZE {
        people.extend(over_ssh());
    }
    let count = u64::try_from(people.len()).expect("a small number");
    let distance = (size / count).max(1);
    let mut people = people.into_iter();
    (0..size).map(move |index| {
        let person = if index % distance == distance / 2 { people.next() } else { None };
        person.unwrap_or_else(|| format!("person{index:07}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everyone_who_logs_in_is_enrolled_at_every_size_and_nobody_twice() {
        for size in [10, 100, 1_000, 12_345] {
            let enrolled: BTreeSet<_> = enrolled(size).collect();
            assert_eq!(enrolled.len(), usize::try_from(size).unwrap());
            assert!([successful(), refused()].concat().iter().all(|person| enrolled.contains(person)), "{size}");
            assert_eq!(over_ssh().iter().all(|person| enrolled.contains(person)), size >= SSH_SIZE, "{size}");
        }
    }
}
