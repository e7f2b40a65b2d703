//! What happens in one run: all of it is drawn from the seed beforehand, as a list of steps that a
//! failing run can be shortened by. A step that is left out changes nothing about the others.

use std::fmt;

use super::rng::Rng;

pub const SUBJECTS: usize = 3;
pub const TOKENS: usize = 8;
/// The access token of each stands among the tokens, in the place of the same number.
pub const SESSIONS: usize = 3;
pub const ADDRESSES: usize = 3;
pub const ISOLATES_MAX: usize = 4;

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub setup: Setup,
    pub steps: Vec<Step>,
}

/// The deployment of one run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub isolates: usize,
    pub secondary: bool,
    /// Half of the runs have room for a handful of entries in an instance's memory.
    pub small_memory: bool,
    pub tolerance_s: u64,
    pub subject_limit: u64,
    pub window_s: u64,
    pub share_percent: u64,
    /// What the policy by client does in an outage.
    pub client_mode: &'static str,
    /// Whether tokens are accepted unchecked.
    pub revocation_mode: &'static str,
    pub failures_limit: u64,
    /// How late a key-value store may show what was written elsewhere.
    pub lag_ms_max: u64,
    /// Clocks differ, or jump.
    pub skewed: bool,
}

#[derive(Clone, Debug)]
pub struct Step {
    /// Its place in the whole plan: what its randomness is drawn by.
    pub number: u64,
    /// After the step before it.
    pub gap_ms: u64,
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Mint {
        isolate: usize,
        token: usize,
        subject: usize,
        life_s: u64,
    },
    Open {
        isolate: usize,
        session: usize,
        subject: usize,
    },
    /// `age`: how many refresh tokens came after the one that is presented.
    Refresh {
        isolate: usize,
        session: usize,
        age: usize,
    },
    Authorize {
        isolate: usize,
        token: usize,
        address: usize,
    },
    Forged {
        isolate: usize,
        token: usize,
        address: usize,
        forgery: Forgery,
    },
    Introspect {
        isolate: usize,
        token: usize,
    },
    Revoke {
        isolate: usize,
        target: Target,
    },
    Take {
        isolate: usize,
        subject: usize,
        cost: u64,
    },
    HangUp {
        isolate: usize,
    },
    Drain {
        isolate: usize,
    },
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Token(usize),
    SessionOf(usize),
    Opened(usize),
    Subject(usize),
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    SignatureBit,
    OtherKey,
    NoAlgorithm,
    OtherAlgorithm,
    Expired,
    NotYet,
    OtherIssuer,
    OtherAudience,
}

pub const FORGERIES: [Forgery; 8] = [
    Forgery::SignatureBit,
    Forgery::OtherKey,
    Forgery::NoAlgorithm,
    Forgery::OtherAlgorithm,
    Forgery::Expired,
    Forgery::NotYet,
    Forgery::OtherIssuer,
    Forgery::OtherAudience,
];

/// Something goes wrong, at once or for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// Whom it is about; `None`: all.
    pub isolate: Option<usize>,
    pub for_ms: u64,
    /// How many of the calls it hits, in percent.
    pub percent: u64,
    /// Of a clock, in milliseconds.
    pub by_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A call never arrives.
    Drop,
    /// It is carried out, and its reply never arrives.
    LoseReply,
    Delay,
    Reorder,
    /// It arrives twice.
    Duplicate,
    /// Its reply is not the protocol.
    Corrupt,
    /// 5xx, before or after it was carried out.
    ServerError,
    /// The store takes no writes.
    OutOfMemory,
    OverQuota,
    Unauthorized,
    Down,
    /// Nothing passes between an isolate and the store, either way.
    Partition,
    /// The store comes back empty.
    LoseData,
    /// An entry of a token in the store cannot be read.
    Unreadable,
    KvDown,
    KvSlow,
    KvQuota,
    /// An isolate dies; an empty one takes its place.
    Kill,
    Skew,
    SkewStore,
    /// An instance's room for revocations, counters and blocks is used up.
    FillMemory,
    FillJournal,
}

pub const FAULTS: [FaultKind; 22] = [
    FaultKind::Drop,
    FaultKind::LoseReply,
    FaultKind::Delay,
    FaultKind::Reorder,
    FaultKind::Duplicate,
    FaultKind::Corrupt,
    FaultKind::ServerError,
    FaultKind::OutOfMemory,
    FaultKind::OverQuota,
    FaultKind::Unauthorized,
    FaultKind::Down,
    FaultKind::Partition,
    FaultKind::LoseData,
    FaultKind::Unreadable,
    FaultKind::KvDown,
    FaultKind::KvSlow,
    FaultKind::KvQuota,
    FaultKind::Kill,
    FaultKind::Skew,
    FaultKind::SkewStore,
    FaultKind::FillMemory,
    FaultKind::FillJournal,
];

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::of(&[seed, 1]);
        let setup = Setup::draw(&mut rng);
        let count = rng.between(40, 110);
        let faults_percent = rng.between(4, 22);
        let mut steps = Vec::new();
        for token in 0..TOKENS {
            let (isolate, subject) = (rng.index(setup.isolates), token % SUBJECTS);
            let action = Action::Mint { isolate, token, subject, life_s: life_s(&mut rng) };
            steps.push((1, action));
        }
        for session in 0..SESSIONS {
            let (isolate, subject) = (rng.index(setup.isolates), session % SUBJECTS);
            steps.push((1, Action::Open { isolate, session, subject }));
        }
        for _ in 0..count {
            let fault = rng.chance(faults_percent);
            let action =
                if fault { draw_fault(&mut rng, &setup) } else { draw_request(&mut rng, &setup) };
            steps.push((gap_ms(&mut rng), action));
        }
        let steps =
            (0..).zip(steps).map(|(number, (gap_ms, action))| Step { number, gap_ms, action });
        Self { seed, setup, steps: steps.collect() }
    }
}

impl Setup {
    fn draw(rng: &mut Rng) -> Self {
        Self {
            isolates: rng.index(ISOLATES_MAX) + 1,
            secondary: rng.chance(60),
            small_memory: rng.chance(50),
            tolerance_s: rng.pick(&[0, 5]),
            subject_limit: rng.between(2, 9),
            window_s: rng.pick(&[5, 20, 60]),
            share_percent: rng.pick(&[20, 50, 100]),
            client_mode: rng.weighted(&[(6, "local"), (1, "closed"), (1, "open")]),
            revocation_mode: rng.weighted(&[(7, "local"), (1, "closed")]),
            failures_limit: rng.between(2, 5),
            lag_ms_max: rng.pick(&[0, 1_000, 20_000]),
            skewed: rng.chance(40),
        }
    }
}

fn life_s(rng: &mut Rng) -> u64 {
    rng.weighted(&[(1, 2), (2, 20), (5, 600), (3, 3_600)])
}

/// Mostly while the last call is under way, sometimes until a deadline or a breaker's wait is over.
fn gap_ms(rng: &mut Rng) -> u64 {
    let (low, high) =
        rng.weighted(&[(50, (0, 30)), (25, (20, 400)), (15, (400, 2_500)), (2, (3_000, 12_000))]);
    rng.between(low, high)
}

fn draw_request(rng: &mut Rng, setup: &Setup) -> Action {
    let isolate = rng.index(setup.isolates);
    let (token, subject, address) = (rng.index(TOKENS), rng.index(SUBJECTS), rng.index(ADDRESSES));
    match rng.below(100) {
        0..=41 => Action::Authorize { isolate, token, address },
        42..=43 => Action::Open { isolate, session: rng.index(SESSIONS), subject },
        44..=51 => {
            let age = rng.weighted(&[(5, 0), (4, 1), (1, 2)]);
            Action::Refresh { isolate, session: rng.index(SESSIONS), age }
        }
        52..=61 => Action::Forged { isolate, token, address, forgery: rng.pick(&FORGERIES) },
        62..=66 => Action::Introspect { isolate, token },
        67..=70 => Action::Mint { isolate, token, subject, life_s: life_s(rng) },
        71..=85 => {
            let target = match rng.below(10) {
                0..=5 => Target::Token(token),
                6 => Target::SessionOf(token),
                7 => Target::Opened(token % SESSIONS),
                _ => Target::Subject(subject),
            };
            Action::Revoke { isolate, target }
        }
        86..=93 => Action::Take { isolate, subject, cost: rng.between(1, 2) },
        94..=96 => Action::HangUp { isolate },
        _ => Action::Drain { isolate },
    }
}

fn draw_fault(rng: &mut Rng, setup: &Setup) -> Action {
    let weights = FAULTS.map(|kind| {
        let weight = match kind {
            FaultKind::KvDown | FaultKind::KvSlow | FaultKind::KvQuota if !setup.secondary => 0,
            FaultKind::Skew | FaultKind::SkewStore if !setup.skewed => 0,
            FaultKind::FillMemory if !setup.small_memory => 0,
            FaultKind::FillJournal | FaultKind::Unauthorized => 1,
            FaultKind::Down | FaultKind::Kill => 8,
            FaultKind::LoseData | FaultKind::Partition | FaultKind::LoseReply => 5,
            _ => 3,
        };
        (weight, kind)
    });
    let kind = rng.weighted(&weights);
    let one = rng.index(setup.isolates);
    let of_one = matches!(
        kind,
        FaultKind::Kill | FaultKind::Skew | FaultKind::FillMemory | FaultKind::FillJournal
    );
    let isolate = (of_one || rng.chance(50)).then_some(one);
    let by_ms = rng.pick(&[-20_000, -3_000, -400, 400, 3_000, 20_000]);
    let for_ms = rng.pick(&[200, 1_000, 3_000, 8_000, 20_000, 40_000]);
    let percent = rng.pick(&[20, 50, 100, 100]);
    Action::Fault(Fault { kind, isolate, for_ms, percent, by_ms })
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, {} ms later: {:?}", self.number, self.gap_ms, self.action)
    }
}
