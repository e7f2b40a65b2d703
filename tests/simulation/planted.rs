//! The simulation must find each bug that is planted, by the invariant that it breaks.

use std::process::ExitCode;

use portcullis::planted::{Bug, plant};

use super::plan::Plan;
use super::run::run;

/// By how many seeds each is found.
const SEEDS_MAX: u64 = 600;

/// Each bug, and the invariant of the design that it breaks.
const BUGS: [(Bug, u8); 22] = [
    (Bug::ExpiredAccepted, 1),
    (Bug::PositiveForgotten, 2),
    (Bug::LossNotRetold, 3),
    (Bug::ExposureIgnored, 3),
    (Bug::UnknownAcknowledged, 3),
    (Bug::JournalNotReplayed, 4),
    (Bug::DrainSkips, 4),
    (Bug::ShareIgnored, 5),
    (Bug::DenialIgnored, 5),
    (Bug::DeniedCharged, 6),
    (Bug::UnknownMerged, 6),
    (Bug::OpenWaits, 7),
    (Bug::OpenForEver, 7),
    (Bug::DegradedUnsaid, 8),
    (Bug::FailureUntold, 8),
    (Bug::LivingEvicted, 9),
    (Bug::BlockLifted, 9),
    (Bug::FullAcknowledged, 9),
    (Bug::GraceIgnored, 10),
    (Bug::ReuseSpared, 10),
    (Bug::SuccessorVaries, 10),
    (Bug::EndedRefreshed, 2),
];

pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| ()));
    println!("{:<22} {:>9}  {:>5}  violation", "bug", "invariant", "seeds");
    let (mut passed, mut failed) = (0, 0);
    for (bug, invariant) in BUGS {
        plant(Some(bug));
        let found =
            (1..=SEEDS_MAX).find_map(|seed| Some((seed, run(&Plan::of(seed), false).violation?)));
        plant(None);
        let (seeds, line) = match &found {
            Some((seed, found)) => {
                (seed.to_string(), format!("{}: {}", found.invariant, found.what))
            }
            None => (format!(">{SEEDS_MAX}"), "none".to_owned()),
        };
        let caught = found.is_some_and(|(_, found)| found.invariant == invariant);
        (passed, failed) = if caught { (passed + 1, failed) } else { (passed, failed + 1) };
        let mark = if caught { "" } else { "NOT FOUND: " };
        let line: String = line.chars().take(110).collect();
        println!("{:<22} {invariant:>9}  {seeds:>5}  {mark}{line}", format!("{bug:?}"));
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed;");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
