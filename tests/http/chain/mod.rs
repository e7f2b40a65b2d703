//! Instances over a chain of stores: what holds when the first one does not answer.

mod admission;
mod breaker;
mod drain;
mod limits;
mod recovery;
mod refused;
mod revoking;

use serde_json::{Value, json};

use crate::bench::setup::policy;
use crate::bench::{Ask, Bench, Chained, Fault, Queue, Reply, Rigged};

/// The field that says what was decided without the store.
const DEGRADED: &str = "portcullis-degraded";
/// How many failures open the breaker.
const FAILURES: usize = 5;

/// One instance, its stores, and the background of its requests.
struct Chain {
    bench: Bench<Chained>,
    primary: Rigged,
    secondary: Rigged,
    queue: Queue,
}

impl Chain {
    /// Over a primary alone; one policy of 3 per 60 s and subject.
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Value)) -> Self {
        Self::build(&Rigged::remote(), None, change)
    }

    /// Over a primary and a secondary.
    fn of_two() -> Self {
        let secondary = Rigged::remote();
        Self::build(&Rigged::remote(), Some(&secondary), |_| ())
    }

    /// Another instance over the same primary, at the time this one was started.
    fn sibling(&self) -> Self {
        Self::build(&self.primary, None, |_| ())
    }

    fn build(
        primary: &Rigged,
        secondary: Option<&Rigged>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let queue = Queue::default();
        // Wide enough for what is not about limits.
        let change = |settings: &mut Value| {
            settings["limits"] = json!([policy("per-subject", "subject", 1_000)]);
            change(settings);
        };
        let bench = Bench::chained(primary, secondary, &queue, change);
        let (primary, secondary) =
            (primary.clone(), secondary.cloned().unwrap_or(Rigged::remote()));
        Self { bench, primary, secondary, queue }
    }

    /// The instance checks a token, and so learns what names the primary's data: what it tells it from
    /// then on it need not tell again.
    fn meet_primary(&self) {
        self.bench.authorize(&self.bench.mint());
        self.primary.calls();
    }

    /// The primary goes, and the breaker opens on it. What the calls before did is forgotten.
    fn lose_primary(&self, fault: Fault) {
        let token = self.bench.mint();
        self.primary.fault(fault);
        for _ in 0..FAILURES {
            self.bench.authorize(&token);
        }
        assert!(self.bench.guard.outage_readiness().is_some(), "open");
        self.primary.calls();
    }

    /// The primary comes back, and a request later this instance knows.
    fn recover(&self) {
        self.primary.fault(None);
        // A deadline that was missed is over 300 ms after its request.
        self.bench.pass(1_300);
        self.bench.authorize(&self.bench.mint());
        self.queue.run();
        assert!(self.bench.guard.outage_readiness().is_none(), "closed");
        self.primary.calls();
    }

    fn revoke(&self, client: &str, form: &[(&str, &str)]) -> Reply {
        self.bench.send(Ask::post("/oauth/revoke").basic(client).form(form))
    }

    fn events(&self, name: &str) -> Vec<Value> {
        let lines = self.bench.lines().into_iter();
        let parsed = lines.map(|line| serde_json::from_str::<Value>(&line.json).unwrap());
        parsed.filter(|event| event["event"] == name).collect()
    }
}
