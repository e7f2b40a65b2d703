//! Runs seeds, on all cores, and says what came of it.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use super::coverage::Coverage;
use super::plan::Plan;
use super::run::run;
use super::shrink::shrink;
use super::world::Violation;

/// As many as `npm test` runs.
const SEEDS: u64 = 2_000;
const PROGRESS_S: u64 = 5;
/// From how many seeds on a kind of fault or outcome that never occurred is an error.
const COVERED_FROM: u64 = 1_000;
/// Of how many seeds one is run twice more, to see that it does the same.
const REPEATED_EVERY: u64 = 50;
/// Failing seeds that are shown in full.
const SHOWN_MAX: usize = 3;

const USAGE: &str = "arguments: seed=N | seeds=N from=N | planted";

struct Totals {
    done: u64,
    failed: Vec<(u64, Violation)>,
    coverage: Coverage,
    said_s: u64,
}

pub fn main(args: Vec<String>) -> ExitCode {
    let (mut seeds, mut from, mut single) = (SEEDS, 1, false);
    if args == ["planted"] {
        return planted();
    }
    for arg in &args {
        let number = |text: &str| text.parse::<u64>().ok();
        match arg.split_once('=') {
            Some(("seed", text)) if number(text).is_some() => {
                (from, seeds, single) = (number(text).unwrap_or(0), 1, true);
            }
            Some(("seeds", text)) if number(text).is_some() => seeds = number(text).unwrap_or(0),
            Some(("from", text)) if number(text).is_some() => from = number(text).unwrap_or(0),
            _ => {
                println!("{arg}: not understood; {USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    // A panic is a violation and has its line there.
    std::panic::set_hook(Box::new(|_| ()));
    let began = now();
    let totals = simulate(from, seeds, began);
    for (seed, _) in totals.failed.iter().take(SHOWN_MAX) {
        show(*seed);
    }
    conclude(&totals, seeds, single, began)
}

#[cfg(feature = "planted-bugs")]
fn planted() -> ExitCode {
    super::planted::main()
}

#[cfg(not(feature = "planted-bugs"))]
fn planted() -> ExitCode {
    println!("there are none without --features planted-bugs");
    ExitCode::FAILURE
}

#[allow(clippy::disallowed_methods, reason = "says how long it took; no run sees it")]
fn now() -> Instant {
    Instant::now()
}

fn simulate(from: u64, seeds: u64, began: Instant) -> Totals {
    let next = AtomicU64::new(0);
    let totals = Mutex::new(Totals {
        done: 0,
        failed: Vec::new(),
        coverage: Coverage::default(),
        said_s: 0,
    });
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= seeds {
                        break;
                    }
                    let seed = from + number;
                    let mut outcome = run(&Plan::of(seed), false);
                    if number.is_multiple_of(REPEATED_EVERY) && outcome.violation.is_none() {
                        outcome.violation = check_repeatable(&Plan::of(seed));
                    }
                    let mut totals = totals.lock().unwrap();
                    totals.done += 1;
                    totals.coverage.add(&outcome.coverage);
                    totals.failed.extend(outcome.violation.map(|violation| (seed, violation)));
                    say(&mut totals, began);
                }
            });
        }
    });
    let mut totals = totals.into_inner().unwrap();
    totals.failed.sort_by_key(|(seed, _)| *seed);
    totals
}

/// A seed is worth its number only if it does the same each time: two traces must be equal.
fn check_repeatable(plan: &Plan) -> Option<Violation> {
    let (one, other) = (run(plan, true).trace, run(plan, true).trace);
    let what = || "the same seed went two ways: the simulation itself is at fault".to_owned();
    (one != other).then(|| Violation { invariant: 0, what: what() })
}

fn say(totals: &mut Totals, began: Instant) {
    let seconds = now().duration_since(began).as_secs();
    if seconds >= totals.said_s + PROGRESS_S {
        totals.said_s = seconds;
        let Totals { done, failed, coverage, .. } = totals;
        let (rate, violations, faults) =
            (*done / seconds.max(1), failed.len(), coverage.faults_line());
        println!("{done} seeds, {rate} a second, {violations} violations; faults: {faults}");
    }
}

/// A failing seed, its plan made short, and what happened in it.
fn show(seed: u64) {
    let plan = Plan::of(seed);
    let Some(violation) = run(&plan, false).violation else { return };
    let short = shrink(&plan, violation.invariant);
    let outcome = run(&short, true);
    println!("\nseed {seed}: {} of {} steps are enough", short.steps.len(), plan.steps.len());
    println!("{:?}", short.setup);
    outcome.trace.iter().for_each(|line| println!("{line}"));
    if let Some(Violation { invariant, what }) = outcome.violation {
        println!("seed {seed} violates invariant {invariant}: {what}");
    }
    println!("again: cargo test --test simulation -- seed={seed}\n");
}

fn conclude(totals: &Totals, seeds: u64, single: bool, began: Instant) -> ExitCode {
    let Totals { done, failed, coverage, .. } = totals;
    let missing = if seeds >= COVERED_FROM { coverage.missing() } else { Vec::new() };
    if !single {
        println!("\n{}", coverage.table());
    }
    for (seed, violation) in failed {
        println!("seed {seed}: invariant {}: {}", violation.invariant, violation.what);
    }
    for missing in &missing {
        println!("never occurred: {missing}");
    }
    let seconds = now().duration_since(began).as_secs_f64();
    let rate = *done as f64 / seconds;
    println!("{done} seeds in {seconds:.1} s, {rate:.0} a second; {} requests", coverage.requests);
    let bad = failed.len() + missing.len();
    let word = if bad == 0 { "ok" } else { "FAILED" };
    // In cargo's form, which the runner of all suites counts.
    println!("test result: {word}. {} passed; {bad} failed;", done - failed.len() as u64);
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
