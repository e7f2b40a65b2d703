//! A command as it comes in, and what goes out.

use super::rows::RowsError;
use super::{COMMAND_BYTES_MAX, UnixMs};
use crate::limit::{Algorithm, Quota};

/// One command: its name, keys and arguments.
pub(super) struct Command {
    parts: Vec<String>,
    /// Where the arguments begin.
    args_at: usize,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is none of ours, in its form.
    Malformed,
    /// Its name is none of ours: that of a newer Worker, while this is an older object.
    Unknown,
    /// The rows are laid out as an older or newer Worker does.
    OtherLayout,
    /// The rows failed.
    Rows(RowsError),
}

impl From<RowsError> for Fault {
    fn from(error: RowsError) -> Self {
        Self::Rows(error)
    }
}

impl Fault {
    /// Its status, and its body in the words the store's errors are told by.
    pub(super) fn answer(self) -> (u16, String) {
        let (status, error) = match self {
            Self::Malformed => (400, "ERR malformed command"),
            Self::Unknown => (400, "ERR unknown command"),
            Self::OtherLayout => (400, "LAYOUT of the rows is another"),
            Self::Rows(RowsError::OverQuota) => (400, "ERR quota exceeded"),
            Self::Rows(RowsError::Full) => (400, "OOM no room for what is to be written"),
            Self::Rows(RowsError::Failed) => (500, "ERR the storage failed"),
        };
        (status, serde_json::json!({ "error": error }).to_string())
    }
}

impl Command {
    /// `[name, number of keys, keys.., arguments..]`.
    pub(super) fn parse(body: &str) -> Result<Self, Fault> {
        if body.len() > COMMAND_BYTES_MAX {
            return Err(Fault::Malformed);
        }
        let parts: Vec<String> = serde_json::from_str(body).map_err(|_| Fault::Malformed)?;
        let keys: usize =
            parts.get(1).and_then(|keys| keys.parse().ok()).ok_or(Fault::Malformed)?;
        let args_at = keys.saturating_add(2);
        if args_at > parts.len() {
            return Err(Fault::Malformed);
        }
        Ok(Self { parts, args_at })
    }

    pub(super) fn name(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }

    pub(super) fn keys(&self) -> &[String] {
        self.parts.get(2..self.args_at).unwrap_or_default()
    }

    pub(super) fn args(&self) -> Args<'_> {
        Args(self.parts.get(self.args_at..).unwrap_or_default().iter())
    }
}

/// The arguments that were not read yet.
pub(super) struct Args<'c>(std::slice::Iter<'c, String>);

impl<'c> Args<'c> {
    pub(super) fn text(&mut self) -> Result<&'c str, Fault> {
        self.0.next().map(String::as_str).ok_or(Fault::Malformed)
    }

    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        self.text()?.parse().map_err(|_| Fault::Malformed)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Fault> {
        match self.text()? {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(Fault::Malformed),
        }
    }

    /// The instant to decide by: the given one, or the object's own for 0.
    pub(super) fn clock(&mut self, now: UnixMs) -> Result<UnixMs, Fault> {
        Ok(match self.number()? {
            0 => now,
            given => UnixMs(given),
        })
    }

    /// How a policy counts: its letter, limit, window and burst.
    pub(super) fn counting(&mut self) -> Result<(Algorithm, Quota), Fault> {
        let algorithm = Algorithm::from_letter(self.text()?).ok_or(Fault::Malformed)?;
        let (limit, window_ms, burst) = (self.number()?, self.number()?, self.number()?);
        let quota = Quota::new(limit, window_ms)
            .and_then(|quota| if burst == limit { Ok(quota) } else { quota.with_burst(burst) });
        Ok((algorithm, quota.map_err(|_| Fault::Malformed)?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}

/// One item of an answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    Number(u64),
    Signed(i64),
    Text(String),
}

pub(super) fn result(items: &[Item]) -> String {
    serde_json::json!({ "result": items }).to_string()
}
