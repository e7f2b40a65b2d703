//! Access rules: who is denied, whom no limit counts, and quotas of single keys.
//!
//! They are few, and every instance knows all of them: deciding by them asks no store. The store keeps them as one
//! text under a version; each admission says which there is ([`crate::store::Admission::rules`]).

mod known;
mod network;
mod text;

pub use known::{Heard, KnownRules};
pub use network::Network;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::UnixMs;
use crate::limit::{LimitError, Policy, PolicyName};
use crate::store::EntryKey;

/// Longest that a rule lasts, in milliseconds: 366 days.
pub const RULE_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

/// A list of subjects, clients and networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Refused, whatever they present.
    Deny,
    /// Counted by no limit.
    Allow,
}

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which list. What is on one is not on the other.
    pub list: List,
    /// Until when.
    pub ends: UnixMs,
    /// Which networks it is one of, when it is one.
    pub kind: Option<network::Kind>,
}

/// Another quota of one key of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Override {
    limit: u64,
    burst: Option<u64>,
    ends: UnixMs,
    /// The policy with that quota; `None` where it is none of this configuration, or has no such quota.
    policy: Option<Policy>,
}

/// All rules there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    version: u64,
    lists: BTreeMap<EntryKey, Listing>,
    quotas: BTreeMap<(PolicyName, EntryKey), Override>,
    /// The kinds of networks that are listed, the narrowest first.
    kinds: Vec<network::Kind>,
}

impl Rules {
    /// Which writing of them this is; 0: there are none.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The same as version `version`.
    #[must_use]
    pub fn with_version(self, version: u64) -> Self {
        Self { version, ..self }
    }

    /// Which list an address is on at `now`: that of the narrowest network it is in.
    #[must_use]
    pub fn list_of_address(&self, address: Option<IpAddr>, now: UnixMs) -> Option<List> {
        let address = address?;
        let networks = self.kinds.iter().filter_map(|kind| kind.of(address));
        networks.map(|network| network.name()).find_map(|name| self.list_of(name, now))
    }

    /// Which list a subject or client is on at `now`.
    #[must_use]
    pub fn list_of(&self, name: EntryKey, now: UnixMs) -> Option<List> {
        self.listing(name, now).map(|listing| listing.list)
    }

    /// What is listed under `name` at `now`.
    #[must_use]
    pub fn listing(&self, name: EntryKey, now: UnixMs) -> Option<Listing> {
        self.lists.get(&name).copied().filter(|listing| now < listing.ends)
    }

    /// The policy as it counts one key at `now`: with a quota of its own where it has one.
    #[must_use]
    pub fn policy<'a>(&'a self, policy: &'a Policy, key: EntryKey, now: UnixMs) -> &'a Policy {
        if self.quotas.is_empty() {
            return policy;
        }
        let place = (policy.name.clone(), key);
        let own = self.quotas.get(&place).filter(|own| now < own.ends);
        own.and_then(|own| own.policy.as_ref()).unwrap_or(policy)
    }

    /// With `listing` under `name`, in place of what was there; `None` takes it away.
    #[must_use]
    pub fn with_listing(mut self, name: EntryKey, listing: Option<Listing>) -> Self {
        match listing {
            Some(listing) => drop(self.lists.insert(name, listing)),
            None => drop(self.lists.remove(&name)),
        }
        self.sorted()
    }

    /// With another quota of one key of `policy` until `ends`; `None` takes it away.
    ///
    /// # Errors
    /// [`LimitError`] for a quota the policy cannot have.
    pub fn with_quota(
        mut self,
        policy: &Policy,
        key: EntryKey,
        quota: Option<(u64, Option<u64>, UnixMs)>,
    ) -> Result<Self, LimitError> {
        let place = (policy.name.clone(), key);
        match quota {
            Some((limit, burst, ends)) => {
                let policy = Some(policy.with_limit(limit, burst)?);
                self.quotas.insert(place, Override { limit, burst, ends, policy });
            }
            None => drop(self.quotas.remove(&place)),
        }
        Ok(self)
    }

    /// Without those that ended.
    #[must_use]
    pub fn live(mut self, now: UnixMs) -> Self {
        self.lists.retain(|_, listing| now < listing.ends);
        self.quotas.retain(|_, own| now < own.ends);
        self.sorted()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.len().saturating_add(self.quotas.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sorted(mut self) -> Self {
        self.kinds = self.lists.values().filter_map(|listing| listing.kind).collect();
        self.kinds.sort_unstable_by(|a, b| b.cmp(a));
        self.kinds.dedup();
        self
    }
}
