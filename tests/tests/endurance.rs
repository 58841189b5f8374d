//! An application that lives long and has many threads: no growth, no error, no secret left in it (I9, I10).
use countersign_tests::code::Parameters;
use countersign_tests::hosts::Host;
use countersign_tests::world::process_inside;
use countersign_tests::{Factor, factor::IN_USE};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::process::Child;
use std::time::Duration;

/// What the application says it occupies after a round.
#[derive(Debug)]
struct Report {
    round: u64,
    resident_kib: u64,
    allocated: u64,
    descriptors: u64,
}

fn report(line: &str) -> Report {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["round", round, "resident", resident, "allocated", allocated, "descriptors", descriptors] = words[..] else {
        panic!("not a report: {line:?}")
    };
    let number = |word: &str| word.parse().expect("a number");
    Report {
        round: number(round),
        resident_kib: number(resident),
        allocated: number(allocated),
        descriptors: number(descriptors),
    }
}

/// A world in which alice is enrolled, her codes laid down, and the application compiled.
fn prepared(rounds: usize) -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    factor.compile_host(Host::Long, "");
    factor.lay_down_codes("alice", &token, rounds + 5);
    (factor, token)
}

/// Reads what the application reports until it is done; panics with its complaint if it is not.
fn reports(child: &mut Child) -> Vec<Report> {
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut reports = Vec::new();
    for line in stdout.lines() {
        match line.expect("a line").as_str() {
            "done" => return reports,
            line => reports.push(report(line)),
        }
    }
    let mut complaint = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut complaint).expect("read");
    panic!("{complaint} after {reports:?}");
}

fn assert_no_growth(reports: &[Report]) {
    let (first, last) = (&reports[0], reports.last().expect("a report"));
    println!("{first:?}\n{last:?}");
    assert_eq!(first.allocated, last.allocated, "bytes from malloc: {reports:#?}");
    assert_eq!(first.descriptors, last.descriptors, "{reports:#?}");
    assert!(last.resident_kib <= first.resident_kib + 256, "{reports:#?}");
}

fn digit(base32: u8) -> u8 {
    if base32.is_ascii_digit() { base32 - b'2' + 26 } else { base32 - b'A' }
}

fn decoded(base32: &str) -> Vec<u8> {
    let bits: Vec<u8> = base32.bytes().flat_map(|c| (0..5).rev().map(move |bit| digit(c) >> bit & 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// What must not stand in memory: keys as text, in groups and as bytes, recovery codes with and without dashes.
fn needles(factor: &Factor, token: &Parameters) -> Vec<Vec<u8>> {
    let told = String::from_utf8(factor.world.read_file("/tmp/told")).expect("keys and recovery codes");
    let mut needles = Vec::new();
    for secret in told.lines().rev().take(40).chain([token.secret.as_str()]) {
        needles.push(secret.as_bytes().to_vec());
        if secret.contains('-') {
            needles.push(secret.replace('-', "").into_bytes());
        } else {
            needles.push(format!("{} {}", &secret[..4], &secret[4..8]).into_bytes());
            needles.push(decoded(secret));
        }
    }
    needles
}

/// The mappings a process has written to, as a core image would hold them.
fn image(process: u32) -> Vec<(String, Vec<u8>)> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("the mappings of a process");
    let memory = File::open(format!("/proc/{process}/mem")).expect("the memory of a process");
    let mut image = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split_once(' ').expect("a range").0.split_once('-').expect("two addresses");
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        let mut bytes = vec![0; usize::try_from(end - start).expect("a size")];
        memory.read_exact_at(&mut bytes, start).expect("the memory of a process");
        image.push((line.to_owned(), bytes));
    }
    image
}

/// Where these stand: looked for by their first four bytes, then whole.
fn found(image: &[(String, Vec<u8>)], needles: &[Vec<u8>]) -> Vec<String> {
    let beginnings: HashSet<&[u8]> = needles.iter().map(|needle| &needle[..4]).collect();
    let mut found = Vec::new();
    for (line, bytes) in image {
        let candidates = bytes.windows(4).enumerate().filter(|(_, window)| beginnings.contains(window));
        for (start, _) in candidates {
            let here = needles.iter().filter(|needle| bytes[start..].starts_with(needle));
            found.extend(here.map(|needle| format!("{:?} in {line}", String::from_utf8_lossy(needle))));
        }
    }
    found
}

/// Codes that stand by themselves: six digits between other bytes.
fn codes_found(image: &[(String, Vec<u8>)], codes: &[&str]) -> Vec<String> {
    let in_mapping = |(line, bytes): &(String, Vec<u8>)| {
        let alone = |window: &[u8]| {
            !window[0].is_ascii_digit()
                && !window[7].is_ascii_digit()
                && codes.iter().any(|code| code.as_bytes() == &window[1..7])
        };
        let here: Vec<_> =
            bytes.windows(8).filter(|window| alone(window)).map(|code| format!("{code:?} in {line}")).collect();
        here
    };
    image.iter().flat_map(in_mapping).collect()
}

/// Many logins and enrollments; then nothing has grown and nothing secret is left.
fn endure(rounds: usize, every: usize) {
    let (factor, token) = prepared(rounds);
    let mix = ["mix", &rounds.to_string(), &every.to_string()];
    // Without the C library's cache of freed blocks, which counts as allocated, the count is exact.
    let host = factor.host("/tmp/long_host", &mix).env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
    let mut child = host.spawn();
    let process = process_inside(&mut child).expect("the application");
    let reports = reports(&mut child);
    assert_eq!(reports.last().map(|report| report.round), Some(rounds as u64));
    let image = image(process);
    // Closing its input ends it.
    let output = child.wait_with_output().expect("wait");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_no_growth(&reports);
    assert_ne!(found(&image, &[b"/tmp/stacks".to_vec()]), [""; 0], "the search finds what is there");
    assert!(image.iter().any(|(line, _)| line.ends_with("pam_countersign.so")), "the module is part of the image");
    assert_eq!(found(&image, &needles(&factor, &token)), [""; 0], "secrets");
    let codes = String::from_utf8(factor.world.read_file("/tmp/codes.alice")).expect("codes");
    let codes: Vec<&str> = codes.lines().collect();
    assert_eq!(codes_found(&image, &codes[rounds - 50..rounds]), [""; 0], "codes");
}

#[test]
fn many_logins_in_one_process_leave_no_growth_and_no_secret() {
    endure(2_500, 500);
}

#[test]
#[ignore = "long: part of make sanitize"]
fn ten_thousand_logins_in_one_process_leave_no_growth_and_no_secret() {
    endure(10_000, 1_000);
}

#[test]
fn threads_of_one_process_log_in_at_once_each_with_their_own_handle() {
    let names: Vec<String> = (1..=6).map(|number| format!("user{number}")).collect();
    let users: Vec<&str> = names.iter().map(String::as_str).collect();
    let factor = Factor::new(IN_USE, &users);
    factor.compile_host(Host::Long, "");
    let (rounds, count) = (100, "100");
    let tokens: Vec<Parameters> = users.iter().map(|user| factor.enroll(user)).collect();
    for (user, token) in users.iter().zip(&tokens) {
        factor.lay_down_codes(user, token, rounds + 5);
    }
    let arguments = [&["threads", count], &users[..]].concat();
    let outcome = factor.host("/tmp/long_host", &arguments).limit(Duration::from_secs(300)).run();
    assert_eq!((outcome.ok().as_str(), outcome.errors().as_str()), ("done\n", ""));
    for user in &users {
        assert_eq!(factor.failures(user), 0, "a used code is no failure");
    }
}
