//! Many short programs run one after the other inside the world, their times collected.
//!
//! `bench series` reads the runs from standard input and writes the times to standard output, both as JSON.
use crate::module::STATE;
use crate::statistics::Times;
use countersign_tests::World;
use nix::unistd::syncfs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One program to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Where its time is put; nowhere if empty.
    pub(crate) cell: String,
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// What is added to its environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Which time counts, and what makes the run good.
    pub(crate) clock: Clock,
}

/// Which time of a run counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Clock {
    /// The one the login driver prints after these return codes.
    Driver(String),
    /// From before the program is started to after its end, which must be a success.
    Whole,
}

/// The times of a series by cell; those on a processor stand beside, under the cell's name and [`BUSY`].
pub(crate) type Cells = BTreeMap<String, Times>;

/// What ends the name of a cell of times on a processor.
pub(crate) const BUSY: &str = " busy";

/// Runs a series in a world.
pub(crate) fn run(world: &World, runs: &[Run], limit: Duration) -> Cells {
    let own = std::env::current_exe().expect("the path of this program");
    let own = own.to_str().expect("a path in UTF-8");
    let runs = serde_json::to_vec(runs).expect("runs are JSON");
    // Before whatever else runs on the machine.
    let times = world.command(&["nice", "-n", "-20", own, "series"]).stdin(runs).limit(limit).run().ok();
    let times: BTreeMap<String, Vec<u64>> = serde_json::from_str(&times).expect("times in JSON");
    times.into_iter().map(|(cell, times)| (cell, Times::new(times))).collect()
}

/// The part inside the world.
///
/// # Errors
/// If a program cannot be run, or did not do what it should.
pub(crate) fn run_inside() -> io::Result<()> {
    let runs: Vec<Run> = serde_json::from_reader(io::stdin())?;
    let state = File::open(STATE)?;
    let mut cells: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for run in runs {
        let (time, busy) = one(&run)?;
        // Nobody pays for what another left to be written.
        syncfs(&state)?;
        if !run.cell.is_empty() {
            if let Some(busy) = busy {
                cells.entry(format!("{}{BUSY}", run.cell)).or_default().push(busy);
            }
            cells.entry(run.cell).or_default().push(time);
        }
    }
    serde_json::to_writer(io::stdout(), &cells)?;
    Ok(())
}

/// One run; its time in nanoseconds, and if the driver tells, how much of it was on a processor.
fn one(run: &Run) -> io::Result<(u64, Option<u64>)> {
    let (program, arguments) = run.argv.split_first().ok_or_else(|| io::Error::other("a run without a program"))?;
    let mut command = Command::new(program);
    command.args(arguments).envs(run.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    let wrong = |what: &str| io::Error::other(format!("{:?} {what}", run.argv));
    match &run.clock {
        Clock::Whole => {
            command.stdout(Stdio::null()).stderr(Stdio::piped());
            let start = Instant::now();
            let output = command.spawn()?.wait_with_output()?;
            let time = start.elapsed();
            if !output.status.success() {
                return Err(wrong(&format!("failed: {}", String::from_utf8_lossy(&output.stderr))));
            }
            Ok((u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), None))
        }
        Clock::Driver(codes) => {
            let output = command.output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            match text.split_whitespace().collect::<Vec<_>>()[..] {
                [got, time, busy] if got == codes => {
                    let number = |text: &str| text.parse().map_err(io::Error::other);
                    Ok((number(time)?, Some(number(busy)?)))
                }
                _ => Err(wrong(&format!(
                    "was to end in {codes} and printed {text:?} {}",
                    String::from_utf8_lossy(&output.stderr)
                ))),
            }
        }
    }
}
