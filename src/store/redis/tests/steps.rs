//! What is done to two stores at once: random policies, and random steps over few names.

use proptest::prelude::*;
use proptest::sample::select;

use crate::UnixMs;
use crate::limit::{Algorithm, LOG_LIMIT_MAX, Policy, Quota};
use crate::store::RevocationScope;
use crate::store::contract::policy;

pub(super) const YEAR_MS: u64 = 366 * 24 * 60 * 60 * 1000;

pub(super) const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::FixedWindow,
    Algorithm::SlidingWindow,
    Algorithm::SlidingLog,
    Algorithm::TokenBucket,
    Algorithm::Gcra,
];

#[derive(Clone, Debug)]
pub(super) enum Step {
    Admit { check: Option<Check>, takes: Vec<(usize, u8, Cost)> },
    Peek(Vec<(usize, u8, Cost)>),
    Revoke { scope: RevocationScope, name: u8, life_ms: u64, acknowledged: Option<Taken> },
    Penalise(usize, u8, u64),
    Adjust(usize, u8, bool, Cost),
    Merge { instance: u8, sequence: u64, owed: Vec<OwedStep> },
    Reset(usize, u8),
    Open { session: u8, subject: u8, life_ms: u64, idle_ms: u64 },
    Advance { session: u8, subject: u8, generation: u64, grace_ms: u64, idle_ms: u64 },
    List(u8),
    Put(u8, usize, u64),
    Get(u8),
    Pass(u64),
    PassPartOf { policy: usize, part: u64 },
    GoBack(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    pub(super) token: u8,
    pub(super) session: Option<u8>,
    pub(super) subject: Option<u8>,
    pub(super) issued: Issued,
}

/// What an instance took of a policy's key: in the window before, and in the one that ran when.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwedStep {
    pub(super) policy: usize,
    pub(super) name: u8,
    pub(super) previous: Cost,
    pub(super) current: Cost,
    pub(super) when: Taken,
}

/// When something was done elsewhere, said relative to the time of the step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taken {
    Ago(u64),
    Ahead(u64),
}

impl Taken {
    pub(super) fn at(self, now: UnixMs) -> UnixMs {
        match self {
            Self::Ago(ms) => now.minus(ms),
            Self::Ahead(ms) => now.plus(ms),
        }
    }
}

/// When a token was issued, said relative to the time of the step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Issued {
    Ago(u64),
    SecondsAgo(u64),
    Ahead(u64),
    Unknown,
}

/// A cost, said relative to the limit it is taken from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cost {
    Units(u64),
    BelowLimit(u64),
    PartOfLimit(u64),
    AboveLimit(u64),
}

impl Cost {
    pub(super) fn of(self, limit: u64) -> u64 {
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
pub(super) fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let window_ms = prop_oneof![
        4 => 1_u64..3_000,
        1 => select(vec![1, 2, 1_000, 60_000, 86_400_000, YEAR_MS - 1, YEAR_MS]),
    ];
    let algorithm = select(ALGORITHMS.to_vec());
    let name = select(vec!["a", "b", "c"]);
    let parts = (name, algorithm, window_ms, 0_u32..54, any::<u64>(), 0_u8..4);
    let policies = parts.prop_map(|(name, algorithm, window_ms, bits, random, shadow)| {
        let most = (1_u64 << 53) / window_ms;
        let limit = match bits {
            0..20 => 1 + random % 6.min(most),
            20..24 => most,
            _ => 1 + random % most.min(1 << bits),
        };
        let limit = match algorithm {
            Algorithm::SlidingLog => limit.min(LOG_LIMIT_MAX),
            _ => limit,
        };
        let policy = policy(name, limit, window_ms);
        let quota = match algorithm {
            Algorithm::TokenBucket | Algorithm::Gcra => {
                // What is beside the limit in the bound of both has to fit too.
                let most = ((1_u64 << 53) - limit) / window_ms;
                let burst = if random % 3 == 0 { 1 + random % most.clamp(1, 9) } else { limit };
                policy.quota.with_burst(burst.clamp(1, most.max(1)))
            }
            _ => Ok(policy.quota),
        };
        let quota = quota.unwrap_or_else(|_| Quota::new(1, window_ms).unwrap());
        Policy { shadow: shadow == 0, algorithm, quota, ..policy }
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

pub(super) fn limit_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => takes().prop_map(|takes| Step::Admit { check: None, takes }),
        2 => takes().prop_map(Step::Peek),
        3 => merge(),
        1 => (0_usize..4, 0_u8..2, 0_u64..3_000).prop_map(|(p, n, ms)| Step::Penalise(p, n, ms)),
        1 => (0_usize..4, 0_u8..2).prop_map(|(p, n)| Step::Reset(p, n)),
        2 => (0_usize..4, 0_u8..2, any::<bool>(), cost()).prop_map(|(p, n, g, c)| Step::Adjust(p, n, g, c)),
        3 => (0_u64..1_500).prop_map(Step::Pass),
        3 => (0_usize..4, 1_u64..9).prop_map(|(policy, part)| Step::PassPartOf { policy, part }),
        1 => (0_u64..3_000).prop_map(Step::GoBack),
    ]
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    use RevocationScope::{Session, Subject, Token};
    let life_ms = || prop_oneof![9 => 0_u64..5_000, 1 => select(vec![0, u64::MAX / 2, u64::MAX])];
    prop_oneof![
        4 => (proptest::option::of(check()), takes())
            .prop_map(|(check, takes)| Step::Admit { check, takes }),
        2 => (
            select(vec![Token, Session, Subject, Subject]),
            0_u8..5,
            life_ms(),
            proptest::option::of(taken()),
        )
            .prop_map(|(scope, name, life_ms, acknowledged)| {
                Step::Revoke { scope, name, life_ms, acknowledged }
            }),
        3 => (0_u8..5, 0_u8..2, 0_u64..5_000, life_ms()).prop_map(
            |(session, subject, life_ms, idle_ms)| Step::Open { session, subject, life_ms, idle_ms }
        ),
        4 => (0_u8..5, 0_u8..2, 0_u64..4, 0_u64..900, life_ms()).prop_map(
            |(session, subject, generation, grace_ms, idle_ms)| {
                Step::Advance { session, subject, generation, grace_ms, idle_ms }
            }
        ),
        2 => (0_u8..2).prop_map(Step::List),
        1 => (0_u8..2, 0_usize..40, 0_u64..5_000)
            .prop_map(|(name, bytes, life_ms)| Step::Put(name, bytes, life_ms)),
        1 => (0_u8..2).prop_map(Step::Get),
        3 => (0_u64..700).prop_map(Step::Pass),
        1 => (0_u64..900).prop_map(Step::GoBack),
        1 => limit_step(),
    ]
}
