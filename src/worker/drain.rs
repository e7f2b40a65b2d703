//! KV as the drain looks through it.

use worker::Env;
use worker::kv::KvStore;

use super::environment;
use super::kv_store::{call_within, values};
use crate::fallback::drain::{Listing, Page};
use crate::store::StoreError;
use crate::store::kv::PREFIX;

/// Deadline of a call, in milliseconds. Nobody waits for this.
const DEADLINE_MS: u64 = 5_000;

/// The namespace, for one event.
pub(super) struct KvListing<'e> {
    pub(super) env: &'e Env,
    pub(super) namespace: KvStore,
}

impl Listing for KvListing<'_> {
    async fn keys(&self, cursor: Option<String>) -> Result<Page, StoreError> {
        let mut list = self.namespace.list().prefix(PREFIX.to_owned());
        if let Some(cursor) = cursor {
            list = list.cursor(cursor);
        }
        let page = call_within(DEADLINE_MS, list.execute()).await?;
        let cursor = page.cursor.filter(|_| !page.list_complete);
        Ok(Page { keys: page.keys.into_iter().map(|key| key.name).collect(), cursor })
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        let answer = call_within(DEADLINE_MS, environment::kv_read(self.env, keys)).await?;
        values(&answer, keys)
    }

    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError> {
        let put = self.namespace.put(key, value);
        let put = put.map_err(|_| StoreError::Unavailable { cause: "kv_error" })?;
        call_within(DEADLINE_MS, put.expiration(expiration_s).execute()).await
    }
}
