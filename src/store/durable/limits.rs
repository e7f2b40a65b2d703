//! The state of one key of one policy.

use super::command::{Args, Fault, Item};
use super::entry::{keep, numbers};
use super::{Rows, RowsError};
use crate::UnixMs;
use crate::limit::{Adjustment, Algorithm, Decision, Quota, State, peek};

/// What is kept.
#[derive(Clone)]
pub(super) struct Kept {
    /// The count, and when it no longer matters; `None`: nothing is counted.
    counted: Option<(State, UnixMs)>,
    /// The end of a penalty.
    pub(super) blocked_until: UnixMs,
}

const EMPTY: Kept = Kept { counted: None, blocked_until: UnixMs(0) };

/// A key's state, and whether there was something that could not be read.
pub(super) fn load(rows: &impl Rows, key: &str) -> Result<(Kept, bool), RowsError> {
    Ok(match rows.get(key)? {
        None => (EMPTY, false),
        Some(text) => parse(&text).map_or((EMPTY, true), |kept| (kept, false)),
    })
}

/// `<numbers of the state> <free_at> <blocked_until>`, behind the letter of its algorithm and a space unless
/// that is the sliding window.
fn parse(text: &str) -> Option<Kept> {
    let (algorithm, rest) = text
        .split_once(' ')
        .and_then(|(letter, rest)| Some((Algorithm::from_letter(letter)?, rest)))
        .unwrap_or((Algorithm::SlidingWindow, text));
    let numbers = numbers(rest)?;
    let (state, &[free_at, blocked_until]) = numbers.split_last_chunk()?;
    let state = State::from_numbers(algorithm, state)?;
    Some(Kept { counted: Some((state, UnixMs(free_at))), blocked_until: UnixMs(blocked_until) })
}

impl Kept {
    /// The state as one of `algorithm`'s at `now`.
    pub(super) fn state(&self, algorithm: Algorithm, now: UnixMs) -> State {
        match &self.counted {
            Some((state, free_at)) if *free_at > now => state.clone().of(algorithm),
            _ => State::empty(algorithm),
        }
    }

    /// The same with another state.
    pub(super) fn with(self, state: State, quota: Quota) -> Self {
        let free_at = state.free_at(quota);
        Self { counted: Some((state, free_at)), ..self }
    }

    pub(super) fn save(&self, rows: &impl Rows, key: &str, now: UnixMs) -> Result<(), RowsError> {
        let empty = (State::empty(Algorithm::SlidingWindow), UnixMs(0));
        let (state, free_at) = self.counted.as_ref().unwrap_or(&empty);
        let letter = match state.algorithm() {
            Algorithm::SlidingWindow => String::new(),
            other => format!("{} ", other.letter()),
        };
        let (free_at, blocked_until) = (*free_at, self.blocked_until);
        let mut numbers = state.numbers();
        numbers.extend([free_at.0, blocked_until.0]);
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let value = format!("{letter}{}", numbers.join(" "));
        keep(rows, key, &value, free_at.max(blocked_until), now)
    }
}

/// Blocks one key of one policy. A running longer block stays; counts stay as they are.
pub(super) fn penalise(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let [key] = keys else { return Err(Fault::Malformed) };
    let now = args.clock(now)?;
    let until = now.plus(args.number()?);
    let (mut kept, _) = load(rows, key)?;
    kept.blocked_until = kept.blocked_until.max(until);
    kept.save(rows, key, now)?;
    Ok(vec![Item::Number(1)])
}

/// Counts cost of one key after the fact, or gives it back; what a take of 1 would decide then.
pub(super) fn adjust(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let [key] = keys else { return Err(Fault::Malformed) };
    let now = args.clock(now)?;
    let (mode, cost) = (args.text()?, args.number()?);
    let (algorithm, quota) = args.counting()?;
    let by = match mode {
        "take" => Adjustment::Take(cost),
        "give" => Adjustment::Give(cost),
        _ => return Err(Fault::Malformed),
    };
    let (kept, _) = load(rows, key)?;
    let state = kept.state(algorithm, now).adjust(quota, now, by);
    let stands = peek(&state, quota, now, 1);
    let kept = kept.with(state, quota);
    kept.save(rows, key, now)?;
    let for_ms = kept.blocked_until.since(now);
    let answer = if for_ms > 0 { stands.blocked(for_ms) } else { stands };
    Ok(answered(answer))
}

/// A decision as it is answered.
pub(super) fn answered(answer: Decision) -> Vec<Item> {
    let Decision { allowed, remaining, reset_ms, retry_after_ms, .. } = answer;
    let numbers = [u64::from(allowed), remaining, reset_ms].map(Item::Number);
    let wait = retry_after_ms.map_or(Item::Signed(-1), Item::Number);
    numbers.into_iter().chain([wait]).collect()
}

/// Forgets one key of one policy.
pub(super) fn reset(rows: &impl Rows, keys: &[String]) -> Result<Vec<Item>, Fault> {
    let [key] = keys else { return Err(Fault::Malformed) };
    rows.delete(key)?;
    Ok(vec![Item::Number(1)])
}
