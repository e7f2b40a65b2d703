//! What the sliding log promises, against all takes ever allowed.

use proptest::prelude::*;

use super::{Log, scenario};
use crate::UnixMs;
use crate::limit::{Algorithm, LOG_LIMIT_MAX, Quota, State, decide, peek};

const EMPTY: State = State::empty(Algorithm::SlidingLog);

proptest! {
    #[test]
    fn it_decides_by_all_that_was_taken_in_the_window_before(
        (quota, steps) in scenario(), back in proptest::collection::vec(0_u64..30, 60)
    ) {
        let (mut state, mut log, mut latest) = (EMPTY, Log::default(), 1_000_u64);
        for ((passed, cost), back) in steps.into_iter().zip(back) {
            latest += passed;
            // A clock that went back is held where the last take was counted.
            let at = (latest - back).max(log.0.last().map_or(0, |last| last.0));
            let used = log.cost_in((at + 1).saturating_sub(quota.window_ms()), at + 1);
            let (decision, kept) = decide(&state, quota, UnixMs(latest - back), cost).unwrap();
            prop_assert_eq!(decision.allowed, used + cost <= quota.limit());
            let cost = if decision.allowed { cost } else { 0 };
            prop_assert_eq!(decision.remaining, quota.limit() - used - cost);
            if decision.allowed {
                log.0.push((at, cost));
            }
            state = kept;
        }
        for &(at, _) in &log.0 {
            prop_assert!(log.cost_in(at, at + quota.window_ms()) <= quota.limit());
        }
    }

    #[test]
    fn what_a_store_wrote_it_reads_again((quota, steps) in scenario()) {
        let (mut state, mut now) = (EMPTY, 1_000_u64);
        for (passed, cost) in steps {
            now += passed / 4;
            state = decide(&state, quota, UnixMs(now), cost).unwrap().1;
            let numbers = state.numbers();
            prop_assert!(numbers.len() as u64 <= 2 * quota.limit());
            let read = State::from_numbers(Algorithm::SlidingLog, &numbers);
            prop_assert_eq!(read.as_ref(), Some(&state));
        }
    }

    /// What is owed is kept in few entries: all of it counts, and none of it for longer than the window
    /// after the last.
    #[test]
    fn what_is_owed_has_few_entries_and_loses_nothing(
        steps in proptest::collection::vec((0_u64..50, 1_u64..9), 1..200)
    ) {
        let (quota, mut now, mut sum) = (Quota::new(5, 1_000_000).unwrap(), 1_000, 0);
        let owed = steps.into_iter().fold(EMPTY, |state, (passed, cost)| {
            now += passed;
            sum += cost;
            state.add(quota, UnixMs(now), cost)
        });
        let numbers = owed.numbers();
        prop_assert!(numbers.len() <= 32);
        prop_assert_eq!(numbers.iter().skip(1).step_by(2).sum::<u64>(), sum);
        prop_assert_eq!(numbers[numbers.len() - 2], now);
    }
}

#[test]
fn numbers_that_are_no_log_are_none() {
    let read = |numbers: &[u64]| State::from_numbers(Algorithm::SlidingLog, numbers);
    assert_eq!(read(&[]), Some(EMPTY));
    assert!(read(&[1, 1, 2, 1]).is_some());
    for numbers in [&[1][..], &[1, 1, 2], &[2, 1, 1, 1], &[1, 0]] {
        assert_eq!(read(numbers), None, "{numbers:?}");
    }
    let longest = usize::try_from(2 * LOG_LIMIT_MAX).unwrap();
    assert!(read(&vec![1; longest]).is_some());
    assert_eq!(read(&vec![1; longest + 2]), None);
}

#[test]
fn a_limit_that_nobody_refused_counts_as_the_largest() {
    let quota = Quota::new(LOG_LIMIT_MAX + 1, 1_000).unwrap();
    let (decision, full) = decide(&EMPTY, quota, UnixMs(5_000), LOG_LIMIT_MAX).unwrap();
    assert_eq!((decision.allowed, decision.remaining), (true, 0));
    assert!(!peek(&full, quota, UnixMs(5_999), 1).allowed);
    assert!(!peek(&EMPTY, quota, UnixMs(5_000), LOG_LIMIT_MAX + 1).allowed);
}
