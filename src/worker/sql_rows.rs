//! A Durable Object's SQLite as the core's [`Rows`], in the few calls there are.

use std::cell::Cell;

use js_sys::Promise;
use wasm_bindgen::JsValue;

use crate::UnixMs;
use crate::store::durable::{LAYOUT, Rows, RowsError};

/// The rows of one object.
pub(super) struct SqlRows {
    storage: JsValue,
    /// The layout they have, once that was seen.
    layout: Cell<Option<u32>>,
}

impl SqlRows {
    pub(super) const fn new(storage: JsValue) -> Self {
        Self { storage, layout: Cell::new(None) }
    }

    /// Carries out `command`, and takes back what it wrote when it returns false, or when what it wrote
    /// cannot be kept; then this is false too.
    pub(super) fn transaction(&self, mut command: impl FnMut(&Self) -> bool) -> bool {
        // Outside: tables that are taken back with a command would be missed by the next.
        if self.layout.get().is_none() {
            self.layout.set(u32::try_from(glue::prepare(&self.storage, LAYOUT)).ok());
        }
        glue::transaction(&self.storage, &mut || command(self))
    }

    /// Removes rows that nobody needs since before `now`, at most that many. How many there were; `None`
    /// when that cannot be done.
    pub(super) fn collect(&self, now: UnixMs, most: u32) -> Option<u32> {
        u32::try_from(written(glue::collect(&self.storage, js_number(now), most)).ok()?).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        glue::is_empty(&self.storage)
    }

    /// Sets the alarm, unless there is one: one that an instance before this one set is not put off, else
    /// a busy object that is often made anew would never collect.
    pub(super) fn ensure_alarm(&self, at: UnixMs) -> Promise {
        glue::ensure_alarm(&self.storage, js_number(at))
    }

    /// Sets the alarm.
    pub(super) fn set_alarm(&self, at: UnixMs) -> Promise {
        glue::set_alarm(&self.storage, js_number(at))
    }
}

impl Rows for SqlRows {
    fn layout(&self) -> Result<u32, RowsError> {
        self.layout.get().ok_or(RowsError::Failed)
    }

    fn get(&self, key: &str) -> Result<Option<String>, RowsError> {
        match glue::get(&self.storage, key) {
            value if value.is_null() => Ok(None),
            value => value.as_string().map(Some).ok_or(RowsError::Failed),
        }
    }

    fn put(&self, key: &str, value: &str, until: UnixMs) -> Result<(), RowsError> {
        written(glue::put(&self.storage, key, value, js_number(until))).map(drop)
    }

    fn delete(&self, key: &str) -> Result<bool, RowsError> {
        written(glue::remove(&self.storage, key)).map(|rows| rows > 0)
    }
}

/// How many rows were written, or why none was.
const fn written(outcome: i32) -> Result<i32, RowsError> {
    match outcome {
        -1 => Err(RowsError::Full),
        -2 => Err(RowsError::OverQuota),
        rows if rows < 0 => Err(RowsError::Failed),
        rows => Ok(rows),
    }
}

#[allow(clippy::cast_precision_loss, reason = "instants are below what a double holds exactly")]
const fn js_number(instant: UnixMs) -> f64 {
    instant.0 as f64
}

/// What throws is caught in JavaScript, where nothing of the error is kept: its message may hold what was
/// written.
mod glue {
    use js_sys::Promise;
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen(inline_js = r#"
const FULL = -1;
const OVER_QUOTA = -2;
const FAILED = -3;

function fault(error) {
  const message = String(error?.message);
  if (/SQLITE_FULL|storage limit|database or disk is full/i.test(message)) return FULL;
  return /quota|exceeded/i.test(message) ? OVER_QUOTA : FAILED;
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    return fault(error);
  }
}

const write = (storage, query, ...values) => attempt(() => storage.sql.exec(query, ...values).rowsWritten);

/** The layout of the rows, `layout` where there were none; negative when that cannot be told. */
export const prepare = (storage, layout) =>
  attempt(() =>
    storage.transactionSync(() => {
      storage.sql.exec("CREATE TABLE IF NOT EXISTS layout (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT");
      storage.sql.exec("INSERT OR IGNORE INTO layout VALUES (1, ?)", layout);
      const { version } = storage.sql.exec("SELECT version FROM layout").one();
      if (version === layout) {
        storage.sql.exec("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID");
        storage.sql.exec("CREATE INDEX IF NOT EXISTS entries_until ON entries (until_ms)");
      }
      return version;
    }),
  );

export function transaction(storage, command) {
  const untaken = {};
  try {
    storage.transactionSync(() => {
      if (!command()) throw untaken;
    });
    return true;
  } catch (error) {
    // The instance is gone: nothing of it may go on.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return false;
  }
}

/** The value, null when there is none, undefined when it cannot be read. */
export function get(storage, key) {
  try {
    const [row] = storage.sql.exec("SELECT value FROM entries WHERE key = ?", key);
    return row?.value ?? null;
  } catch {
    return undefined;
  }
}

export const put = (storage, key, value, until_ms) =>
  write(storage, "INSERT INTO entries (key, value, until_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until_ms = excluded.until_ms", key, value, until_ms);

export const remove = (storage, key) => write(storage, "DELETE FROM entries WHERE key = ?", key);

export const collect = (storage, now_ms, most) =>
  attempt(
    () =>
      [...storage.sql.exec("DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE until_ms <= ? ORDER BY until_ms LIMIT ?) RETURNING 1", now_ms, most)].length,
  );

/** One that cannot be read is not: it is looked at again. */
export const is_empty = (storage) => attempt(() => ([...storage.sql.exec("SELECT 1 FROM entries LIMIT 1")].length ? 0 : 1)) === 1;

export async function ensure_alarm(storage, at_ms) {
  if ((await storage.getAlarm()) === null) await storage.setAlarm(at_ms);
}

export const set_alarm = async (storage, at_ms) => storage.setAlarm(at_ms);
"#)]
    extern "C" {
        pub(super) fn prepare(storage: &JsValue, layout: u32) -> i32;
        pub(super) fn transaction(storage: &JsValue, command: &mut dyn FnMut() -> bool) -> bool;
        pub(super) fn get(storage: &JsValue, key: &str) -> JsValue;
        pub(super) fn put(storage: &JsValue, key: &str, value: &str, until_ms: f64) -> i32;
        pub(super) fn remove(storage: &JsValue, key: &str) -> i32;
        pub(super) fn collect(storage: &JsValue, now_ms: f64, most: u32) -> i32;
        pub(super) fn is_empty(storage: &JsValue) -> bool;
        pub(super) fn ensure_alarm(storage: &JsValue, at_ms: f64) -> Promise;
        pub(super) fn set_alarm(storage: &JsValue, at_ms: f64) -> Promise;
    }
}
