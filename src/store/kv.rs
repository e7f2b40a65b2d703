//! Revocations in a key-value store without transactions (Workers KV): keys, entries, and what
//! they say of a token. No I/O: a platform reads and writes them.
//!
//! KV is eventually consistent: a revocation is seen elsewhere typically within 60 s, unbounded.

// Native only: over a namespace in workerd.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod in_workerd;
mod revocations;

pub use revocations::{KvRevocations, Namespace};

use super::{EntryKey, Revocation, RevocationScope, TokenCheck};
use crate::UnixMs;

/// KV refuses an expiry nearer than this, in seconds.
const EXPIRY_S_MIN: u64 = 60;

/// What one revocation key holds, as text: `1 <cut> <until>`, the leading 1 being the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was revoked: what a subject's tokens are compared with.
    cut: UnixMs,
    /// Until when the entry is needed.
    until: UnixMs,
}

impl Entry {
    /// The entry of `revocation` written at `now`, extending `stored`: an entry never says less than
    /// the one before it. One that cannot be read is overwritten.
    #[must_use]
    pub fn extending(stored: Option<&str>, revocation: &Revocation, now: UnixMs) -> Self {
        let new = Self { cut: revocation.cut(now), until: revocation.expires };
        stored.and_then(Self::parse).map_or(new, |stored| Self {
            cut: stored.cut.max(new.cut),
            until: stored.until.max(new.until),
        })
    }

    /// Whether `stored` says as much already, so that nothing need be written: a second write to
    /// a key within a second is refused by KV. Only a subject's cut must move on.
    #[must_use]
    pub fn is_covered_by(&self, stored: Option<&str>, scope: RevocationScope) -> bool {
        stored.and_then(Self::parse).is_some_and(|stored| {
            let moved = scope == RevocationScope::Subject && stored.cut < self.cut;
            stored.until >= self.until && !moved
        })
    }

    /// The entry that `text` is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (version, cut, until) = (parts.next()?, parts.next()?, parts.next()?);
        if version != "1" || parts.next().is_some() {
            return None;
        }
        Some(Self { cut: UnixMs(cut.parse().ok()?), until: UnixMs(until.parse().ok()?) })
    }

    /// The entry as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("1 {} {}", self.cut.0, self.until.0)
    }

    /// The revocation it is, to be told to another store; `None` when it is over.
    #[must_use]
    pub fn revocation(
        &self,
        scope: RevocationScope,
        key: EntryKey,
        now: UnixMs,
    ) -> Option<Revocation> {
        let Self { cut, until } = *self;
        let revocation = Revocation { scope, key, expires: until, acknowledged: Some(cut) };
        (now < until).then_some(revocation)
    }

    /// When KV may drop it, in Unix seconds: not before it is over, nor nearer than KV accepts.
    #[must_use]
    pub fn expiration_s(&self, now: UnixMs) -> u64 {
        let earliest = now.seconds().saturating_add(EXPIRY_S_MIN).saturating_add(1);
        self.until.0.div_ceil(1000).max(earliest)
    }
}

/// What every key of a revocation begins with.
pub const PREFIX: &str = "portcullis:1:revoked:";

/// The key of the access rules: `<version> <text>`.
pub const RULES_KEY: &str = "portcullis:1:rules";

/// The key under which stands what another store was told of a revocation's key; `None` for a key that
/// is none.
#[must_use]
pub fn told_key(key: &str) -> Option<String> {
    key.strip_prefix(PREFIX).map(|rest| format!("portcullis:1:told:{rest}"))
}

/// What a key of a revocation names; `None` for a key that is none.
#[must_use]
pub fn parse_key(key: &str) -> Option<(RevocationScope, EntryKey)> {
    let (scope, name) = key.strip_prefix(PREFIX)?.split_once(':')?;
    let scopes = [RevocationScope::Token, RevocationScope::Session, RevocationScope::Subject];
    let scope = scopes.into_iter().find(|known| known.to_string() == scope)?;
    Some((scope, EntryKey::parse(name)?))
}

/// The key of a revocation. The version stands in it, so that another layout never meets this one.
#[must_use]
pub fn key(scope: RevocationScope, name: EntryKey) -> String {
    format!("{PREFIX}{scope}:{name}")
}

/// The key that is read to see whether the namespace answers. Nothing is ever written there.
#[must_use]
pub fn probe_key(name: EntryKey) -> String {
    format!("portcullis:1:record:{name}")
}

/// The keys under which a token may have been revoked, with their scopes: one read of all of them
/// is the whole check.
#[must_use]
pub fn keys(check: &TokenCheck) -> Vec<(RevocationScope, String)> {
    let names = [
        (RevocationScope::Token, Some(check.token)),
        (RevocationScope::Session, check.session),
        (RevocationScope::Subject, check.subject),
    ];
    names.into_iter().filter_map(|(scope, name)| Some((scope, key(scope, name?)))).collect()
}

/// What an entry says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that refuses it.
    Stands,
    /// Refused.
    Revoked,
    /// The entry cannot be read: refused, fail secure.
    Unreadable,
}

/// What the entry stored under a scope's key says of a token at `now`.
#[must_use]
pub fn verdict(scope: RevocationScope, stored: &str, check: &TokenCheck, now: UnixMs) -> Verdict {
    let Some(entry) = Entry::parse(stored) else { return Verdict::Unreadable };
    let over = entry.until <= now;
    let spared = scope == RevocationScope::Subject && !check.issued_at.is_cut(entry.cut);
    if over || spared { Verdict::Stands } else { Verdict::Revoked }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jwt::IssuedAt;
    use crate::store::KeySpace;

    const NOW: UnixMs = UnixMs(1_700_000_000_500);

    fn revocation(scope: RevocationScope, expires: UnixMs) -> Revocation {
        let key = EntryKey::new(KeySpace::Token, "i", "v");
        Revocation { scope, key, expires, acknowledged: None }
    }

    fn check(issued_at: IssuedAt) -> TokenCheck {
        let key = EntryKey::new(KeySpace::Token, "i", "v");
        TokenCheck {
            token: key,
            session: None,
            subject: Some(key),
            issued_at,
            expires: NOW.plus(900_000),
        }
    }

    #[test]
    fn an_entry_only_ever_extends_and_garbage_is_overwritten() {
        let later = revocation(RevocationScope::Token, NOW.plus(900_000));
        let long = Entry::extending(None, &later, NOW).to_text();
        let sooner = revocation(RevocationScope::Token, NOW.plus(10));
        let again = Entry::extending(Some(&long), &sooner, NOW.minus(5));
        assert_eq!(again.to_text(), long);
        assert!(again.is_covered_by(Some(&long), RevocationScope::Token));
        let repaired = Entry::extending(Some("garbage"), &later, NOW);
        assert_eq!(repaired.to_text(), long);
        assert!(!repaired.is_covered_by(Some("garbage"), RevocationScope::Token));
    }

    #[test]
    fn a_subjects_cut_moves_on_even_when_its_end_does_not() {
        let revocation = revocation(RevocationScope::Subject, NOW.plus(900_000));
        let first = Entry::extending(None, &revocation, NOW).to_text();
        let second = Entry::extending(Some(&first), &revocation, NOW.plus(1));
        assert!(!second.is_covered_by(Some(&first), RevocationScope::Subject));
        assert!(second.is_covered_by(Some(&first), RevocationScope::Session));
    }

    #[test]
    fn a_replayed_cut_stands_where_it_was_acknowledged_and_moves_no_later_one_back() {
        let made = revocation(RevocationScope::Subject, NOW.plus(900_000));
        let replayed = Revocation { acknowledged: Some(NOW.minus(5_000)), ..made };
        let text = Entry::extending(None, &replayed, NOW).to_text();
        let at = |issued| verdict(RevocationScope::Subject, &text, &check(issued), NOW);
        assert_eq!(at(IssuedAt::Ms(NOW.minus(5_000))), Verdict::Revoked);
        assert_eq!(at(IssuedAt::Ms(NOW.minus(4_999))), Verdict::Stands);
        let later = Entry::extending(None, &made, NOW).to_text();
        let again = Entry::extending(Some(&later), &replayed, NOW.plus(5));
        assert_eq!(again.to_text(), later);
    }

    #[test]
    fn what_cannot_be_read_refuses() {
        for text in
            ["", "1", "1 2", "2 1 1", "1 a 2", "1 1 99999999999999999999999", "1 1 1 1", "<"]
        {
            let verdict = verdict(RevocationScope::Token, text, &check(IssuedAt::Unknown), NOW);
            assert_eq!(verdict, Verdict::Unreadable, "{text}");
        }
    }

    #[test]
    fn a_subject_entry_refuses_what_was_issued_up_to_its_cut() {
        let revocation = revocation(RevocationScope::Subject, NOW.plus(900_000));
        let text = Entry::extending(None, &revocation, NOW).to_text();
        let at = |issued| verdict(RevocationScope::Subject, &text, &check(issued), NOW);
        assert_eq!(at(IssuedAt::Ms(NOW)), Verdict::Revoked);
        assert_eq!(at(IssuedAt::Ms(NOW.plus(1))), Verdict::Stands);
    }

    #[test]
    fn kv_is_never_asked_to_forget_early_or_sooner_than_it_can() {
        let soon = revocation(RevocationScope::Token, NOW.plus(1));
        assert_eq!(Entry::extending(None, &soon, NOW).expiration_s(NOW), 1_700_000_061);
        let late = revocation(RevocationScope::Token, NOW.plus(900_000));
        assert_eq!(Entry::extending(None, &late, NOW).expiration_s(NOW), 1_700_000_901);
    }

    #[test]
    fn the_layout_of_a_key_is_fixed_because_another_would_forget_every_revocation() {
        let name = EntryKey::new(KeySpace::Token, "i", "v");
        let keys = [RevocationScope::Token, RevocationScope::Session, RevocationScope::Subject]
            .map(|scope| key(scope, name));
        let digest = "TQ1suxKzyU2j-wEqI2zaZoyzsvj24lE0pBXelWMeWGo";
        assert_eq!(keys[0], format!("portcullis:1:revoked:token:{digest}"));
        assert_eq!(keys[1], format!("portcullis:1:revoked:session:{digest}"));
        assert_eq!(keys[2], format!("portcullis:1:revoked:subject:{digest}"));
    }

    #[test]
    fn a_key_is_read_back_and_another_is_none() {
        let name = EntryKey::new(KeySpace::Session, "i", "v");
        let scope = RevocationScope::Session;
        assert_eq!(parse_key(&key(scope, name)), Some((scope, name)));
        for other in ["", "portcullis:1:record:x", "portcullis:1:revoked:all:x", &name.to_string()]
        {
            assert_eq!(parse_key(other), None, "{other}");
        }
        let long = format!("{}A", key(RevocationScope::Token, name));
        assert_eq!(parse_key(&long), None);
    }

    #[test]
    fn an_entry_is_told_to_another_store_with_its_cut_until_it_is_over() {
        let made = revocation(RevocationScope::Subject, NOW.plus(10));
        let entry = Entry::extending(None, &made, NOW);
        let told = entry.revocation(made.scope, made.key, NOW.plus(9)).unwrap();
        assert_eq!(told, Revocation { acknowledged: Some(NOW), ..made });
        assert_eq!(entry.revocation(made.scope, made.key, NOW.plus(10)), None);
    }

    #[test]
    fn the_keys_name_each_scope_once() {
        let keys = keys(&check(IssuedAt::Unknown));
        assert_eq!(keys.len(), 2);
        assert!(keys[0].1.starts_with("portcullis:1:revoked:token:"));
        assert!(keys[1].1.starts_with("portcullis:1:revoked:subject:"));
    }
}
