//! The scheduled handler: tells the primary of the revocations that instances wrote to KV while they
//! could not reach it, and may have died before they could say so themselves.
//!
//! An entry that was told stays, marked: instances that still cannot reach the primary go by it.
//! One that is extended meanwhile loses its mark with the new value, and is told again.

use worker::kv::{KvError, KvStore};

use super::clock::now;
use super::kv_store::call_within;
use crate::background::Background;
use crate::fallback::Fallback;
use crate::instance::Instance;
use crate::store::Store;
use crate::store::kv::{self, Entry};
use crate::telemetry::Event;

/// Entries of one run, and pages that are looked through for them: a Worker may make a thousand calls.
const ENTRIES_MAX: usize = 200;
const PAGES_MAX: usize = 10;
/// Deadline of a call of KV, in milliseconds. Nobody waits for this.
const DEADLINE_MS: u64 = 5_000;
/// What an entry that was told is marked with.
const TOLD: &str = "told";

/// Tells the first store of `chain` what KV holds, as far as it goes. What is left waits for the next
/// run.
pub(super) async fn drain<P, S, B>(
    instance: &Instance,
    namespace: &KvStore,
    chain: &Fallback<P, S, B>,
) where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    let mut told = 0_usize;
    let mut cursor = None;
    'pages: for _ in 0..PAGES_MAX {
        let mut list = namespace.list().prefix(kv::PREFIX.to_owned());
        if let Some(cursor) = cursor.take() {
            list = list.cursor(cursor);
        }
        let Some(page) = call(instance, list.execute()).await else { break };
        for key in page.keys.iter().filter(|key| key.metadata.is_none()) {
            if told >= ENTRIES_MAX || !tell(instance, namespace, chain, &key.name).await {
                break 'pages;
            }
            told = told.saturating_add(1);
        }
        cursor = page.cursor.filter(|_| !page.list_complete);
        if cursor.is_none() {
            break;
        }
    }
    if told > 0 {
        instance.telemetry.record(&Event::SecondaryDrained { count: told });
    }
}

/// Tells one entry and marks it. Whether to go on.
async fn tell<P, S, B>(
    instance: &Instance,
    namespace: &KvStore,
    chain: &Fallback<P, S, B>,
    key: &str,
) -> bool
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    let Some((scope, name)) = kv::parse_key(key) else { return true };
    let Some(stored) = call(instance, namespace.get(key).text()).await else { return false };
    // One that cannot be read refuses its token wherever it is looked for, and says no more.
    let Some(entry) = stored.as_deref().and_then(Entry::from_text) else { return true };
    let now = now();
    let Some(revocation) = entry.revocation(scope, name, now) else { return true };
    if !chain.hand_over(&revocation, now).await {
        return false;
    }
    let marked = namespace
        .put(key, entry.to_text())
        .and_then(|put| put.expiration(entry.expiration_s(now)).metadata(TOLD));
    match marked {
        // Without its mark it is told once more: that changes nothing.
        Ok(put) => call(instance, put.execute()).await.is_some(),
        Err(_) => false,
    }
}

/// What KV answers within the deadline; a failure is counted.
async fn call<T>(
    instance: &Instance,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Option<T> {
    let answer = call_within(DEADLINE_MS, operation).await;
    if let Err(error) = &answer {
        instance.telemetry.record(&Event::SecondaryFailed { verb: "drain", error });
    }
    answer.ok()
}
