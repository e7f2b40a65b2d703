//! A chain whose first store answers keeps every promise of that store.

use std::cell::Cell;
use std::sync::Arc;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::config::Config;
use crate::store::Either;
use crate::store::contract::{Bench, store_contract};
use crate::store::memory::MemoryStore;

const SETTINGS: &str = r#"{"issuer":"https://auth.test","audience":["https://api.test"]}"#;
const KEYS: &str = r#"{"keys":[{"kty":"oct","kid":"k","alg":"HS256",
    "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]}"#;

const CLIENTS: &str = r#"[{"id":"c","grants":[],"scopes":[],"audiences":[],
    "secret_sha256":["TQ1suxKzyU2j-wEqI2zaZoyzsvj24lE0pBXelWMeWGo"]}]"#;

/// Takes work and drops it.
struct Nowhere;

impl Background for Nowhere {
    fn spawn(&self, _: impl Future<Output = ()> + 'static) {}
}

type Chained = Fallback<Arc<MemoryStore>, Arc<MemoryStore>, Nowhere>;

/// A chain over memory, as the store that was chosen at run time.
struct Chosen {
    store: Either<MemoryStore, Chained>,
    now: Cell<UnixMs>,
}

impl Chosen {
    fn new() -> Self {
        let config = Config::from_json(SETTINGS, KEYS, CLIENTS).unwrap();
        let instance = Arc::new(Instance::new(config, [7; 32]));
        let primary = Arc::new(MemoryStore::new([8; 16]));
        let store = Either::Second(Fallback::new(instance, primary, None, Nowhere));
        Self { store, now: Cell::new(UnixMs(1_700_000_000_250)) }
    }
}

impl Bench for Chosen {
    type Store = Either<MemoryStore, Chained>;

    fn store(&self) -> &Self::Store {
        &self.store
    }

    fn now(&self) -> UnixMs {
        self.now.get()
    }

    async fn pass(&self, ms: u64) {
        self.now.set(self.now.get().plus(ms));
    }
}

store_contract!(Chosen::new());
