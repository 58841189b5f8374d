//! Other programs' files of secrets: whatever the bytes, a token in range or a reason, and no word of the file in either.

use countersign_common::import::{ForeignToken, read_google, read_oath};
use countersign_common::token::{Secret, UnixTime};

const NOW: u64 = 1_795_507_200;

pub fn import(bytes: &[u8]) {
    match read_google(bytes) {
        Ok(file) => {
            assert_eq!(file.token.parameters.digits.as_u8(), 6);
            sound(bytes, &file.token);
        }
        Err(problem) => quotes_nothing(&problem.to_string()),
    }
    for line in read_oath(bytes) {
        assert!(line.number >= 1 && line.number <= bytes.len() + 1);
        match line.token {
            Ok(token) => sound(bytes, &token),
            Err(problem) => quotes_nothing(&problem.to_string()),
        }
    }
}

fn sound(bytes: &[u8], token: &ForeignToken) {
    assert!((10..=60).contains(&token.parameters.period.as_seconds()));
    let text = token.secret.to_base32();
    assert_eq!(Secret::from_base32(&text).as_ref(), Ok(&token.secret));
    for window in [0, 1, 2] {
        let now = UnixTime::new(NOW).expect("a time");
        if let Ok(Some(last)) = token.last_step(window, now) {
            // A step of another program's file, or one near the present.
            assert!(last <= token.parameters.period.step_at(UnixTime::new(NOW + 3_600).expect("a time")));
        }
    }
    // A run of eight characters of a key's alphabet that stands in the file stands in no sentence about it.
    let notes = &token.notes;
    for sentence in notes.changed.iter().chain(&notes.left).chain(&notes.warnings) {
        let runs = sentence.split(|c: char| !c.is_ascii_uppercase() && !('2'..='7').contains(&c));
        for run in runs.filter(|run| run.len() >= 8) {
            let known = ["DISALLOW", "TIME"].contains(&run);
            let in_file = bytes.windows(run.len()).any(|window| window == run.as_bytes());
            assert!(known || !in_file, "{sentence}");
        }
    }
}

fn quotes_nothing(said: &str) {
    let run = said.split(|c: char| !c.is_ascii_uppercase() && !('2'..='7').contains(&c)).map(str::len).max();
    assert!(run < Some(8), "{said}");
}
