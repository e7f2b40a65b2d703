//! What comes back: replies, the server's errors, and reading a script's answer.

use std::fmt;

use serde::Deserialize;
use serde::de::{Error, SeqAccess, Visitor};

use crate::store::{EntryKey, StoreError};

/// A reply of the server.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// There is nothing.
    Nil,
    /// An integer.
    Integer(i64),
    /// A string.
    Text(String),
    /// Several replies.
    List(Vec<Reply>),
    /// The command was not done.
    Error(ServerError),
}

/// Shows what kind it is, never what is stored.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("Nil"),
            Self::Integer(_) => f.write_str("Integer"),
            Self::Text(_) => f.write_str("Text"),
            Self::List(replies) => write!(f, "List({})", replies.len()),
            Self::Error(error) => write!(f, "Error({error:?})"),
        }
    }
}

/// Why a command was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerError {
    /// The server does not know the script's hash: nothing ran, and its text has to be sent.
    NoScript,
    /// The credentials are refused, or may not do this.
    Unauthorized,
    /// Anything else, in fixed words.
    Other(&'static str),
}

/// How an error begins, with the word it is counted under.
const CAUSES: [(&str, ServerError); 16] = [
    ("NOSCRIPT", ServerError::NoScript),
    ("NOAUTH", ServerError::Unauthorized),
    ("WRONGPASS", ServerError::Unauthorized),
    ("NOPERM", ServerError::Unauthorized),
    ("OOM", ServerError::Other("out_of_memory")),
    ("READONLY", ServerError::Other("read_only")),
    ("LOADING", ServerError::Other("loading")),
    ("BUSY", ServerError::Other("busy")),
    ("MISCONF", ServerError::Other("not_persisting")),
    ("NOREPLICAS", ServerError::Other("no_replicas")),
    ("MASTERDOWN", ServerError::Other("primary_down")),
    ("CLUSTERDOWN", ServerError::Other("cluster_down")),
    ("TRYAGAIN", ServerError::Other("cluster_down")),
    ("MOVED", ServerError::Other("cluster_moved")),
    ("ASK", ServerError::Other("cluster_moved")),
    // The Durable Object, not Redis.
    ("LAYOUT", ServerError::Other("other_layout")),
];

impl ServerError {
    /// Classifies an error by its text, of which nothing is kept: it may quote what was sent.
    #[must_use]
    pub fn classify(message: &str) -> Self {
        let message = message.trim_start_matches('-');
        let said = message.strip_prefix("ERR ").unwrap_or(message);
        // Redis before 7 quotes the error of a command in a script: `... user_script:1: -OOM ...`.
        let quoted = said.split_once(": -").map_or("", |(_, quoted)| quoted);
        for (prefix, error) in CAUSES {
            if begins(said, prefix) || begins(quoted, prefix) {
                return error;
            }
        }
        // Upstash: `ERR max daily request limit exceeded. Limit: ...`, `ERR DB capacity quota ...`.
        let over = (said.starts_with("max ") && said.contains("limit exceeded"))
            || said.contains("quota exceeded");
        Self::Other(if over { "quota" } else { "command_failed" })
    }
}

/// Whether the first word of an error is `code`.
fn begins(message: &str, code: &str) -> bool {
    message.split([' ', '.', ':']).next() == Some(code)
}

impl From<ServerError> for StoreError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Unauthorized => Self::Unauthorized,
            ServerError::NoScript => Self::Unavailable { cause: "script_unknown" },
            ServerError::Other(cause) => Self::Unavailable { cause },
        }
    }
}

/// From JSON. Numbers are integers; nesting is bounded by the JSON reader.
impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Replies;
        impl<'de> Visitor<'de> for Replies {
            type Value = Reply;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reply")
            }

            fn visit_unit<E: Error>(self) -> Result<Reply, E> {
                Ok(Reply::Nil)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Reply, E> {
                Ok(Reply::Integer(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Reply, E> {
                i64::try_from(value).map(Reply::Integer).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Reply, E> {
                Ok(Reply::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Reply, A::Error> {
                let mut replies = Vec::new();
                while let Some(reply) = items.next_element()? {
                    replies.push(reply);
                }
                Ok(Reply::List(replies))
            }
        }
        deserializer.deserialize_any(Replies)
    }
}

/// A script's answer, read from its beginning to its end. What does not fit what was asked for is
/// [`StoreError::Protocol`]: a script of ours never answers so.
pub(super) struct Answer(std::vec::IntoIter<Reply>);

/// The answer is none of the script's.
pub(super) const UNEXPECTED: StoreError = StoreError::Protocol { cause: "unexpected_reply" };

impl Answer {
    pub(super) fn new(reply: Reply) -> Result<Self, StoreError> {
        match reply {
            Reply::List(items) => Ok(Self(items.into_iter())),
            Reply::Error(error) => Err(error.into()),
            _ => Err(UNEXPECTED),
        }
    }

    /// How many items are left to read.
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn integer(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Reply::Integer(value)) => Ok(value),
            _ => Err(UNEXPECTED),
        }
    }

    /// An integer of 0 or more, as all but one are.
    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.integer()?).map_err(|_| UNEXPECTED)
    }

    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        match self.integer()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(UNEXPECTED),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(Reply::Text(text)) => Ok(text),
            _ => Err(UNEXPECTED),
        }
    }

    pub(super) fn name(&mut self) -> Result<EntryKey, StoreError> {
        EntryKey::parse(&self.text()?).ok_or(UNEXPECTED)
    }

    /// The end, where it was to be.
    pub(super) fn end(mut self) -> Result<(), StoreError> {
        if self.0.next().is_none() { Ok(()) } else { Err(UNEXPECTED) }
    }

    /// The answer of a script that only does: a single 1.
    pub(super) fn done(mut self) -> Result<(), StoreError> {
        if self.integer()? != 1 {
            return Err(UNEXPECTED);
        }
        self.end()
    }
}
