//! How a Worker's commands reach the object, and its answers come back.

use std::fmt;

use crate::fetch::{Fetch, Request};
use crate::store::StoreError;
use crate::store::redis::{Command, Dialect, Reply, Transport};
use crate::store::upstash::{REPLY_BYTES_MAX, read};

/// Only the object sees it.
const URL: &str = "https://durable-object/";

/// A [`Transport`] to a Durable Object that carries out [`super::answer`], over `F`, which reaches it.
pub struct ObjectTransport<F>(F);

impl<F: Fetch> ObjectTransport<F> {
    /// Over `fetch`, which takes any URL and has a deadline of its own.
    #[must_use]
    pub const fn new(fetch: F) -> Self {
        Self(fetch)
    }

    /// What reaches the object.
    pub const fn fetch(&self) -> &F {
        &self.0
    }
}

impl<F> fmt::Debug for ObjectTransport<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectTransport").finish_non_exhaustive()
    }
}

impl<F: Fetch> Transport for ObjectTransport<F> {
    fn dialect(&self) -> Dialect {
        Dialect::Named
    }

    async fn call(&self, command: &Command) -> Result<Reply, StoreError> {
        let body = serde_json::to_string(command.parts());
        let response = self.0.fetch(Request {
            method: "POST",
            url: URL,
            fields: Vec::new(),
            body: body.map_err(|_| StoreError::Protocol { cause: "unencodable_command" })?,
            deadline_ms: None,
            answer_fields: &[],
            answer_bytes_max: REPLY_BYTES_MAX,
        });
        let response = response.await?;
        read(response.status, &response.body)
    }
}
