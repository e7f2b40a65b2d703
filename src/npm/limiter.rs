//! Limiting.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{error, options, unix_ms};
use crate::UnixMs;
use crate::limit::{Decision, LimitError, Policy};
use crate::store::memory::{MemoryBounds, MemoryStore};
use crate::store::{EntryKey, Outcome, StoreError, Take};

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 10 * 1024;
/// Room beside it, so that a longer one shows: of text that does not fit whole characters are left out.
const CHARACTER_BYTES_MAX: usize = 4;
/// The largest integer below which a double holds all.
const DOUBLE_EXACT_MAX: f64 = 9_007_199_254_740_992.0;

const REFUSED: u32 = 0;
const ALLOWED: u32 = 1;
const DENIED: u32 = 2;

/// Counts keys by policies in this instance's memory, which is bounded.
#[wasm_bindgen]
pub struct Limiter {
    store: MemoryStore,
    policies: Vec<Policy>,
    seed: [u8; 16],
    /// Where JavaScript leaves a key. It never moves; nor does the next.
    room: Box<[u8]>,
    /// What is left, until when all is free, and for how long a denial lasts or -1: of the last decision.
    answer: Box<[f64; 3]>,
    refused: Option<JsValue>,
}

#[wasm_bindgen]
impl Limiter {
    /// `options`: an object with `policies`, a list of `{name, algorithm, limit, windowMs, burst?}`. `random`:
    /// 16 random bytes, which key its map.
    ///
    /// # Errors
    /// An `Error` with code `ERR_CONFIG_INVALID`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue, random: &[u8]) -> Result<Limiter, JsValue> {
        let invalid = |reason: &str| error("ERR_CONFIG_INVALID", reason);
        let options: options::Limiting = options::read(options)?;
        let most = MemoryBounds::default().policies;
        if options.policies.is_empty() || options.policies.len() > most {
            return Err(invalid(&format!("policies: must be 1 to {most}")));
        }
        let mut policies: Vec<Policy> = Vec::with_capacity(options.policies.len());
        for (index, written) in options.policies.iter().enumerate() {
            let fault = |e: &dyn std::fmt::Display| invalid(&format!("policies[{index}]: {e}"));
            let policy = written.policy().map_err(|e| fault(&e))?;
            if policies.iter().any(|other| other.name == policy.name) {
                return Err(fault(&"another one has this name"));
            }
            policies.push(policy);
        }
        let seed = *random.as_array().ok_or_else(|| invalid("random: 16 bytes"))?;
        Ok(Self {
            store: MemoryStore::of_local(),
            policies,
            seed,
            room: vec![0; KEY_BYTES_MAX.saturating_add(CHARACTER_BYTES_MAX)].into_boxed_slice(),
            answer: Box::default(),
            refused: None,
        })
    }

    /// The address of the room for a key.
    #[wasm_bindgen(js_name = roomAt)]
    pub fn room_at(&self) -> *const u8 {
        self.room.as_ptr()
    }

    /// How many bytes the room has.
    #[wasm_bindgen(js_name = roomBytes)]
    pub fn room_bytes(&self) -> usize {
        self.room.len()
    }

    /// The address of the three doubles that say more of the last decision.
    #[wasm_bindgen(js_name = answerAt)]
    pub fn answer_at(&self) -> *const f64 {
        self.answer.as_ptr()
    }

    /// Takes `cost` from the key that is the first `key_bytes` bytes of the room, by the policy of this number.
    /// 1: it fits; 2: it does not; 0: [`Limiter::take_refusal`] has why it was not decided.
    pub fn take(&mut self, policy: usize, key_bytes: usize, cost: f64, now_ms: f64) -> u32 {
        self.decide(policy, key_bytes, cost, now_ms, MemoryStore::take)
    }

    /// As [`Limiter::take`], taking nothing.
    pub fn peek(&mut self, policy: usize, key_bytes: usize, cost: f64, now_ms: f64) -> u32 {
        self.decide(policy, key_bytes, cost, now_ms, MemoryStore::look)
    }

    /// Forgets the count of that key. False for a refusal.
    pub fn reset(&mut self, policy: usize, key_bytes: usize) -> bool {
        match self.place(policy, key_bytes) {
            Ok((policy, key)) => {
                self.store.forget(policy, key);
                true
            }
            Err(refused) => {
                self.refused = Some(refused);
                false
            }
        }
    }

    /// Why nothing was decided: an `Error` with code `ERR_LIMIT_KEY_INVALID`, `ERR_LIMIT_COST_INVALID`,
    /// `ERR_TIME_INVALID` or `ERR_LIMIT_POLICY_UNKNOWN`.
    #[wasm_bindgen(js_name = takeRefusal)]
    pub fn take_refusal(&mut self) -> Option<JsValue> {
        self.refused.take()
    }

    fn decide(
        &mut self,
        policy: usize,
        key_bytes: usize,
        cost: f64,
        now_ms: f64,
        by: impl Fn(&MemoryStore, &Take<'_>, UnixMs) -> Result<Outcome, StoreError>,
    ) -> u32 {
        let decided = self.place(policy, key_bytes).and_then(|(policy, key)| {
            let cost = units(cost, policy)?;
            let now =
                unix_ms(now_ms).ok_or_else(|| error("ERR_TIME_INVALID", "nowMs is no time"))?;
            // There is room for as many policies as there may be.
            by(&self.store, &Take { policy, key, cost }, now)
                .map(|outcome| outcome.decision)
                .map_err(|e| error(e.code(), &e.to_string()))
        });
        match decided {
            Ok(decision) => {
                *self.answer = numbers(decision);
                if decision.allowed { ALLOWED } else { DENIED }
            }
            Err(refused) => {
                self.refused = Some(refused);
                REFUSED
            }
        }
    }

    fn place(&self, policy: usize, key_bytes: usize) -> Result<(&Policy, EntryKey), JsValue> {
        let unknown = || error("ERR_LIMIT_POLICY_UNKNOWN", "there is no such policy");
        let policy = self.policies.get(policy).ok_or_else(unknown)?;
        let fits = (1..=KEY_BYTES_MAX).contains(&key_bytes);
        let key = self.room.get(..key_bytes).filter(|_| fits);
        let invalid = || error("ERR_LIMIT_KEY_INVALID", "a key has 1 to 10,240 bytes");
        Ok((policy, EntryKey::local(&self.seed, key.ok_or_else(invalid)?)))
    }
}

/// A cost the policy accepts.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn units(cost: f64, policy: &Policy) -> Result<u64, JsValue> {
    let limit = policy.quota.burst();
    let whole =
        (0.0..=DOUBLE_EXACT_MAX).contains(&cost) && cost.trunc().to_bits() == cost.to_bits();
    let units = if whole { cost as u64 } else { 0 };
    if policy.quota.accepts(units) {
        return Ok(units);
    }
    let refused = LimitError::CostOutOfRange { cost: units, limit };
    Err(error(refused.code(), &format!("cost must be a whole number of 1 to {limit}")))
}

/// All of them are below 2^53 but a clock's end.
#[allow(clippy::cast_precision_loss, reason = "what a double does not hold is no wait of a quota")]
fn numbers(decision: Decision) -> [f64; 3] {
    let Decision { remaining, reset_ms, retry_after_ms, .. } = decision;
    [remaining as f64, reset_ms as f64, retry_after_ms.map_or(-1.0, |ms| ms as f64)]
}
