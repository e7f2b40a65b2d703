//! The Durable Object that is the store: SQLite's rows around [`crate::store::durable`].
//!
//! One object serves a deployment: its name is the prefix of the store's keys. It is reached by the binding
//! alone, and answers commands; what is in them are digests and numbers.

use std::cell::Cell;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::clock::now;
use crate::UnixMs;
use crate::store::durable::{Rows, RowsError, answer};

/// How long after a command rows are looked through for those that are over, in milliseconds.
const COLLECT_MS: u64 = 10 * 60_000;
/// Rows removed at once; when there are more, the rest soon after.
const COLLECTED_MAX: u32 = 10_000;
/// How soon, in milliseconds.
const REST_MS: u64 = 1_000;

/// The store of a deployment.
#[durable_object(alarm)]
#[allow(unreachable_pub, missing_debug_implementations, reason = "an export must be public")]
pub struct PortcullisStore {
    storage: JsValue,
    /// When this instance of the object next sees to it that there is an alarm; 0 at its start.
    alarm_ms: Cell<u64>,
}

impl DurableObject for PortcullisStore {
    fn new(state: State, _env: Env) -> Self {
        let storage: JsValue = state.storage().as_raw().into();
        glue::prepare(&storage);
        Self { storage, alarm_ms: Cell::new(0) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.text().await?;
        // Read once: a command is decided by one instant.
        let now = now();
        let mut answered = (500, String::new());
        // What fails takes back all that it wrote.
        glue::transaction(&self.storage, &mut || {
            answered = answer(&SqlRows(&self.storage), &body, now);
            answered.0 == 200
        });
        if self.alarm_ms.get() <= now.0 {
            let at = now.plus(COLLECT_MS);
            self.alarm_ms.set(at.0);
            // One that an instance before this one set is not put off: else a busy object that is often
            // made anew would never collect.
            JsFuture::from(glue::ensure_alarm(&self.storage, js_number(at))).await?;
        }
        let (status, body) = answered;
        Ok(Response::ok(body)?.with_status(status))
    }

    /// Removes rows that are over, a bounded number at once.
    async fn alarm(&self) -> Result<Response> {
        let now = now();
        let collected = glue::collect(&self.storage, js_number(now), COLLECTED_MAX);
        if collected >= COLLECTED_MAX {
            self.set_alarm(now, REST_MS);
        } else if glue::has_rows(&self.storage) {
            self.set_alarm(now, COLLECT_MS);
        }
        Response::empty()
    }
}

impl PortcullisStore {
    fn set_alarm(&self, now: UnixMs, after_ms: u64) {
        let at = now.plus(after_ms);
        self.alarm_ms.set(at.0);
        glue::set_alarm(&self.storage, js_number(at));
    }
}

struct SqlRows<'o>(&'o JsValue);

impl Rows for SqlRows<'_> {
    fn get(&self, key: &str) -> std::result::Result<Option<String>, RowsError> {
        match glue::get(self.0, key) {
            value if value.is_null() => Ok(None),
            value => value.as_string().map(Some).ok_or(RowsError::Failed),
        }
    }

    fn put(&self, key: &str, value: &str, until: UnixMs) -> std::result::Result<(), RowsError> {
        written(glue::put(self.0, key, value, js_number(until))).map(drop)
    }

    fn delete(&self, key: &str) -> std::result::Result<bool, RowsError> {
        written(glue::remove(self.0, key)).map(|rows| rows > 0)
    }
}

/// How many rows were written, or why none was.
const fn written(outcome: i32) -> std::result::Result<i32, RowsError> {
    match outcome {
        -1 => Err(RowsError::Full),
        rows if rows < 0 => Err(RowsError::Failed),
        rows => Ok(rows),
    }
}

#[allow(clippy::cast_precision_loss, reason = "instants are below what a double holds exactly")]
const fn js_number(instant: UnixMs) -> f64 {
    instant.0 as f64
}

/// SQL, in the few calls there are. The version of the layout stands in the table's name, so that another
/// one never meets it.
mod glue {
    use super::{JsValue, Promise, wasm_bindgen};

    #[wasm_bindgen(inline_js = r#"
/** Nothing is told of an error but whether there is no room: its message may hold what was written. */
const fault = (error) => (/SQLITE_FULL|storage limit|quota|exceeded/i.test(String(error?.message)) ? -1 : -2);

const write = (storage, query, ...values) => {
  try {
    return storage.sql.exec(query, ...values).rowsWritten;
  } catch (error) {
    return fault(error);
  }
};

/** What fails here fails again at the first command, and is told there. */
export function prepare(storage) {
  write(storage, "CREATE TABLE IF NOT EXISTS entries_1 (key TEXT PRIMARY KEY, value TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID");
  write(storage, "CREATE INDEX IF NOT EXISTS entries_1_until ON entries_1 (until_ms)");
}

/** Runs `command`, and takes back what it wrote when it returns false. */
export function transaction(storage, command) {
  const failed = {};
  try {
    storage.transactionSync(() => {
      if (!command()) throw failed;
    });
  } catch (error) {
    if (error !== failed) throw error;
  }
}

/** The value, null when there is none, undefined when it cannot be read. */
export function get(storage, key) {
  try {
    const [row] = storage.sql.exec("SELECT value FROM entries_1 WHERE key = ?", key);
    return row?.value ?? null;
  } catch {
    return undefined;
  }
}

export const put = (storage, key, value, until_ms) =>
  write(storage, "INSERT INTO entries_1 (key, value, until_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until_ms = excluded.until_ms", key, value, until_ms);

export const remove = (storage, key) => write(storage, "DELETE FROM entries_1 WHERE key = ?", key);

export function collect(storage, now_ms, most) {
  const over = "SELECT key FROM entries_1 WHERE until_ms <= ? ORDER BY until_ms LIMIT ?";
  const keys = [...storage.sql.exec(over, now_ms, most)];
  for (const { key } of keys) storage.sql.exec("DELETE FROM entries_1 WHERE key = ?", key);
  return keys.length;
}

export const has_rows = (storage) => [...storage.sql.exec("SELECT 1 FROM entries_1 LIMIT 1")].length > 0;

export async function ensure_alarm(storage, at_ms) {
  if ((await storage.getAlarm()) === null) set_alarm(storage, at_ms);
}

/** Seen through by the runtime, which holds the answer back until it is written. */
export function set_alarm(storage, at_ms) {
  storage.setAlarm(at_ms);
}
"#)]
    extern "C" {
        pub(super) fn prepare(storage: &JsValue);
        pub(super) fn transaction(storage: &JsValue, command: &mut dyn FnMut() -> bool);
        pub(super) fn get(storage: &JsValue, key: &str) -> JsValue;
        pub(super) fn put(storage: &JsValue, key: &str, value: &str, until_ms: f64) -> i32;
        pub(super) fn remove(storage: &JsValue, key: &str) -> i32;
        pub(super) fn collect(storage: &JsValue, now_ms: f64, most: u32) -> u32;
        pub(super) fn has_rows(storage: &JsValue) -> bool;
        pub(super) fn ensure_alarm(storage: &JsValue, at_ms: f64) -> Promise;
        pub(super) fn set_alarm(storage: &JsValue, at_ms: f64);
    }
}
