//! The Durable Object that is the store: [`crate::store::durable`] over its own SQLite.
//!
//! One object serves a deployment: its name is the prefix of the store's keys. It is reached by the binding
//! alone, and answers commands; what is in them are digests and numbers.

use std::cell::Cell;

use worker::wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::clock::now;
use super::glue;
use super::sql_rows::SqlRows;
use crate::UnixMs;
use crate::store::durable::{COMMAND_BYTES_MAX, answer, unkept};

/// How long after a command rows are looked through for those that are over, in milliseconds.
const COLLECT_MS: u64 = 10 * 60_000;
/// Rows removed at once, by one statement; when there are more, the rest soon after.
const COLLECTED_MAX: u32 = 1_000;
/// How soon, in milliseconds.
const REST_MS: u64 = 100;

/// The store of a deployment.
#[durable_object(alarm)]
#[allow(unreachable_pub, missing_debug_implementations, reason = "an export must be public")]
pub struct PortcullisStore {
    rows: SqlRows,
    /// When this instance of the object next sees to it that there is an alarm; 0 at its start.
    alarm_ms: Cell<u64>,
}

impl DurableObject for PortcullisStore {
    fn new(state: State, _env: Env) -> Self {
        Self { rows: SqlRows::new(state.storage().as_raw().into()), alarm_ms: Cell::new(0) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        #[allow(
            clippy::cast_precision_loss,
            reason = "it is far below what a double holds exactly"
        )]
        let body = glue::text(request.inner(), COMMAND_BYTES_MAX as f64);
        // One that is longer is read as none at all, which is no command.
        let body = JsFuture::from(body).await?.as_string().unwrap_or_default();
        // Read once: a command is decided by one instant.
        let now = now();
        let mut answered = unkept();
        let kept = self.rows.transaction(|rows| {
            answered = answer(rows, &body, now);
            answered.0 == 200
        });
        if !kept && answered.0 == 200 {
            answered = unkept();
        }
        if self.alarm_ms.get() <= now.0 {
            let at = now.plus(COLLECT_MS);
            self.alarm_ms.set(at.0);
            JsFuture::from(self.rows.ensure_alarm(at)).await?;
        }
        let (status, body) = answered;
        Ok(Response::ok(body)?.with_status(status))
    }

    /// Removes rows that are over, a bounded number at once.
    async fn alarm(&self) -> Result<Response> {
        let now = now();
        match self.rows.collect(now, COLLECTED_MAX) {
            Some(COLLECTED_MAX) => self.set_alarm(now, REST_MS).await?,
            _ if self.rows.is_empty() => {}
            _ => self.set_alarm(now, COLLECT_MS).await?,
        }
        Response::empty()
    }
}

impl PortcullisStore {
    async fn set_alarm(&self, now: UnixMs, after_ms: u64) -> Result<()> {
        let at = now.plus(after_ms);
        self.alarm_ms.set(at.0);
        JsFuture::from(self.rows.set_alarm(at)).await?;
        Ok(())
    }
}
