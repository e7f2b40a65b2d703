//! Steps one and two of a token: selected, and its signature known to hold or checked. And the
//! signature of a new one.

use super::Guard;
use crate::UnixMs;
use crate::jwt::{self, Engine, JwtError, Policy, Signed, Unsigned};
use crate::store::Store;
use crate::telemetry::Event;

impl<S: Store> Guard<S> {
    /// The token, if its signature is one of our keys'.
    pub(super) async fn signed<'t>(
        &self,
        token: &'t str,
        policy: &Policy,
        now: UnixMs,
    ) -> Result<Signed<'t>, JwtError> {
        let selected = jwt::select(token, &self.config().keys, policy, now)?;
        let selected = match self.instance.tokens.recall(selected) {
            Ok(signed) => {
                self.telemetry().record(&Event::TokenCacheHit);
                return Ok(signed);
            }
            Err(selected) => selected,
        };
        if !self.instance.tokens.is_off() {
            self.telemetry().record(&Event::TokenCacheMiss);
        }
        let algorithm = selected.key().algorithm();
        let (engine, signed) = match self.signatures {
            // What is symmetric is quicker here than the call would be.
            Some(runtime) if !algorithm.is_symmetric() => {
                selected.check_signature_by(runtime).await
            }
            _ => (Engine::Wasm, selected.check_signature()),
        };
        self.telemetry().record(&Event::SignatureChecked { engine, algorithm });
        signed
    }

    /// A minted token with its signature.
    pub(super) async fn sign(&self, unsigned: Unsigned<'_>) -> Result<String, JwtError> {
        match self.signatures {
            Some(runtime) if !unsigned.key().algorithm().is_symmetric() => {
                unsigned.sign_by(runtime).await
            }
            _ => unsigned.sign(),
        }
    }
}
