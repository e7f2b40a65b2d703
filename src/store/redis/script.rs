//! The scripts, and the commands that run them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use hmac_sha1_compact::Hash;

/// Upstash runs a script that says this beside others, locking its KEYS alone. Stock Redis refuses
/// the flag.
const KEY_LOCKING: &str = "#!lua flags=allow-key-locking\n";

/// Which Lua the server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// Scripts as Redis itself takes them.
    Redis,
    /// Scripts with Upstash's flag where they allow it. Our bridge strips it.
    Upstash,
    /// None: what the scripts do is asked for by name.
    Named,
}

/// A script's text with its SHA-1, by which the server knows it.
struct Source {
    text: Cow<'static, str>,
    sha1: String,
}

impl Source {
    fn new(text: Cow<'static, str>) -> Self {
        let mut sha1 = String::with_capacity(40);
        for byte in Hash::hash(text.as_bytes()) {
            // Writing to a string does not fail.
            let _ = write!(sha1, "{byte:02x}");
        }
        Self { text, sha1 }
    }
}

/// One family of verbs.
pub(super) struct Script {
    name: &'static str,
    redis: Source,
    upstash: Source,
}

impl Script {
    /// A script all of whose keys stand in KEYS.
    fn locking_keys(name: &'static str, text: &'static str) -> Self {
        let upstash = Source::new(format!("{KEY_LOCKING}{text}").into());
        Self { name, redis: Source::new(text.into()), upstash }
    }

    /// A script that finds some of its keys as it runs, and must have the server to itself.
    fn locking_all(name: &'static str, text: &'static str) -> Self {
        Self { name, redis: Source::new(text.into()), upstash: Source::new(text.into()) }
    }

    const fn source(&self, dialect: Dialect) -> &Source {
        match dialect {
            Dialect::Redis => &self.redis,
            Dialect::Upstash | Dialect::Named => &self.upstash,
        }
    }
}

/// The text of a script that decides: all that is decided by, and what it does with it.
macro_rules! deciding {
    ($script:literal) => {
        concat!(
            include_str!("lua/prelude.lua"),
            include_str!("lua/limit/log.lua"),
            include_str!("lua/limit/state.lua"),
            include_str!("lua/limit/algorithms.lua"),
            include_str!("lua/limit/fixed_window.lua"),
            include_str!("lua/limit/sliding_window.lua"),
            include_str!("lua/limit/sliding_log.lua"),
            include_str!("lua/limit/token_bucket.lua"),
            include_str!("lua/limit/gcra.lua"),
            include_str!("lua/limit/quota.lua"),
            include_str!($script),
        )
    };
}

/// admit and peek.
pub(super) static ADMIT: LazyLock<Script> =
    LazyLock::new(|| Script::locking_keys("admit", deciding!("lua/admit.lua")));

/// penalise.
pub(super) static PENALISE: LazyLock<Script> = LazyLock::new(|| {
    Script::locking_keys(
        "penalise",
        concat!(
            include_str!("lua/prelude.lua"),
            include_str!("lua/limit/log.lua"),
            include_str!("lua/limit/state.lua"),
            include_str!("lua/penalise.lua"),
        ),
    )
});

/// merge.
pub(super) static MERGE: LazyLock<Script> =
    LazyLock::new(|| Script::locking_keys("merge", deciding!("lua/merge.lua")));

/// rules and write_rules.
pub(super) static RULES: LazyLock<Script> = LazyLock::new(|| {
    let text = concat!(include_str!("lua/prelude.lua"), include_str!("lua/rules.lua"));
    Script::locking_keys("rules", text)
});

/// adjust.
pub(super) static ADJUST: LazyLock<Script> =
    LazyLock::new(|| Script::locking_keys("adjust", deciding!("lua/adjust.lua")));

/// revoke, of a token.
pub(super) static REVOKE: LazyLock<Script> = LazyLock::new(|| {
    Script::locking_keys(
        "revoke",
        concat!(
            include_str!("lua/prelude.lua"),
            include_str!("lua/revocation.lua"),
            include_str!("lua/revoke.lua"),
        ),
    )
});

/// rotate, sessions, and revoke of a session or subject.
pub(super) static SESSIONS: LazyLock<Script> = LazyLock::new(|| {
    Script::locking_all(
        "sessions",
        concat!(
            include_str!("lua/prelude.lua"),
            include_str!("lua/revocation.lua"),
            include_str!("lua/sessions.lua"),
        ),
    )
});

/// put and get.
pub(super) static RECORDS: LazyLock<Script> = LazyLock::new(|| {
    Script::locking_keys(
        "records",
        concat!(include_str!("lua/prelude.lua"), include_str!("lua/records.lua")),
    )
});

/// A command: its name and its arguments.
#[derive(Clone, PartialEq, Eq)]
pub struct Command(Vec<Cow<'static, str>>);

impl Command {
    /// Name and arguments in order. All are text: nothing we send is binary.
    #[must_use]
    pub fn parts(&self) -> &[Cow<'static, str>] {
        &self.0
    }

    /// The run of `script` with its text, which the server then knows: when it answered NOSCRIPT.
    pub(super) fn by_text(mut self, script: &'static Script, dialect: Dialect) -> Self {
        let text = script.source(dialect).text.as_ref();
        self.0.splice(..2, ["EVAL".into(), text.into()]);
        self
    }

    /// Deletes the state of one key of one policy, and nothing else.
    pub(super) fn reset(key: String, dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Named => vec!["reset".into(), "1".into(), key.into()],
            _ => vec!["DEL".into(), key.into()],
        })
    }
}

/// Shows the name alone.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Command").field(&self.0.first()).finish()
    }
}

/// A run of a script.
pub(super) struct Call {
    pub(super) script: &'static Script,
    pub(super) keys: Vec<String>,
    pub(super) args: Vec<String>,
}

impl Call {
    /// By its hash, or its name where there are no scripts: what is always tried first. Never
    /// EVALSHA_RO, which replicas may answer.
    pub(super) fn by_hash(self, dialect: Dialect) -> Command {
        let mut parts: Vec<Cow<'static, str>> = match dialect {
            Dialect::Named => vec![self.script.name.into()],
            _ => vec!["EVALSHA".into(), self.script.source(dialect).sha1.as_str().into()],
        };
        parts.push(self.keys.len().to_string().into());
        parts.extend(self.keys.into_iter().chain(self.args).map(Cow::from));
        Command(parts)
    }
}

/// Instants and durations a script is given are below this, so that the sum of two is a number a
/// double holds exactly. As an instant it lies in the year 144,683.
const TIME_MS_MAX: u64 = 1 << 52;

/// An instant, duration or generation as an argument, held within what a script can count.
pub(super) fn number(value: u64) -> String {
    value.min(TIME_MS_MAX).to_string()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_script_is_known_by_the_sha1_of_its_text() {
        // RFC 3174 section 7.3, TEST1.
        let source = Source::new("abc".into());
        assert_eq!(source.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn only_scripts_with_all_their_keys_named_claim_key_locking() {
        for script in [&ADMIT, &PENALISE, &MERGE, &REVOKE, &RECORDS] {
            let text = &script.source(Dialect::Upstash).text;
            assert_eq!(text.lines().next(), Some("#!lua flags=allow-key-locking"));
            assert_eq!(text.split_once('\n').unwrap().1, script.source(Dialect::Redis).text);
        }
        assert!(!SESSIONS.source(Dialect::Upstash).text.starts_with("#!"));
    }

    #[test]
    fn a_command_names_the_script_then_its_keys_then_its_arguments() {
        let call = Call { script: &REVOKE, keys: vec!["k".into()], args: vec!["0".into()] };
        let command = call.by_hash(Dialect::Redis);
        let sha1 = REVOKE.redis.sha1.as_str();
        assert_eq!(command.parts(), ["EVALSHA", sha1, "1", "k", "0"]);
        let command = command.by_text(&REVOKE, Dialect::Upstash);
        assert_eq!(command.parts()[0], "EVAL");
        assert_eq!(command.parts()[1], REVOKE.upstash.text);
        assert_eq!(command.parts()[2..], ["1", "k", "0"]);
    }

    #[test]
    fn no_number_is_sent_that_two_of_would_not_fit_a_double() {
        assert_eq!(number(u64::MAX), "4503599627370496");
        assert_eq!(number(7), "7");
    }
}
