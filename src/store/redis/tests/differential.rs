//! The scripts on a real redis-server decide as the memory store does, step by step, by a given
//! time that passes, stands still and goes back.

use pollster::block_on;
use proptest::prelude::*;

use super::bridge::Bridge;
use super::server::Resp;
use super::steps::{
    ALGORITHMS, Cost, Issued, OwedStep, Step, Taken, YEAR_MS, any_step, limit_step, policies,
};
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::limit::{Adjustment, Algorithm, LOG_LIMIT_MAX, Policy, Quota, State};
use crate::store::contract::{key, policy};
use crate::store::durable::ObjectTransport;
use crate::store::durable::tests::Object;
use crate::store::memory::{MemoryBounds, MemoryStore};
use crate::store::redis::time::Decides;
use crate::store::redis::{KeyPrefix, RedisStore, Transport};
use crate::store::upstash::{Endpoint, Upstash};
use crate::store::{
    Admit, EntryKey, InstanceId, MergeBatch, Owed, Penalty, Presented, Record, Revocation,
    Rotation, SessionStart, Store, Take, TokenCheck,
};

const NOW: UnixMs = UnixMs(1_700_000_000_250);
const SESSIONS_PER_SUBJECT_MAX: usize = 3;

fn named(number: u8) -> EntryKey {
    key(&number.to_string())
}

fn batch(
    instance: u8,
    sequence: u64,
    owed: &[OwedStep],
    policies: &[Policy],
    now: UnixMs,
) -> MergeBatch {
    let entry = |step: &OwedStep| {
        let policy = policies[step.policy].clone();
        let (quota, at) = (policy.quota, step.when.at(now));
        let [previous, current] = [step.previous, step.current].map(|cost| cost.of(quota.limit()));
        let taken = State::empty(policy.algorithm)
            .add(quota, at.minus(quota.window_ms()), previous)
            .add(quota, at, current);
        Owed { policy, key: named(step.name), taken }
    };
    let (instance, entries) = (InstanceId::new([instance; 16]), owed.iter().map(entry).collect());
    MergeBatch { instance, sequence, entries }
}

/// A configuration has one policy of a name. Between calls it may change, and within a call for all but a log,
/// of which each take writes only what it adds.
fn takes_of<'p>(wanted: &[(usize, u8, Cost)], policies: &'p [Policy]) -> Vec<Take<'p>> {
    let mut takes: Vec<Take<'_>> = Vec::new();
    for &(policy, name, cost) in wanted {
        let policy = &policies[policy];
        let is_log = |policy: &Policy| policy.algorithm == Algorithm::SlidingLog;
        let other = takes.iter().find(|other| other.policy.name == policy.name);
        let goes_with = |other: &Policy| other == policy || !is_log(other) && !is_log(policy);
        if other.is_none_or(|other| goes_with(other.policy)) {
            takes.push(Take { policy, key: named(name), cost: cost.of(policy.quota.limit()) });
        }
    }
    takes
}

/// Does a step in a store and says all that it answered, but for what stores may differ in.
fn answer<S: Store>(store: &S, step: &Step, policies: &[Policy], now: UnixMs) -> String {
    let takes = |wanted: &[(usize, u8, Cost)]| takes_of(wanted, policies);
    match step {
        Step::Admit { check, takes: wanted } => {
            let token = check.map(|check| TokenCheck {
                token: named(check.token),
                session: check.session.map(named),
                subject: check.subject.map(named),
                issued_at: match check.issued {
                    Issued::Ago(ms) => IssuedAt::Ms(now.minus(ms)),
                    Issued::SecondsAgo(seconds) => IssuedAt::Seconds(now.seconds() - seconds),
                    Issued::Ahead(ms) => IssuedAt::Ms(now.plus(ms)),
                    Issued::Unknown => IssuedAt::Unknown,
                },
                expires: now.plus(60_000),
            });
            let admit = Admit { token, takes: takes(wanted), closed: false };
            let admission = block_on(store.admit(&admit, now)).unwrap();
            assert_eq!((admission.repaired, admission.clock_ahead_ms), (0, 0));
            format!("{:?} {:?}", admission.revoked, admission.outcomes)
        }
        Step::Peek(wanted) => format!("{:?}", block_on(store.peek(&takes(wanted), now))),
        Step::Revoke { scope, name, life_ms, acknowledged } => {
            let expires = now.plus(*life_ms);
            let acknowledged = acknowledged.map(|when| when.at(now));
            let revocation = Revocation { scope: *scope, key: named(*name), expires, acknowledged };
            format!("{:?}", block_on(store.revoke(&revocation, now)).map(|_| ()))
        }
        Step::Penalise(policy, name, duration_ms) => {
            let policy = &policies[*policy];
            let penalty = Penalty { policy, key: named(*name), duration_ms: *duration_ms };
            format!("{:?}", block_on(store.penalise(&penalty, now)))
        }
        Step::Adjust(policy, name, give, cost) => {
            let policy = &policies[*policy];
            let cost = cost.of(policy.quota.limit());
            let by = if *give { Adjustment::Give(cost) } else { Adjustment::Take(cost) };
            format!("{:?}", block_on(store.adjust(policy, named(*name), by, now)))
        }
        Step::Merge { instance, sequence, owed } => {
            let batch = batch(*instance, *sequence, owed, policies, now);
            let one = |step: &OwedStep| (step.policy, step.name, Cost::Units(1));
            let touched: Vec<_> = owed.iter().map(one).collect();
            let merged = block_on(store.merge(&batch, now));
            format!("{merged:?} {:?}", block_on(store.peek(&takes(&touched), now)))
        }
        Step::Reset(policy, name) => {
            format!("{:?}", block_on(store.reset(&policies[*policy], named(*name), now)))
        }
        Step::Open { session, subject, life_ms, idle_ms } => {
            let (session, subject, idle_ms) = (named(*session), named(*subject), *idle_ms);
            let start = SessionStart { session, subject, expires: now.plus(*life_ms), idle_ms };
            format!("{:?}", block_on(store.rotate(&Rotation::Open(start), now)))
        }
        Step::Advance { session, subject, generation, grace_ms, idle_ms } => {
            let (session, subject) = (named(*session), named(*subject));
            let (generation, grace_ms) = (*generation, *grace_ms);
            let (idle_ms, access_until) = (*idle_ms, now.plus(700));
            let presented =
                Presented { session, subject, generation, grace_ms, idle_ms, access_until };
            format!("{:?}", block_on(store.rotate(&Rotation::Advance(presented), now)))
        }
        Step::List(subject) => format!("{:?}", block_on(store.sessions(named(*subject), now))),
        Step::Put(name, bytes, life_ms) => {
            let record = Record { value: vec![0xFB; *bytes], expires: now.plus(*life_ms) };
            format!("{:?}", block_on(store.put(named(*name), record, now)))
        }
        Step::Get(name) => format!("{:?}", block_on(store.get(named(*name), now))),
        Step::Pass(_) | Step::PassPartOf { .. } | Step::GoBack(_) => String::new(),
    }
}

fn hold_equal<T: Transport>(
    redis: &RedisStore<T>,
    policies: &[Policy],
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let bounds =
        MemoryBounds { sessions_per_subject: SESSIONS_PER_SUBJECT_MAX, ..MemoryBounds::default() };
    let memory = MemoryStore::with_bounds(bounds, [7; 16]).unwrap();
    let mut now = NOW;
    for (number, step) in steps.iter().enumerate() {
        now = match step {
            Step::Pass(ms) => now.plus(*ms),
            Step::PassPartOf { policy, part } => {
                now.plus(policies[*policy].quota.window_ms() / part)
            }
            Step::GoBack(ms) => now.minus(*ms),
            _ => now,
        };
        let expected = answer(&memory, step, policies, now);
        let answered = answer(redis, step, policies, now);
        prop_assert_eq!(answered, expected, "step {}: {:?} at {:?}", number, step, now);
    }
    Ok(())
}

fn by_given_time<T: Transport>(transport: T) -> RedisStore<T> {
    RedisStore {
        decides: Decides::Given { ahead_ms: 0 },
        sessions_per_subject_max: SESSIONS_PER_SUBJECT_MAX,
        ..RedisStore::new(transport, KeyPrefix::default())
    }
}

/// Runs `cases` random sequences of 40 steps on one server, emptied before each.
fn differ(cases: u32, step: impl Strategy<Value = Step>) {
    let redis = by_given_time(Resp::start());
    let sequences = (policies(), proptest::collection::vec(step, 40));
    let config = ProptestConfig { cases, ..ProptestConfig::default() };
    let run =
        proptest::test_runner::TestRunner::new(config).run(&sequences, |(policies, steps)| {
            redis.transport().run::<()>(&["FLUSHALL"]);
            hold_equal(&redis, &policies, &steps)
        });
    run.unwrap();
}

#[test]
fn limits_are_decided_as_in_memory() {
    differ(400, limit_step());
}

#[test]
fn every_verb_answers_as_in_memory() {
    differ(300, any_step());
}

/// A Durable Object runs the scripts' verbs in Rust: held to the memory store as they are.
#[test]
fn an_object_answers_every_verb_as_in_memory() {
    for step in [limit_step().boxed(), any_step().boxed()] {
        let sequences = (policies(), proptest::collection::vec(step, 40));
        let config = ProptestConfig { cases: 400, ..ProptestConfig::default() };
        let run =
            proptest::test_runner::TestRunner::new(config).run(&sequences, |(policies, steps)| {
                let object = by_given_time(ObjectTransport::new(Object::new()));
                hold_equal(&object, &policies, &steps)
            });
        run.unwrap();
    }
}

/// The largest numbers there are, through JSON: none is rounded on its way.
#[test]
fn the_largest_quotas_are_decided_as_in_memory_over_http() {
    for algorithm in ALGORITHMS {
        let policies: Vec<Policy> = [(1 << 53, 1), ((1 << 53) / YEAR_MS, YEAR_MS), (1 << 44, 512)]
            .map(|(limit, window_ms)| {
                let quota = match algorithm {
                    // Room for what is beside the limit in the bound of both.
                    Algorithm::TokenBucket | Algorithm::Gcra => Quota::new(limit / 2, window_ms)
                        .and_then(|quota| quota.with_burst(limit / 2)),
                    Algorithm::SlidingLog => Quota::new(limit.min(LOG_LIMIT_MAX), window_ms),
                    _ => Quota::new(limit, window_ms),
                };
                Policy { algorithm, quota: quota.unwrap(), ..policy("a", 1, 1) }
            })
            .into();
        let endpoint = Endpoint::new("http://bridge", "secret").unwrap();
        let redis = by_given_time(Upstash::new(Bridge::start(), endpoint));
        hold_equal(&redis, &policies, &largest()).unwrap();
    }
}

/// Steps between three policies of one name, of costs near their limits.
fn largest() -> Vec<Step> {
    let costs = [Cost::Units(1), Cost::BelowLimit(1), Cost::PartOfLimit(3), Cost::BelowLimit(0)];
    let mut steps = Vec::new();
    for before in 0..3 {
        for after in 0..3 {
            for (cost, other) in costs.into_iter().flat_map(|cost| costs.map(|c| (cost, c))) {
                let takes = vec![(before, 0, cost), (after, 0, other)];
                steps.push(Step::Peek(takes.clone()));
                steps.push(Step::Admit { check: None, takes });
                steps.push(Step::Pass(171));
                let (name, when, sequence) = (0, Taken::Ago(100), steps.len() as u64);
                let owed = OwedStep { policy: before, name, previous: other, current: cost, when };
                steps.push(Step::Merge { instance: 0, sequence, owed: vec![owed] });
                steps.push(Step::Admit { check: None, takes: vec![(after, 0, other)] });
                steps.push(Step::PassPartOf { policy: after, part: 2 });
            }
        }
    }
    steps
}
