//! One instance on a bench: its time, its randomness and its store in the test's hands.

mod ask;
mod background;
pub mod forge;
mod reply;
mod rigged;
mod server;
pub mod setup;
mod walk;

pub use ask::Ask;
pub use background::Queue;
pub use reply::Reply;
pub use rigged::{Fault, Rigged};
pub use server::Server;

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use pollster::block_on;
use portcullis::UnixMs;
use portcullis::config::Config;
use portcullis::fallback::Fallback;
use portcullis::guard::Guard;
use portcullis::http::{HttpRequest, handle};
use portcullis::instance::Instance;
use portcullis::store::Store;
use portcullis::telemetry::LogLine;
use serde_json::{Value, json};

use setup::{Keys, config};

/// Not at the start of a second: what rounds wrongly shows.
pub const NOW_MS: u64 = 1_700_000_000_250;

/// Bytes that differ from call to call and are otherwise the same in every run of a test.
pub fn entropy() -> Option<[u8; 32]> {
    static CALLS: AtomicU8 = AtomicU8::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [call; 32];
    bytes[0] = !call;
    Some(bytes)
}

/// A chain of two stores that fail when told to.
pub type Chained = Fallback<Rigged, Rigged, Queue>;

pub struct Bench<S = Rigged> {
    pub instance: Arc<Instance>,
    pub guard: Guard<S>,
    /// The store, or the first of a chain.
    pub store: Rigged,
    now_ms: Cell<u64>,
    walk: walk::Walk,
}

impl Bench<Chained> {
    /// As [`Bench::with`], but over a chain of `primary` and `secondary`.
    pub fn chained(
        primary: &Rigged,
        secondary: Option<&Rigged>,
        background: &Queue,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let config = config(Keys::EdDsa, change).expect("a good configuration");
        Self::chained_of(primary, secondary, background, config)
    }

    /// As [`Bench::chained`], of that configuration.
    pub fn chained_of(
        primary: &Rigged,
        secondary: Option<&Rigged>,
        background: &Queue,
        config: Config,
    ) -> Self {
        let instance = Arc::new(Instance::new(config, entropy().unwrap()));
        let (first, second) = (primary.clone(), secondary.cloned());
        let store = Fallback::new(Arc::clone(&instance), first, second, background.clone());
        Self::over(Arc::clone(&instance), Guard::new(instance, store, entropy), primary.clone())
    }
}

impl Bench {
    /// EdDSA, one policy: 3 requests per 60 s and subject. The store is apart from the instance's
    /// memory, as a remote one is.
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// As [`Bench::new`], with the settings changed.
    pub fn with(change: impl FnOnce(&mut Value)) -> Self {
        Self::build(Keys::EdDsa, entropy, change, |_| Rigged::apart())
    }

    /// As [`Bench::with`], but the store is the instance's memory: the embedded default.
    pub fn embedded(change: impl FnOnce(&mut Value)) -> Self {
        Self::build(Keys::EdDsa, entropy, change, Rigged::embedded)
    }

    /// As [`Bench::new`], with other keys.
    pub fn keyed(keys: Keys) -> Self {
        Self::build(keys, entropy, |_| (), |_| Rigged::apart())
    }

    /// As [`Bench::new`], of that configuration.
    pub fn configured(config: Config) -> Self {
        Self::of(config, entropy, |_| Rigged::apart())
    }

    /// As [`Bench::new`], on a platform without random bytes.
    pub fn without_entropy() -> Self {
        Self::build(Keys::EdDsa, || None, |_| (), |_| Rigged::apart())
    }

    /// As [`Bench::with`], able to fetch from `server`.
    pub fn fetching(server: &Server, change: impl FnOnce(&mut Value)) -> Self {
        let bench = Self::with(change);
        Self { guard: bench.guard.with_fetch(server.clone()), ..bench }
    }

    /// Another instance over the store of `bench`, at the time this one was started.
    pub fn beside(bench: &Self) -> Self {
        Self::beside_with(bench, |_| ())
    }

    /// As [`Bench::beside`], with the settings changed.
    pub fn beside_with(bench: &Self, change: impl FnOnce(&mut Value)) -> Self {
        Self::build(Keys::EdDsa, entropy, change, |_| bench.store.clone())
    }

    /// Another instance of that configuration over the store of `bench`, at its time now.
    pub fn over_store_of<S>(bench: &Bench<S>, config: Config) -> Self {
        let another = Self::of(config, entropy, |_| bench.store.clone());
        another.now_ms.set(bench.now_ms.get());
        another
    }

    fn build(
        keys: Keys,
        entropy: fn() -> Option<[u8; 32]>,
        change: impl FnOnce(&mut Value),
        store: impl FnOnce(Arc<Instance>) -> Rigged,
    ) -> Self {
        Self::of(config(keys, change).expect("a good configuration"), entropy, store)
    }

    fn of(
        config: Config,
        entropy: fn() -> Option<[u8; 32]>,
        store: impl FnOnce(Arc<Instance>) -> Rigged,
    ) -> Self {
        let instance = Arc::new(Instance::new(config, [7; 32]));
        let store = store(Arc::clone(&instance));
        Self::over(Arc::clone(&instance), Guard::new(instance, store.clone(), entropy), store)
    }
}

impl<S: Store> Bench<S> {
    fn over(instance: Arc<Instance>, guard: Guard<S>, store: Rigged) -> Self {
        Self { instance, guard, store, now_ms: Cell::new(NOW_MS), walk: walk::Walk::default() }
    }

    pub fn now(&self) -> UnixMs {
        UnixMs(self.now_ms.get())
    }

    pub fn pass(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    /// Sends a request and walks over all that comes of it.
    pub fn send(&self, ask: Ask) -> Reply {
        let request = ask.request();
        let before = self.walk.before(self, &request);
        let reply = Reply::new(&request, block_on(self.answer(&request)));
        self.walk.after(self, &request, &reply, &before);
        reply
    }

    /// The answer as a future, for a test that stops in the middle of it.
    pub fn answer(&self, request: &HttpRequest) -> impl Future<Output = http::Response<Vec<u8>>> {
        handle(&self.guard, request, self.now())
    }

    /// A token of client `web` for [`setup::SUBJECT`].
    pub fn mint(&self) -> String {
        self.mint_with(&json!({}))
    }

    /// A token of client `web`, ordered with these members too.
    pub fn mint_with(&self, further: &Value) -> String {
        let mut order = json!({"sub": setup::SUBJECT});
        order.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let reply = self.send(Ask::post("/v1/tokens").basic("web").json(&order));
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Presents a token, asking for its claims.
    pub fn authorize(&self, token: &str) -> Reply {
        self.send(Ask::get("/v1/authorize?claims").bearer(token))
    }

    /// Presents a good token and expects that what was sent before took nothing: the first of
    /// three takes.
    pub fn assert_nothing_was_taken(&self) {
        let reply = self.authorize(&self.mint());
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.field("ratelimit").unwrap().starts_with("\"per-subject\";r=2;"), "{reply:?}");
    }

    /// A counter's sample, 0 when there is none: `requests_refused`, `code="ERR_X"`.
    pub fn count(&self, metric: &str, label: &str) -> u64 {
        walk::samples(&self.guard.metrics(self.now()))
            .filter(|(name, _)| name.starts_with(&format!("portcullis_{metric}_total")))
            .filter(|(name, _)| name.contains(label))
            .map(|(_, count)| count)
            .sum()
    }

    /// The log lines so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.walk.lines()
    }
}
