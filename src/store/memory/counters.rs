//! What is counted and what is blocked, one bounded partition a policy.

use super::MemoryBounds;
use super::states::States;
use crate::UnixMs;
use crate::limit::{Adjustment, Decision, Policy, PolicyName, State, decide, peek};
use crate::planted::{self, Bug};
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{EntryKey, Outcome, Owed, Penalty, StoreError, Take};

/// The partitions of all policies: few, and found by a name that as a rule is the very same one.
pub(super) struct Counters {
    partitions: Vec<(PolicyName, Partition)>,
    bounds: MemoryBounds,
    seed: Seed,
}

/// One policy's counts.
struct Partition {
    /// Kept while they matter: see [`State::free_at`].
    states: States,
    /// Blocked keys. Beside the counts, so that no flood of keys takes their room.
    penalties: Expiring<()>,
    /// Counts every key the full partition has no room for, as if they were one.
    overflow: State,
}

/// Where a take is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Own(EntryKey),
    Overflow,
}

/// A take that is decided and not written yet.
struct Planned<'a> {
    take: Take<'a>,
    slot: Slot,
    /// The slot had no live state before.
    newcomer: bool,
    /// A penalty denies it: no slot counts it.
    blocked: bool,
    /// The answer if all is taken, and the state to keep then.
    taken: Decision,
    state: State,
    /// The state as it was, and what is asked of it; what it answers if nothing is taken.
    before: State,
    cost: u64,
    now: UnixMs,
}

impl Counters {
    pub(super) fn new(bounds: &MemoryBounds, seed: Seed) -> Self {
        Self { partitions: Vec::new(), bounds: *bounds, seed }
    }

    /// Takes all or nothing: nothing when a policy that is not a shadow denies.
    pub(super) fn admit(
        &mut self,
        takes: &[Take<'_>],
        now: UnixMs,
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut planned: Vec<Planned<'_>> = Vec::with_capacity(takes.len());
        for take in takes {
            let next = self.open(take.policy)?.plan(take, &planned, now);
            planned.push(next);
        }
        let admitted = planned.iter().all(|p| p.taken.allowed || p.take.policy.shadow);
        if admitted || planted::is(Bug::DeniedCharged) {
            for plan in planned.iter().filter(|plan| plan.taken.allowed) {
                self.open(plan.take.policy)?.commit(plan, now);
            }
        }
        Ok(planned.iter().map(|plan| plan.outcome(admitted)).collect())
    }

    /// The same of one take.
    pub(super) fn take(&mut self, take: &Take<'_>, now: UnixMs) -> Result<Outcome, StoreError> {
        let partition = self.open(take.policy)?;
        if partition.penalties.expires(&take.key, now).is_none()
            && let Some(decision) = partition.states.decide(take, now)
        {
            let shadow = take.policy.shadow;
            return Ok(Outcome { decision, shadow, overflow: false, degraded: None });
        }
        let plan = partition.plan(take, &[], now);
        if plan.taken.allowed {
            partition.commit(&plan, now);
        }
        Ok(plan.outcome(true))
    }

    /// The outcome of a take by itself, with nothing taken.
    pub(super) fn look(&mut self, take: &Take<'_>, now: UnixMs) -> Result<Outcome, StoreError> {
        Ok(self.open(take.policy)?.plan(take, &[], now).outcome(false))
    }

    /// Forgets a key's own count and penalty. What it spent in the overflow bucket is not its own.
    pub(super) fn reset(&mut self, policy: &Policy, key: EntryKey) {
        if let Some(partition) = self.find(&policy.name) {
            partition.states.remove(&key);
            partition.penalties.remove(&key);
        }
    }

    /// Counts a key's cost after the fact, or gives it back; what a take of 1 would decide then. One the full
    /// partition has no room for has nothing of its own to give back.
    pub(super) fn adjust(
        &mut self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        let partition = self.open(policy)?;
        partition.adjust(policy, key, by, now);
        Ok(partition.plan(&Take { policy, key, cost: 1 }, &[], now).outcome(false))
    }

    /// Blocks a key, or extends its block.
    pub(super) fn penalise(
        &mut self,
        penalty: &Penalty<'_>,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let until = now.plus(penalty.duration_ms);
        let penalties = &mut self.open(penalty.policy)?.penalties;
        let written = penalties.extend(penalty.key, (), until, now);
        written.map_err(|Full| StoreError::Full { what: "penalties" })
    }

    /// Opens the partitions of what is owed, so that counting it cannot be refused midway.
    pub(super) fn open_for(&mut self, entries: &[Owed]) -> Result<(), StoreError> {
        entries.iter().try_for_each(|owed| self.open(&owed.policy).map(|_| ()))
    }

    /// Counts cost that was taken elsewhere, in a partition that is open.
    pub(super) fn merge(&mut self, owed: &Owed, now: UnixMs) {
        if let Some(partition) = self.find(&owed.policy.name) {
            partition.merge(owed, now);
        }
    }

    fn find(&mut self, name: &PolicyName) -> Option<&mut Partition> {
        let found = self.partitions.iter_mut().find(|(own, _)| own == name);
        found.map(|(_, partition)| partition)
    }

    fn open(&mut self, policy: &Policy) -> Result<&mut Partition, StoreError> {
        let full = StoreError::Full { what: "policies" };
        let place = self.partitions.iter().position(|(name, _)| *name == policy.name);
        let place = match place {
            Some(place) => place,
            None if self.partitions.len() >= self.bounds.policies => return Err(full),
            None => {
                let partition = Partition::new(policy, &self.bounds, self.seed);
                self.partitions.push((policy.name.clone(), partition));
                self.partitions.len().saturating_sub(1)
            }
        };
        self.partitions.get_mut(place).map(|(_, partition)| partition).ok_or(full)
    }
}

impl Partition {
    fn new(policy: &Policy, bounds: &MemoryBounds, seed: Seed) -> Self {
        Self {
            states: States::new(policy, bounds, seed),
            penalties: Expiring::new(bounds.penalties_per_policy, seed),
            overflow: State::empty(policy.algorithm),
        }
    }

    /// Decides a take after the `earlier` ones of the same call, writing nothing.
    fn plan<'a>(&self, take: &Take<'a>, earlier: &[Planned<'_>], now: UnixMs) -> Planned<'a> {
        let Take { policy, key, cost } = *take;
        let earlier = || earlier.iter().filter(|plan| plan.take.policy.name == policy.name);
        let own = self.states.get(&key, now).map(|state| state.clone().of(policy.algorithm));
        let planned = earlier().any(|plan| plan.slot == Slot::Own(key));
        let newcomer = own.is_none() && !planned;
        let reserved = earlier().filter(|plan| plan.newcomer).count();
        let (slot, state) = if newcomer && !self.states.has_room(reserved, now) {
            (Slot::Overflow, self.overflow.clone().of(policy.algorithm))
        } else {
            (Slot::Own(key), own.unwrap_or(State::empty(policy.algorithm)))
        };

        let cost = if policy.quota.accepts(cost) {
            earlier()
                .filter(|plan| plan.slot == slot && plan.precedes())
                .fold(cost, |cost, plan| cost.saturating_add(plan.take.cost))
        } else {
            cost
        };
        let before = state;
        let untaken = || peek(&before, policy.quota, now, cost);
        let blocked = self.penalties.expires(&key, now).map(|until| until.since(now));
        let (taken, state) = match blocked {
            Some(for_ms) => (untaken().blocked(for_ms), before.clone()),
            None => decide(&before, policy.quota, now, cost)
                .unwrap_or_else(|_| (untaken(), before.clone())),
        };
        let newcomer = newcomer && slot != Slot::Overflow;
        let blocked = blocked.is_some();
        Planned { take: *take, slot, newcomer, blocked, taken, state, before, cost, now }
    }

    fn adjust(&mut self, policy: &Policy, key: EntryKey, by: Adjustment, now: UnixMs) {
        let empty = State::empty(policy.algorithm);
        let own = self.states.get(&key, now).cloned().map(|state| state.of(policy.algorithm));
        let is_new = own.is_none();
        let state = own.unwrap_or(empty).adjust(policy.quota, now, by);
        let free_at = state.free_at(policy.quota);
        if free_at <= now {
            self.states.remove(&key);
        } else if self.states.insert(key, state, free_at, now).is_err() && is_new {
            let overflow = self.overflow.clone().of(policy.algorithm);
            self.overflow = overflow.adjust(policy.quota, now, by);
        }
    }

    fn merge(&mut self, owed: &Owed, now: UnixMs) {
        let Owed { policy, key, taken } = owed;
        let empty = State::empty(policy.algorithm);
        let own =
            self.states.get(key, now).cloned().map_or(empty, |state| state.of(policy.algorithm));
        let state = own.merge(taken.clone(), policy.quota, now);
        let free_at = state.free_at(policy.quota);
        // What no longer matters takes nobody's room.
        if free_at > now && self.states.insert(*key, state, free_at, now).is_err() {
            let overflow = self.overflow.clone().of(policy.algorithm);
            self.overflow = overflow.merge(taken.clone(), policy.quota, now);
        }
    }

    fn commit(&mut self, plan: &Planned<'_>, now: UnixMs) {
        match plan.slot {
            Slot::Overflow => {
                self.overflow = plan.state.clone();
                if planted::is(Bug::BlockLifted)
                    && let Some((key, ..)) = self.penalties.first(now)
                {
                    self.penalties.remove(&key);
                }
            }
            Slot::Own(key) => {
                let free_at = plan.state.free_at(plan.take.policy.quota);
                // The plan reserved the room. Were there none, the count would still not be lost.
                if self.states.insert(key, plan.state.clone(), free_at, now).is_err() {
                    self.overflow = plan.state.clone();
                }
            }
        }
    }
}

impl Planned<'_> {
    /// Whether its cost is part of the next take's from the same slot. A denied one's is too, so
    /// that a promised wait is one after which the call as a whole succeeds; but a shadow's denial
    /// stops nothing, so what follows it may be written and must not carry it.
    fn precedes(&self) -> bool {
        let Take { policy, cost, .. } = self.take;
        policy.quota.accepts(cost) && (self.taken.allowed || !policy.shadow)
    }

    /// The answer if nothing is taken: of what is denied it is the same.
    fn untaken(&self) -> Decision {
        if self.taken.allowed {
            peek(&self.before, self.take.policy.quota, self.now, self.cost)
        } else {
            self.taken
        }
    }

    fn outcome(&self, admitted: bool) -> Outcome {
        Outcome {
            decision: if admitted { self.taken } else { self.untaken() },
            shadow: self.take.policy.shadow,
            overflow: self.slot == Slot::Overflow && !self.blocked,
            degraded: None,
        }
    }
}
