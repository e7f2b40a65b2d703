//! Rules as a store keeps them: one text, with nobody's name in it.
//!
//! `deny <ends> <name>`, `allow <ends> <name>`, of a network with its kind behind it, and `quota <ends> <key>
//! <policy> <limit> <burst or ->`; with a semicolon between two.

use super::network::Kind;
use super::{List, Listing, Override, Rules};
use crate::UnixMs;
use crate::limit::{Policy, PolicyName};
use crate::store::{EntryKey, StoreError, StoredRules};

/// The store has something else.
const UNREADABLE: StoreError = StoreError::Corrupt { what: "rules" };

impl Rules {
    /// Reads what a store has, for these policies.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn parse(stored: &StoredRules, policies: &[Policy]) -> Result<Self, StoreError> {
        let mut rules = Self { version: stored.version, ..Self::default() };
        for line in stored.text.split(';').filter(|line| !line.is_empty()) {
            rules.read(line, policies).ok_or(UNREADABLE)?;
        }
        Ok(rules.sorted())
    }

    /// As [`Rules::parse`] reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let listed = self.lists.iter().map(|(name, listing)| {
            let Listing { list, ends: UnixMs(ends), kind } = listing;
            let list = match list {
                List::Deny => "deny",
                List::Allow => "allow",
            };
            let kind = kind.map(|kind| format!(" {kind}")).unwrap_or_default();
            format!("{list} {ends} {name}{kind}")
        });
        let quotas = self.quotas.iter().map(|((policy, key), own)| {
            let burst = own.burst.map_or("-".to_owned(), |burst| burst.to_string());
            format!("quota {} {key} {policy} {} {burst}", own.ends.0, own.limit)
        });
        listed.chain(quotas).collect::<Vec<_>>().join(";")
    }

    fn read(&mut self, line: &str, policies: &[Policy]) -> Option<()> {
        let mut fields = line.split(' ');
        let what = fields.next()?;
        let ends = UnixMs(fields.next()?.parse().ok()?);
        let name = EntryKey::parse(fields.next()?)?;
        if what == "quota" {
            let policy = PolicyName::new(fields.next()?).ok()?;
            let limit = fields.next()?.parse().ok()?;
            let burst = match fields.next()? {
                "-" => None,
                burst => Some(burst.parse().ok()?),
            };
            let own = policies.iter().find(|own| own.name == policy);
            let own = own.and_then(|own| own.with_limit(limit, burst).ok());
            self.quotas.insert((policy, name), Override { limit, burst, ends, policy: own });
        } else {
            let list = match what {
                "deny" => List::Deny,
                "allow" => List::Allow,
                _ => return None,
            };
            let kind = match fields.next() {
                Some(kind) => Some(Kind::parse(kind)?),
                None => None,
            };
            self.lists.insert(name, Listing { list, ends, kind });
        }
        fields.next().is_none().then_some(())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::Network;
    use super::*;
    use crate::store::contract::{key, policy};

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn listing(list: List, network: Option<&str>) -> Listing {
        let kind = network.map(|text| Network::parse(text).unwrap().kind());
        Listing { list, ends: NOW.plus(1_000), kind }
    }

    fn rules(policy: &Policy) -> Rules {
        Rules::default()
            .with_listing(key("a"), Some(listing(List::Deny, None)))
            .with_listing(key("b"), Some(listing(List::Allow, Some("192.0.2.0/24"))))
            .with_quota(policy, key("c"), Some((7, None, NOW.plus(2_000))))
            .unwrap()
            .with_version(3)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let policy = policy("p", 5, 1_000);
        let rules = rules(&policy);
        let stored = StoredRules { version: 3, text: rules.text() };
        let read = Rules::parse(&stored, std::slice::from_ref(&policy)).unwrap();
        assert_eq!(read, rules);
        assert_eq!(read.policy(&policy, key("c"), NOW).quota.limit(), 7);
        assert_eq!(read.policy(&policy, key("d"), NOW).quota.limit(), 5);
        assert_eq!(read.policy(&policy, key("c"), NOW.plus(2_000)).quota.limit(), 5);
        // A policy that there is no more keeps its rule, which then says nothing.
        let elsewhere = Rules::parse(&stored, &[]).unwrap();
        assert_eq!(elsewhere.text(), rules.text());
        assert_eq!(elsewhere.policy(&policy, key("c"), NOW).quota.limit(), 5);
        assert!(rules.live(NOW.plus(2_000)).is_empty());
    }

    #[test]
    fn what_is_no_rule_is_none_of_ours() {
        let name = key("a");
        for text in [
            "?".to_owned(),
            "deny".to_owned(),
            format!("deny x {name}"),
            format!("ban 1 {name}"),
            "deny 1 abc".to_owned(),
            format!("deny 1 {name} 4/33"),
            format!("deny 1 {name} 4/3 x"),
            format!("quota 1 {name} p"),
            format!("quota 1 {name} P 1 -"),
            format!("quota 1 {name} p x -"),
            format!("quota 1 {name} p 1 - x"),
            format!("deny 1 {name};?"),
        ] {
            let stored = StoredRules { version: 1, text };
            assert_eq!(Rules::parse(&stored, &[]), Err(UNREADABLE), "{}", stored.text);
        }
    }
}
