//! Revoking without the primary: known here at once, journalled for it, and written to the secondary.

use super::Fallback;
use super::chain::Unanswered;
use crate::UnixMs;
use crate::background::Background;
use crate::instance::Instance;
use crate::planted::{self, Bug};
use crate::store::{Durability, Revocation, RevocationScope, Store, StoreError};
use crate::telemetry::Event;

impl<P, S, B> Fallback<P, S, B>
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    /// A call whose outcome is unknown is journalled too: revoking twice is revoking once.
    pub(super) async fn revoke_without_store(
        &self,
        revocation: &Revocation,
        unanswered: Unanswered,
        now: UnixMs,
    ) -> Result<Durability, StoreError> {
        let Instance { telemetry, outages, memory, config, .. } = &*self.chain.instance;
        let scope = revocation.scope;
        // Told late, it must still end the sessions it is about: they live longer than their access tokens.
        let lives_ms = match scope {
            RevocationScope::Token => 0,
            RevocationScope::Session | RevocationScope::Subject => config.session_lifetime_ms(),
        };
        let expires = revocation.expires.max(now.plus(lives_ms));
        let revocation = &Revocation { expires, ..*revocation };
        // Acknowledged or not, this instance never accepts it again.
        let known = memory.revoke(revocation, now).await;
        let journalled = outages.journal(|journal| journal.keep(revocation, now)).is_ok();
        telemetry.record(&if journalled {
            Event::RevocationJournalled { scope }
        } else {
            Event::JournalFull { scope }
        });
        known?;
        let acknowledged =
            Revocation { acknowledged: revocation.acknowledged.or(Some(now)), ..*revocation };
        let written = self.ask_secondary("revoke", now, |secondary| async move {
            secondary.revoke(&acknowledged, now).await
        });
        let durability = match written.await {
            Some(_) => Durability::Secondary,
            None if journalled || planted::is(Bug::FullAcknowledged) => Durability::Local,
            // Nothing would ever tell the store of it.
            None => return Err(StoreError::Full { what: "journal" }),
        };
        telemetry.record(&Event::FallbackUsed { verb: "revoke", cause: unanswered.cause() });
        Ok(durability)
    }
}
