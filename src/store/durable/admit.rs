//! Admits one request: checks the token against the revocations, then takes from all limits, all or
//! nothing.

use super::command::{Args, Fault, Item};
use super::limits::{self, Kept};
use super::revoke::revoked_by;
use super::{Rows, RowsError, rules};
use crate::UnixMs;
use crate::limit::{Algorithm, Decision, Quota, decide, peek};

/// How long the epoch is kept after a check: 400 days.
const EPOCH_MS: u64 = 34_560_000_000;

/// A take that is decided and not written yet.
struct Planned<'c> {
    key: &'c str,
    /// Its own, 0 when it is out of range.
    cost: u64,
    shadow: bool,
    unreadable: bool,
    /// The answer if nothing is taken.
    untaken: Decision,
    /// The answer if all is taken, and what to keep then.
    taken: Decision,
    kept: Kept,
}

pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let admitting = match args.text()? {
        "admit" => true,
        "peek" => false,
        _ => return Err(Fault::Malformed),
    };
    let (own, now) = (now, args.clock(now)?);
    let ahead_ms = now.0.cast_signed().saturating_sub(args.number()?.cast_signed());
    let (scopes, earliest_cut) = (args.text()?, UnixMs(args.number()?));
    let ([epoch_key, rules_key], keys) = keys.split_first_chunk().ok_or(Fault::Malformed)?;
    let (entries, limits) = keys.split_at_checked(scopes.len()).ok_or(Fault::Malformed)?;

    let (mut epoch, mut rules, mut revoked) = (0, 0, None);
    if admitting {
        epoch = epoch_of(rows, epoch_key, own)?;
        rules = rules::version(rows, rules_key)?;
        revoked = revoked_by(rows, scopes, entries, earliest_cut, now)?;
    }
    let (scope, unreadable) = revoked.unwrap_or_default();
    let head = |repaired| {
        let unreadable = u64::from(unreadable);
        let numbers = [scope, unreadable, repaired, epoch, rules].map(Item::Number);
        numbers.into_iter().chain([Item::Signed(ahead_ms)]).collect::<Vec<_>>()
    };
    if revoked.is_some() {
        return Ok(head(0));
    }
    let plans = plan_all(rows, limits, args, admitting, now)?;
    let admitted = admitting && plans.iter().all(|plan| plan.taken.allowed || plan.shadow);
    let repaired = if admitting { repair(rows, &plans)? } else { 0 };
    let mut reply = head(repaired);
    for plan in &plans {
        let answer = if admitted { plan.taken } else { plan.untaken };
        if admitted && answer.allowed {
            plan.kept.save(rows, plan.key, now)?;
        }
        reply.extend(limits::answered(answer));
    }
    Ok(reply)
}

/// Names these rows: another number means that what was written before may be lost. In microseconds, as
/// in Redis. It is kept alive by writing it anew once a day.
fn epoch_of(rows: &impl Rows, key: &str, now: UnixMs) -> Result<u64, RowsError> {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let kept = rows.get(key)?.as_deref().and_then(super::entry::numbers_of::<2>);
    let (epoch, due) = match kept {
        Some([epoch, written]) => (epoch, now.since(UnixMs(written)) >= DAY_MS),
        None => (now.0.saturating_mul(1000), true),
    };
    if due {
        rows.put(key, &format!("{epoch} {}", now.0), now.plus(EPOCH_MS))?;
    }
    Ok(epoch)
}

fn plan_all<'c>(
    rows: &impl Rows,
    keys: &'c [String],
    args: &mut Args<'_>,
    admitting: bool,
    now: UnixMs,
) -> Result<Vec<Planned<'c>>, Fault> {
    let mut plans: Vec<Planned<'c>> = Vec::with_capacity(keys.len());
    for key in keys {
        let (algorithm, quota) = args.counting()?;
        let (cost, shadow) = (args.number()?, args.flag()?);
        let earlier = if admitting { plans.as_slice() } else { &[] };
        let sum = together(key, cost, quota, earlier);
        let (kept, unreadable) = limits::load(rows, key)?;
        let (untaken, taken, kept) = decide_for(kept, algorithm, quota, sum, now);
        plans.push(Planned { key, cost, shadow, unreadable, untaken, taken, kept });
    }
    if args.is_empty() { Ok(plans) } else { Err(Fault::Malformed) }
}

/// A cost with the earlier ones of the same key in this call, or 0 once it is more than may come at once.
/// A denied one's counts too, so that a promised wait is one after which the call as a whole succeeds; a
/// shadow's denial stops nothing, so what follows it must not carry it.
fn together(key: &str, cost: u64, quota: Quota, earlier: &[Planned<'_>]) -> u64 {
    let mut sum = cost;
    for other in earlier.iter().filter(|other| other.key == key) {
        let precedes = other.cost > 0 && (other.taken.allowed || !other.shadow);
        if sum > 0 && precedes {
            sum = sum.saturating_add(other.cost);
            if !quota.accepts(sum) {
                sum = 0;
            }
        }
    }
    sum
}

fn decide_for(
    kept: Kept,
    algorithm: Algorithm,
    quota: Quota,
    cost: u64,
    now: UnixMs,
) -> (Decision, Decision, Kept) {
    let state = kept.state(algorithm, now);
    let untaken = peek(&state, quota, now, cost);
    let (taken, state) = decide(&state, quota, now, cost).unwrap_or((untaken, state));
    let for_ms = kept.blocked_until.since(now);
    let kept = kept.with(state, quota);
    if for_ms > 0 {
        let blocked = untaken.blocked(for_ms);
        return (blocked, blocked, kept);
    }
    (untaken, taken, kept)
}

/// Unreadable states are removed even where nothing is taken, each counted once.
fn repair(rows: &impl Rows, plans: &[Planned<'_>]) -> Result<u64, RowsError> {
    let mut repaired = 0_u64;
    for plan in plans.iter().filter(|plan| plan.unreadable) {
        // Gone already when it stands here twice.
        repaired = repaired.saturating_add(u64::from(rows.delete(plan.key)?));
    }
    Ok(repaired)
}
