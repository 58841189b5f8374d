//! The figures as a page: printed, and written to a folder beside the drawing.
use crate::bars::{figure, grouped_count};
use crate::chart;
use crate::measures::{COUNTED_SIZE, Loaded, Measured};
use crate::module::{End, Module};
use std::fmt::Write as _;
use std::{fs, io};

/// Prints the page and writes `bench.md` and `bench.svg`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write(measured: &Measured, folder: &str) -> io::Result<()> {
    let page = page(measured);
    println!("{page}");
    fs::create_dir_all(folder)?;
    fs::write(format!("{folder}/bench.md"), page)?;
    fs::write(format!("{folder}/bench.svg"), chart::draw(measured))
}

fn page(measured: &Measured) -> String {
    let mut out = String::from(HEAD);
    if !measured.full {
        out.push_str("**A quick run: too few logins to decide anything by.**\n\n");
    }
    // Writing to a String cannot fail.
    let _ = bars(&mut out, measured)
        .and_then(|()| costs(&mut out, measured))
        .and_then(|()| counts(&mut out, measured))
        .and_then(|()| loads(&mut out, measured))
        .and_then(|()| programs(&mut out, measured))
        .and_then(|()| machine(&mut out, measured));
    out
}

const HEAD: &str = "# What a login costs

Made by `make bench`; do not edit. All modules are measured side by side in one run, in a private world: each login in a
fresh process, from `pam_start` to `pam_end` by the monotonic clock, less the median of the same with `pam_permit`. The
state of every module lies on one ext4 file system, so that durability is paid for; `/dev/log` is there and read; the
accounts are the same at every size; everyone's files have been read before, as on a machine in use. Modules and sizes
stand in an order that changes with each pass, and a login counts only if it ended as it should.

pam_google_authenticator has `DISALLOW_REUSE` and `RATE_LIMIT` on, each user a file of root's; ours has the shipped
configuration, asking once as the peers do. The floor is a module in C that only looks up the account, reads
configuration and record, locks, reads and overwrites one slot, waits for the disk and writes one line to the log. It
computes no code, checks nothing and survives no fault. The times of one machine say little: the ratios are what counts.
The bars about parallel sessions and about faults are held by `make test`.

";

fn bars(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## The bars\n\n| | wanted | measured | |\n|---|---|---|---|")?;
    for bar in measured.bars() {
        writeln!(out, "| {} | {} | {} | {} |", bar.what, bar.wanted, bar.got, bar.verdict())?;
    }
    writeln!(out)
}

fn costs(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## A login, in microseconds above `pam_permit`: median (95th percentile)\n")?;
    writeln!(out, "![Cost of a login by number of enrolled users](bench.svg)\n")?;
    for end in End::ALL {
        let sizes = measured.sizes.iter().map(|size| grouped_count(*size)).collect::<Vec<_>>().join(" | ");
        writeln!(out, "| {}, enrolled users: | {sizes} |", end.name())?;
        writeln!(out, "|---|{}", "---|".repeat(measured.sizes.len()))?;
        for module in Module::ALL.into_iter().skip(1) {
            write!(out, "| {} |", module.name())?;
            for size in &measured.sizes {
                match measured.cost(module, *size, end) {
                    Some((p50, p95)) => write!(out, " {} ({}) |", figure(p50), figure(p95))?,
                    None => write!(out, " |")?,
                }
            }
            writeln!(out)?;
        }
        writeln!(out)?;
    }
    let logins = |module| {
        let cells = measured.logins.iter().filter(move |((of, ..), _)| *of == module);
        cells.map(|(_, times)| times.count()).collect::<Vec<_>>()
    };
    let permit = measured.logins.iter().filter(|((module, ..), _)| *module == Module::Permit);
    let fewest = logins(Module::Countersign).into_iter().min().unwrap_or_default();
    let permit = crate::statistics::Times::merged(permit.map(|(_, times)| times));
    writeln!(
        out,
        "Each figure of ours is taken from {fewest} logins or more; pam_oath's at 100,000 from {}. `pam_permit` itself took\n\
         {} ({}).\n",
        logins(Module::Oath).into_iter().min().unwrap_or_default(),
        figure(permit.p50()),
        figure(permit.p95()),
    )
}

fn counts(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## A login at {COUNTED_SIZE} users, counted, above `pam_permit`\n")?;
    writeln!(out, "| | | system calls | of these fsync, fdatasync | instructions | on a processor, µs |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for end in End::ALL {
        for module in Module::ALL.into_iter().skip(1) {
            let counts = measured.counted(module, end);
            let (calls, syncs, instructions) = (counts.calls, counts.syncs, grouped_count(counts.instructions));
            let busy = figure(measured.busy(module, COUNTED_SIZE, end));
            writeln!(out, "| {} | {} | {calls} | {syncs} | {instructions} | {busy} |", end.name(), module.name())?;
        }
    }
    writeln!(out)
}

fn loads(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## A module, loaded\n")?;
    writeln!(
        out,
        "| | bytes | dlopen, µs: median (95th percentile) | adds resident, KiB | of these its own | page faults |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for (module, loaded) in &measured.files {
        let (bytes, p50, p95) = (grouped_count(loaded.bytes), figure(loaded.load.p50()), figure(loaded.load.p95()));
        let Loaded { resident, own, faults, .. } = loaded;
        writeln!(out, "| {} | {bytes} | {p50} ({p95}) | {resident} | {own} | {faults} |", module.name())?;
    }
    writeln!(out, "\nMemory and faults are those up to the end of authentication, above `pam_permit`. All processes")?;
    writeln!(out, "share what is not their own.\n")
}

fn programs(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## Whole programs, in milliseconds: median (95th percentile)\n\n| | |\n|---|---|")?;
    let [plain, coded] = &measured.ssh;
    let lines = [
        ("ssh login with a password", plain),
        ("ssh login with a password and a code", coded),
        ("`countersign status USER`", &measured.status),
        ("`countersign list --json`, 100,000 users", &measured.list),
    ];
    for (what, times) in lines {
        writeln!(out, "| {what} | {} ({}) |", figure(times.p50() / 1_000.0), figure(times.p95() / 1_000.0))?;
    }
    writeln!(out)
}

fn machine(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "## Measured on\n\n| | |\n|---|---|")?;
    measured.machine.lines.iter().try_for_each(|(what, which)| writeln!(out, "| {what} | {which} |"))
}
