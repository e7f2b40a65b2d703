//! The scripts on a real redis-server decide as the memory store does, step by step, by a given
//! time that passes, stands still and goes back.

use pollster::block_on;
use proptest::prelude::*;
use proptest::sample::select;

use super::bridge::Bridge;
use super::server::Resp;
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::limit::{Algorithm, Policy, Quota, State};
use crate::store::contract::{key, policy};
use crate::store::memory::{MemoryBounds, MemoryStore};
use crate::store::redis::time::Decides;
use crate::store::redis::{KeyPrefix, RedisStore, Transport};
use crate::store::upstash::{Endpoint, Upstash};
use crate::store::{
    Admit, EntryKey, InstanceId, MergeBatch, Owed, Penalty, Record, Revocation, RevocationScope,
    Rotation, SessionStart, Store, Take, TokenCheck,
};

const NOW: UnixMs = UnixMs(1_700_000_000_250);
const YEAR_MS: u64 = 366 * 24 * 60 * 60 * 1000;
const SESSIONS_PER_SUBJECT_MAX: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Admit { check: Option<Check>, takes: Vec<(usize, u8, Cost)> },
    Peek(Vec<(usize, u8, Cost)>),
    Revoke { scope: RevocationScope, name: u8, life_ms: u64, acknowledged: Option<Taken> },
    Penalise(usize, u8, u64),
    Merge { instance: u8, sequence: u64, owed: Vec<OwedStep> },
    Reset(usize, u8),
    Open { session: u8, subject: u8, life_ms: u64 },
    Advance { session: u8, generation: u64, grace_ms: u64 },
    End(u8),
    List(u8),
    Put(u8, usize, u64),
    Get(u8),
    Pass(u64),
    PassPartOf { policy: usize, part: u64 },
    GoBack(u64),
}

#[derive(Clone, Copy, Debug)]
struct Check {
    token: u8,
    session: Option<u8>,
    subject: Option<u8>,
    issued: Issued,
}

/// What an instance took of a policy's key: in the window before, and in the one that ran when.
#[derive(Clone, Copy, Debug)]
struct OwedStep {
    policy: usize,
    name: u8,
    previous: Cost,
    current: Cost,
    when: Taken,
}

/// When something was done elsewhere, said relative to the time of the step.
#[derive(Clone, Copy, Debug)]
enum Taken {
    Ago(u64),
    Ahead(u64),
}

impl Taken {
    fn at(self, now: UnixMs) -> UnixMs {
        match self {
            Self::Ago(ms) => now.minus(ms),
            Self::Ahead(ms) => now.plus(ms),
        }
    }
}

/// When a token was issued, said relative to the time of the step.
#[derive(Clone, Copy, Debug)]
enum Issued {
    Ago(u64),
    SecondsAgo(u64),
    Ahead(u64),
    Unknown,
}

/// A cost, said relative to the limit it is taken from.
#[derive(Clone, Copy, Debug)]
enum Cost {
    Units(u64),
    BelowLimit(u64),
    PartOfLimit(u64),
    AboveLimit(u64),
}

impl Cost {
    fn of(self, limit: u64) -> u64 {
        match self {
            Self::Units(units) => units,
            Self::BelowLimit(units) => limit.saturating_sub(units),
            Self::PartOfLimit(part) => limit / part,
            Self::AboveLimit(units) => limit.saturating_add(units),
        }
    }
}

fn cost() -> impl Strategy<Value = Cost> {
    prop_oneof![
        6 => (0_u64..6).prop_map(Cost::Units),
        2 => (0_u64..3).prop_map(Cost::BelowLimit),
        3 => (1_u64..9).prop_map(Cost::PartOfLimit),
        1 => select(vec![1, 2, u64::MAX]).prop_map(Cost::AboveLimit),
    ]
}

/// Quotas small and as large as a double allows; names few, so that quotas change under them.
fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let window_ms = prop_oneof![
        4 => 1_u64..3_000,
        1 => select(vec![1, 2, 1_000, 60_000, 86_400_000, YEAR_MS - 1, YEAR_MS]),
    ];
    let parts = (select(vec!["a", "b", "c"]), window_ms, 0_u32..54, any::<u64>(), 0_u8..4);
    let policies = parts.prop_map(|(name, window_ms, bits, random, shadow)| {
        let most = (1_u64 << 53) / window_ms;
        let limit = match bits {
            0..20 => 1 + random % 6.min(most),
            20..24 => most,
            _ => 1 + random % most.min(1 << bits),
        };
        Policy { shadow: shadow == 0, ..policy(name, limit, window_ms) }
    });
    proptest::collection::vec(policies, 4)
}

fn takes() -> impl Strategy<Value = Vec<(usize, u8, Cost)>> {
    proptest::collection::vec((0_usize..4, 0_u8..2, cost()), 1..5)
}

fn check() -> impl Strategy<Value = Check> {
    let issued = prop_oneof![
        (0_u64..1_500).prop_map(Issued::Ago),
        (0_u64..3).prop_map(Issued::SecondsAgo),
        (1_u64..1_500).prop_map(Issued::Ahead),
        Just(Issued::Unknown),
    ];
    let name = || proptest::option::of(0_u8..3);
    (0_u8..3, name(), name(), issued).prop_map(|(token, session, subject, issued)| Check {
        token,
        session,
        subject,
        issued,
    })
}

fn taken() -> impl Strategy<Value = Taken> {
    prop_oneof![
        2 => Just(Taken::Ago(0)),
        4 => (0_u64..3_000).prop_map(Taken::Ago),
        1 => (0_u64..3_000).prop_map(Taken::Ahead),
        1 => select(vec![Taken::Ago(u64::MAX), Taken::Ahead(YEAR_MS)]),
    ]
}

fn merge() -> impl Strategy<Value = Step> {
    let owed = (0_usize..4, 0_u8..2, cost(), cost(), taken()).prop_map(
        |(policy, name, previous, current, when)| OwedStep {
            policy,
            name,
            previous,
            current,
            when,
        },
    );
    (0_u8..3, 0_u64..30, proptest::collection::vec(owed, 0..5))
        .prop_map(|(instance, sequence, owed)| Step::Merge { instance, sequence, owed })
}

fn limit_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => takes().prop_map(|takes| Step::Admit { check: None, takes }),
        2 => takes().prop_map(Step::Peek),
        3 => merge(),
        1 => (0_usize..4, 0_u8..2, 0_u64..3_000).prop_map(|(p, n, ms)| Step::Penalise(p, n, ms)),
        1 => (0_usize..4, 0_u8..2).prop_map(|(p, n)| Step::Reset(p, n)),
        3 => (0_u64..1_500).prop_map(Step::Pass),
        3 => (0_usize..4, 1_u64..9).prop_map(|(policy, part)| Step::PassPartOf { policy, part }),
        1 => (0_u64..3_000).prop_map(Step::GoBack),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    use RevocationScope::{Session, Subject, Token};
    let life_ms = || prop_oneof![9 => 0_u64..5_000, 1 => select(vec![0, u64::MAX / 2, u64::MAX])];
    prop_oneof![
        4 => (proptest::option::of(check()), takes())
            .prop_map(|(check, takes)| Step::Admit { check, takes }),
        2 => (
            select(vec![Token, Session, Subject, Subject]),
            0_u8..3,
            life_ms(),
            proptest::option::of(taken()),
        )
            .prop_map(|(scope, name, life_ms, acknowledged)| {
                Step::Revoke { scope, name, life_ms, acknowledged }
            }),
        3 => (0_u8..5, 0_u8..2, 0_u64..5_000)
            .prop_map(|(session, subject, life_ms)| Step::Open { session, subject, life_ms }),
        4 => (0_u8..5, 0_u64..4, 0_u64..900).prop_map(
            |(session, generation, grace_ms)| Step::Advance { session, generation, grace_ms }
        ),
        1 => (0_u8..5).prop_map(Step::End),
        2 => (0_u8..2).prop_map(Step::List),
        1 => (0_u8..2, 0_usize..40, 0_u64..5_000)
            .prop_map(|(name, bytes, life_ms)| Step::Put(name, bytes, life_ms)),
        1 => (0_u8..2).prop_map(Step::Get),
        3 => (0_u64..700).prop_map(Step::Pass),
        1 => (0_u64..900).prop_map(Step::GoBack),
        1 => limit_step(),
    ]
}

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
        let taken = State::empty(Algorithm::SlidingWindow)
            .add(quota, at.minus(quota.window_ms()), previous)
            .add(quota, at, current);
        Owed { policy, key: named(step.name), taken }
    };
    let (instance, entries) = (InstanceId::new([instance; 16]), owed.iter().map(entry).collect());
    MergeBatch { instance, sequence, entries }
}

/// Does a step in a store and says all that it answered, but for what stores may differ in.
fn answer<S: Store>(store: &S, step: &Step, policies: &[Policy], now: UnixMs) -> String {
    let takes = |wanted: &[(usize, u8, Cost)]| -> Vec<Take<'_>> {
        let take = |&(policy, name, cost): &(usize, u8, Cost)| {
            let policy = &policies[policy];
            Take { policy, key: named(name), cost: cost.of(policy.quota.limit()) }
        };
        wanted.iter().map(take).collect()
    };
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
        Step::Open { session, subject, life_ms } => {
            let (session, subject) = (named(*session), named(*subject));
            let start = SessionStart { session, subject, expires: now.plus(*life_ms) };
            format!("{:?}", block_on(store.rotate(&Rotation::Open(start), now)))
        }
        Step::Advance { session, generation, grace_ms } => {
            let (session, generation, grace_ms) = (named(*session), *generation, *grace_ms);
            let rotation = Rotation::Advance { session, generation, grace_ms };
            format!("{:?}", block_on(store.rotate(&rotation, now)))
        }
        Step::End(session) => format!("{:?}", block_on(store.end_session(named(*session), now))),
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

/// The largest numbers there are, through JSON: none is rounded on its way.
#[test]
fn the_largest_quotas_are_decided_as_in_memory_over_http() {
    let endpoint = Endpoint::new("http://bridge", "secret").unwrap();
    let redis = by_given_time(Upstash::new(Bridge::start(), endpoint));
    let policies: Vec<Policy> = [(1 << 53, 1), ((1 << 53) / YEAR_MS, YEAR_MS), (1 << 44, 512)]
        .map(|(limit, window_ms)| Policy {
            quota: Quota::new(limit, window_ms).unwrap(),
            ..policy("a", 1, 1)
        })
        .into();
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
    hold_equal(&redis, &policies, &steps).unwrap();
}
