//! Telling the primary of the revocations that instances wrote to the secondary while they could not
//! reach it, and may have died before they could say so themselves.
//!
//! An entry that was told stays: instances that still cannot reach the primary go by it. What was told
//! is written under a key of its own, so that an entry which is extended meanwhile is told again.

use super::Fallback;
use crate::UnixMs;
use crate::background::Background;
use crate::instance::Instance;
use crate::planted::{self, Bug};
use crate::store::kv::{self, Entry};
use crate::store::{Admit, Store, StoreError};
use crate::telemetry::Event;

/// Entries that are told in one run, and pages that are looked through for them. The next run of this instance goes on
/// where one ended.
const TOLD_MAX: usize = 200;
const PAGES_MAX: usize = 20;
/// Entries that are read in one call, each with what was told of it: KV reads a hundred keys at once.
const READ_AT_ONCE: usize = 50;

/// A key-value store that can be looked through. Each call has its deadline.
#[allow(
    async_fn_in_trait,
    reason = "isolates are single-threaded; a Send bound would shut out JavaScript futures"
)]
pub trait Listing {
    /// The keys that begin with [`kv::PREFIX`], a page of them, and where the next one begins.
    async fn keys(&self, cursor: Option<String>) -> Result<Page, StoreError>;
    /// The values of at most a hundred keys, in their order.
    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError>;
    /// Writes a value that ends then, in Unix seconds.
    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError>;
}

/// Some keys, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The keys.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<String>,
}

/// Why a run goes no further for now.
enum Stop {
    /// As much was told as one run tells.
    Enough,
    /// The primary took no more.
    Primary,
    /// The secondary failed.
    Secondary(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Secondary(error)
    }
}

impl<P, S, B> Fallback<P, S, B>
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    /// Tells the primary what `secondary` holds and it was not told yet, as far as it goes.
    pub async fn drain(&self, secondary: &impl Listing, now: UnixMs) {
        let Instance { telemetry, .. } = &*self.chain.instance;
        let mut told = 0;
        // What was told to a primary that has lost its data since is told again.
        let (nothing, primary) = (Admit::default(), &self.chain.primary);
        // Of the primary alone: without it nobody could be told.
        let asked = self.demand("admit", now, primary.admit(&nothing, now)).await;
        let Ok(admission) = asked else { return };
        if self.chain.learn(&nothing, &admission, now) {
            self.catch_up(now);
        }
        let epoch = admission.epoch.unwrap_or_default();
        let stopped = self.drain_pages(secondary, epoch, &mut told, now).await;
        if let Err(Stop::Secondary(error)) = stopped {
            // Where it was may be what it fails at.
            self.chain.instance.outages.drain_from(None);
            telemetry.record(&Event::SecondaryFailed { verb: "drain", error: &error });
        }
        if told > 0 {
            telemetry.record(&Event::SecondaryDrained { count: told });
        }
    }

    async fn drain_pages(
        &self,
        secondary: &impl Listing,
        epoch: u64,
        told: &mut usize,
        now: UnixMs,
    ) -> Result<(), Stop> {
        let outages = &self.chain.instance.outages;
        for _ in 0..PAGES_MAX {
            let cursor = outages.drained_to();
            let page = secondary.keys(cursor).await?;
            for keys in page.keys.chunks(READ_AT_ONCE) {
                let marks = keys.iter().filter_map(|key| kv::told_key(key));
                let asked: Vec<String> = keys.iter().cloned().chain(marks).collect();
                let mut values = secondary.read(&asked).await?;
                let marks = values.split_off(keys.len().min(values.len()));
                for ((key, stored), mark) in keys.iter().zip(values).zip(marks) {
                    let Some(stored) = stored else { continue };
                    let current = format!("{epoch} {stored}");
                    if mark.as_ref() != Some(&current) && !planted::is(Bug::DrainSkips) {
                        self.tell(secondary, key, (&stored, current), told, now).await?;
                    }
                }
            }
            let is_last = page.cursor.is_none();
            outages.drain_from(page.cursor);
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Tells one entry. One that cannot be read refuses its token wherever it is looked for, and has no
    /// more to tell; one that is over has nothing.
    async fn tell(
        &self,
        secondary: &impl Listing,
        key: &str,
        (stored, current): (&str, String),
        told: &mut usize,
        now: UnixMs,
    ) -> Result<(), Stop> {
        let Some((scope, name)) = kv::parse_key(key) else { return Ok(()) };
        let Some(entry) = Entry::parse(stored) else { return Ok(()) };
        let Some(revocation) = entry.revocation(scope, name, now) else { return Ok(()) };
        if *told >= TOLD_MAX {
            return Err(Stop::Enough);
        }
        let answer = self.demand("revoke", now, self.chain.primary.revoke(&revocation, now)).await;
        answer.map_err(|_| Stop::Primary)?;
        *told = told.saturating_add(1);
        if let Some(mark) = kv::told_key(key) {
            // Without it the entry is told once more: that changes nothing.
            secondary.write(&mark, current, entry.expiration_s(now)).await?;
        }
        Ok(())
    }
}
