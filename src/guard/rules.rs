//! Access rules around a request, and their administration.

use std::sync::Arc;

use super::{Caller, Guard, GuardError, NamedKey};
use crate::UnixMs;
use crate::limit::Policy;
use crate::rules::{Heard, List, Listing, Network, RULE_MS_MAX, Rules};
use crate::store::{EntryKey, KeySpace, Store, StoreError, StoredRules};
use crate::telemetry::Event;

/// How often a change is begun anew because others were made at the same time.
const CHANGES_MAX: usize = 5;

/// Whom an entry of a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed<'a> {
    /// A subject of our own tokens.
    Subject(&'a str),
    /// A client of our own tokens.
    Client(&'a str),
    /// An address, or a network of them.
    Network(Network),
}

impl Listed<'_> {
    fn name(&self, issuer: &str) -> EntryKey {
        match self {
            Self::Subject(subject) => EntryKey::new(KeySpace::Subject, issuer, subject),
            Self::Client(client) => EntryKey::new(KeySpace::Client, issuer, client),
            Self::Network(network) => network.name(),
        }
    }
}

/// Whom a request is by. Its client is hashed only where there are rules to look it up in.
pub(super) struct Presented<'a> {
    pub subject: Option<EntryKey>,
    pub issuer: &'a str,
    pub client: Option<&'a str>,
}

impl<S: Store> Guard<S> {
    /// The rules this instance knows.
    pub(super) fn rules(&self) -> Arc<Rules> {
        self.instance.rules.get()
    }

    /// Which list the caller's address is on, as far as this instance knows.
    pub(super) fn list_of_caller(&self, caller: &Caller) -> Option<List> {
        let address = caller.address.map(|address| address.ip());
        self.rules().list_of_address(address, caller.now)
    }

    /// Whether no limit counts the request.
    ///
    /// # Errors
    /// [`GuardError::AccessDenied`]: denied by any of its names is denied.
    pub(super) fn pass_rules(
        rules: &Rules,
        presented: &Presented<'_>,
        caller: &Caller,
    ) -> Result<bool, GuardError> {
        if rules.is_empty() {
            return Ok(false);
        }
        let address = caller.address.map(|address| address.ip());
        let Presented { subject, issuer, client } = presented;
        let client = client.map(|client| Listed::Client(client).name(issuer));
        let names = [*subject, client].into_iter().flatten();
        let mut lists: Vec<List> =
            names.filter_map(|name| rules.list_of(name, caller.now)).collect();
        lists.extend(rules.list_of_address(address, caller.now));
        if lists.contains(&List::Deny) {
            return Err(GuardError::AccessDenied);
        }
        Ok(lists.contains(&List::Allow))
    }

    /// Refuses whom a rule denies.
    pub(super) fn refuse_denied_names(
        &self,
        names: &[Listed<'_>],
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let rules = self.rules();
        let issuer = &self.config().issuer;
        let denied = |who: &Listed<'_>| rules.list_of(who.name(issuer), now) == Some(List::Deny);
        if !rules.is_empty() && names.iter().any(denied) {
            return Err(GuardError::AccessDenied);
        }
        Ok(())
    }

    /// Learns which rules there are: from `version`, which the store told at `now`, or where it told of none and
    /// that is long ago by asking.
    pub(super) async fn learn_rules(&self, version: Option<u64>, now: UnixMs) {
        let known = &self.instance.rules;
        match version.map(|version| (known.hear(version, now), version)) {
            Some((Heard::Known, _)) => {}
            Some((Heard::Later, _)) => Box::pin(self.fetch_rules(now)).await,
            Some((Heard::Earlier, version)) => Box::pin(self.retell_rules(version, now)).await,
            None if known.is_due(now) => Box::pin(self.fetch_rules(now)).await,
            None => {}
        }
    }

    async fn fetch_rules(&self, now: UnixMs) {
        // What goes wrong is counted, and asked for again the next time the store tells of it.
        if let Ok(stored) = self.answered("rules", self.store.rules(now).await, now) {
            self.adopt_rules(&stored);
        }
    }

    /// Takes what a store has for the rules there are, as far as that can be read: else those known before stay.
    fn adopt_rules(&self, stored: &StoredRules) {
        match Rules::parse(stored, &self.config().limits) {
            Ok(rules) => {
                if rules.version() == self.rules().version() {
                    return;
                }
                self.telemetry().record(&Event::RulesLearned { count: rules.len() });
                self.instance.rules.adopt(rules);
                // An allowed one may be among them.
                self.instance.denied.clear();
            }
            Err(_) if self.instance.rules.give_up(stored.version) => {
                self.telemetry().record(&Event::RulesUnreadable);
            }
            Err(_) => {}
        }
    }

    /// Tells the store the rules that it had and lost.
    async fn retell_rules(&self, stands: u64, now: UnixMs) {
        let rules = Rules::clone(&self.rules()).live(now);
        if rules.is_empty() {
            self.instance.rules.forget();
            return self.fetch_rules(now).await;
        }
        let written = self.store.write_rules(stands, &rules.text(), now).await;
        if let Ok(Some(version)) = self.answered("write_rules", written, now) {
            self.telemetry().record(&Event::RulesRetold { count: rules.len() });
            self.instance.rules.adopt(rules.with_version(version));
        }
    }

    /// Puts `who` on a list for a time, 1 ms to 366 days, in place of what was there.
    ///
    /// # Errors
    /// [`GuardError::Invalid`] for the duration, [`GuardError::RulesFull`], [`GuardError::Store`].
    pub async fn list(
        &self,
        list: List,
        who: &Listed<'_>,
        for_ms: u64,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let kind = match who {
            Listed::Network(network) => Some(network.kind()),
            _ => None,
        };
        let listing = Listing { list, ends: end_of(for_ms, now)?, kind };
        let name = who.name(&self.config().issuer);
        self.change_rules(|rules| Ok(rules.with_listing(name, Some(listing))), now).await
    }

    /// Takes `who` off the list. Whether it was on it.
    ///
    /// # Errors
    /// [`GuardError::Store`].
    pub async fn unlist(
        &self,
        list: List,
        who: &Listed<'_>,
        now: UnixMs,
    ) -> Result<bool, GuardError> {
        let name = who.name(&self.config().issuer);
        let mut was_there = false;
        let change = |rules: Rules| {
            was_there = rules.list_of(name, now) == Some(list);
            Ok(if was_there { rules.with_listing(name, None) } else { rules })
        };
        self.change_rules(change, now).await?;
        Ok(was_there)
    }

    /// For how long `who` itself is on the list yet, in milliseconds; `None` when it is not.
    ///
    /// # Errors
    /// [`GuardError::Store`].
    pub async fn listed(
        &self,
        list: List,
        who: &Listed<'_>,
        now: UnixMs,
    ) -> Result<Option<u64>, GuardError> {
        self.adopt_rules(&self.answered("rules", self.store.rules(now).await, now)?);
        let listing = self.rules().listing(who.name(&self.config().issuer), now);
        let listing = listing.filter(|listing| listing.list == list);
        Ok(listing.map(|listing| listing.ends.since(now)))
    }

    /// Gives one key of a policy another limit, and where its algorithm has one another burst, for a time.
    ///
    /// # Errors
    /// As [`Guard::take`], [`GuardError::Invalid`] for the duration and for a limit the policy cannot have,
    /// [`GuardError::RulesFull`].
    pub async fn set_quota(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        (limit, burst): (u64, Option<u64>),
        for_ms: u64,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        let quota = Some((limit, burst, end_of(for_ms, now)?));
        self.change_quota(&policy, key, quota, now).await
    }

    /// Gives one key of a policy the policy's own quota again.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub async fn clear_quota(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        self.change_quota(&policy, key, None, now).await
    }

    async fn change_quota(
        &self,
        policy: &Policy,
        key: EntryKey,
        quota: Option<(u64, Option<u64>, UnixMs)>,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let reason = "the policy cannot have this limit or burst";
        let invalid = |_| GuardError::Invalid { field: "quota", reason };
        self.change_rules(|rules| rules.with_quota(policy, key, quota).map_err(invalid), now).await
    }

    /// Changes the rules in the store: made of those that are there, and again where others came in between.
    async fn change_rules(
        &self,
        mut change: impl FnMut(Rules) -> Result<Rules, GuardError>,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        for _ in 0..CHANGES_MAX {
            let stored = self.answered("rules", self.store.rules(now).await, now)?;
            self.adopt_rules(&stored);
            // Of a text that cannot be read those known before are what there is.
            let rules = change(Rules::clone(&self.rules()).live(now))?;
            let text = rules.text();
            if text == stored.text {
                // Nothing changed, and nobody need read it anew.
                return Ok(());
            }
            let written = match self.store.write_rules(stored.version, &text, now).await {
                Err(StoreError::RecordTooLarge { .. }) => return Err(GuardError::RulesFull),
                other => self.answered("write_rules", other, now)?,
            };
            if let Some(version) = written {
                self.instance.rules.adopt(rules.with_version(version));
                self.instance.denied.clear();
                return Ok(());
            }
        }
        Err(StoreError::Unavailable { cause: "conflict" }.into())
    }
}

fn end_of(for_ms: u64, now: UnixMs) -> Result<UnixMs, GuardError> {
    let reason = "must be a duration of 1ms to 366d";
    let fits = (1..=RULE_MS_MAX).contains(&for_ms);
    if fits { Ok(now.plus(for_ms)) } else { Err(GuardError::Invalid { field: "for", reason }) }
}
