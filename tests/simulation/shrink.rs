//! A shorter plan that fails by the same invariant: steps are left out as long as it still does.

use super::plan::Plan;
use super::run::run;

/// Runs that are tried at most.
const RUNS_MAX: usize = 1_500;

/// Delta debugging, from Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input"
/// (IEEE TSE 2002): leave out ever smaller parts, until no single step can be left out.
pub fn shrink(plan: &Plan, invariant: u8) -> Plan {
    let mut best = plan.clone();
    let (mut parts, mut runs) = (2, 0);
    while best.steps.len() > 1 && runs < RUNS_MAX {
        let size = best.steps.len().div_ceil(parts);
        let without = |from: usize| {
            let steps = best.steps.iter().enumerate();
            let steps = steps.filter(|(place, _)| *place < from || *place >= from + size);
            Plan { steps: steps.map(|(_, step)| step.clone()).collect(), ..best.clone() }
        };
        let fails = |plan: &Plan| {
            run(plan, false).violation.is_some_and(|violation| violation.invariant == invariant)
        };
        let shorter = (0..best.steps.len()).step_by(size).map(without).find(|plan| {
            runs += 1;
            fails(plan)
        });
        match shorter {
            Some(shorter) => {
                best = shorter;
                parts = parts.saturating_sub(1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(best.steps.len()),
        }
    }
    best
}
