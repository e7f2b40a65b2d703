//! The counts of one policy's keys, bounded by what they take.

use super::MemoryBounds;
use crate::UnixMs;
use crate::limit::{Algorithm, Decision, Policy, State, decide};
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{EntryKey, Take};

/// Takes that every log has room for.
pub(super) const TAKES_EACH: usize = 8;

/// States by key, each kept while it matters. A log has room for [`TAKES_EACH`] takes of its own, and all of them
/// share room for more: once that is used up they become coarser, never more lenient.
pub(super) struct States {
    states: Expiring<State>,
    /// Takes of logs beside those that each has room for.
    further: usize,
    further_max: usize,
}

impl States {
    pub(super) fn new(policy: &Policy, bounds: &MemoryBounds, seed: Seed) -> Self {
        let (keys, further_max) = bounds.room_of(policy);
        Self { states: Expiring::new(keys, seed), further: 0, further_max }
    }

    pub(super) fn get(&self, key: &EntryKey, now: UnixMs) -> Option<&State> {
        self.states.get(key, now)
    }

    /// As [`decide`] of a key that has a state of its own, found once and written where it stands; `None` where that is
    /// not all there is to do: of a newcomer, a log, a state of another algorithm, or a cost out of range.
    pub(super) fn decide(&mut self, take: &Take<'_>, now: UnixMs) -> Option<Decision> {
        let Take { policy, key, cost } = *take;
        self.states.update(&key, now, |state| {
            let same = state.algorithm() == policy.algorithm;
            if !same || policy.algorithm == Algorithm::SlidingLog {
                return None;
            }
            let (decision, next) = decide(state, policy.quota, now, cost).ok()?;
            // Then it is free: State::free_at would work it out once more.
            let ends = now.plus(decision.reset_ms);
            Some((decision, decision.allowed.then_some((next, ends))))
        })
    }

    pub(super) fn has_room(&self, reserved: usize, now: UnixMs) -> bool {
        self.states.has_room(reserved, now)
    }

    pub(super) fn remove(&mut self, key: &EntryKey) {
        let removed = self.states.remove(key);
        self.further = self.further.saturating_sub(further(removed.as_ref()));
    }

    pub(super) fn insert(
        &mut self,
        key: EntryKey,
        state: State,
        ends: UnixMs,
        now: UnixMs,
    ) -> Result<(), Full> {
        let mut others = self.further.saturating_sub(further(self.states.kept(&key)));
        // What ended before gives its room back first.
        while others.saturating_add(further(Some(&state))) > self.further_max
            && let Some((dropped, log)) = self.states.pop_ended(now)
        {
            let own = dropped == key;
            others = others.saturating_sub(if own { 0 } else { further(Some(&log)) });
        }
        let state =
            state.coarse(self.further_max.saturating_sub(others).saturating_add(TAKES_EACH));
        let own = further(Some(&state));
        let dropped = self.states.insert(key, state, ends, now)?;
        self.further = others.saturating_sub(further(dropped.as_ref())).saturating_add(own);
        Ok(())
    }
}

fn further(state: Option<&State>) -> usize {
    state.map_or(0, State::entries).saturating_sub(TAKES_EACH)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::limit::peek;
    use crate::store::contract::{key, policy};

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn states() -> (States, Policy) {
        let policy = Policy { algorithm: Algorithm::SlidingLog, ..policy("log", 100, 60_000) };
        let bounds = MemoryBounds { keys_per_policy: 8, ..MemoryBounds::default() };
        (States::new(&policy, &bounds, Seed::Keyed([7; 16])), policy)
    }

    #[test]
    fn logs_share_their_room_and_then_become_coarser_and_never_more_lenient() {
        let (mut states, policy) = states();
        let most = states.further_max;
        assert_eq!(most, 32);
        let quota = policy.quota;
        let mut exact = [(); 4].map(|()| State::empty(policy.algorithm));
        for take in 0..60_u64 {
            for (number, exact) in exact.iter_mut().enumerate() {
                let (key, at) = (key(&number.to_string()), NOW.plus(take * 7 + number as u64));
                let kept = states.get(&key, at).cloned().unwrap_or(State::empty(policy.algorithm));
                let kept = crate::limit::decide(&kept, quota, at, 1).unwrap().1;
                *exact = crate::limit::decide(exact, quota, at, 1).unwrap().1;
                states.insert(key, kept.clone(), kept.free_at(quota), at).unwrap();
                assert!(states.further <= most);
                let kept = states.get(&key, at).unwrap();
                for later in [0, 59_000, 59_700, 60_100, 60_419] {
                    let left = |state: &State| peek(state, quota, NOW.plus(later), 1).remaining;
                    assert!(left(kept) <= left(exact), "coarser, not more lenient");
                }
            }
        }
        assert_eq!(exact.iter().map(State::entries).sum::<usize>(), 240);
        for number in 0..4 {
            states.remove(&key(&number.to_string()));
        }
        assert_eq!(states.further, 0);
    }

    #[test]
    fn logs_that_ended_leave_their_room_to_those_that_live() {
        let (mut states, policy) = states();
        let mut take = |name: &str, at: UnixMs| {
            let empty = State::empty(policy.algorithm);
            let kept = states.get(&key(name), at).cloned().unwrap_or(empty);
            let kept = decide(&kept, policy.quota, at, 1).unwrap().1;
            states.insert(key(name), kept.clone(), kept.free_at(policy.quota), at).unwrap();
            states.get(&key(name), at).unwrap().entries()
        };
        for number in 0..3 {
            for ms in 0..20 {
                take(&number.to_string(), NOW.plus(ms));
            }
        }
        let counted = (0..16).map(|ms| take("live", NOW.plus(ms))).max();
        assert_eq!(counted, Some(TAKES_EACH), "the room is used up");
        let later = NOW.plus(60_100);
        let counted = (0..40).map(|ms| take("live", later.plus(ms))).max();
        assert_eq!(counted, Some(40), "exact again");
        assert_eq!(states.further, 32);
    }

    #[test]
    fn one_that_ended_gives_its_room_to_a_newcomer() {
        let (mut states, policy) = states();
        let full = |from: u64| {
            (0..10).fold(State::empty(policy.algorithm), |state, take| {
                state.merge(
                    State::empty(policy.algorithm).add(policy.quota, NOW.plus(from + take), 1),
                    policy.quota,
                    NOW.plus(from + take),
                )
            })
        };
        for number in 0..4 {
            states.insert(key(&number.to_string()), full(0), NOW.plus(100), NOW).unwrap();
        }
        assert_eq!(states.further, 8);
        assert!(states.insert(key("new"), full(0), NOW.plus(100), NOW.plus(50)).is_err());
        assert_eq!(states.further, 8);
        states.insert(key("new"), full(200), NOW.plus(300), NOW.plus(200)).unwrap();
        assert_eq!(states.further, 8, "one went, one came");
    }
}
