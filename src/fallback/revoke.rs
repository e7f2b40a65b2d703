//! Revoking without the primary: known here at once, journalled for it, and written to the secondary.

use super::Fallback;
use super::chain::Unanswered;
use crate::UnixMs;
use crate::background::Background;
use crate::instance::Instance;
use crate::store::journal::JournalFull;
use crate::store::{Durability, Revocation, Store, StoreError};
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
        let Instance { telemetry, outages, memory, .. } = &*self.chain.instance;
        let scope = revocation.scope;
        // Acknowledged or not, this instance never accepts it again.
        let known = memory.revoke(revocation, now).await;
        if outages.journal(|journal| journal.keep(revocation, now)) == Err(JournalFull) {
            telemetry.record(&Event::JournalFull { scope });
            return Err(StoreError::Full { what: "journal" });
        }
        telemetry.record(&Event::RevocationJournalled { scope });
        known?;
        telemetry.record(&Event::FallbackUsed { verb: "revoke", cause: unanswered.cause() });
        let acknowledged =
            Revocation { acknowledged: revocation.acknowledged.or(Some(now)), ..*revocation };
        let written = self.ask_secondary("revoke", now, |secondary| async move {
            secondary.revoke(&acknowledged, now).await
        });
        Ok(if written.await.is_some() { Durability::Secondary } else { Durability::Local })
    }
}
