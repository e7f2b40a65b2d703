//! Steps one and two of a token: selected, and its signature known to hold or checked. And the
//! signature of a new one.

use super::Guard;
use crate::UnixMs;
use crate::jwt::{
    self, Algorithm, Engine, JwtError, KeySet, NativeFault, Policy, Signed, Unsigned,
};
use crate::store::Store;
use crate::telemetry::Event;

impl<S: Store> Guard<S> {
    /// The token, if its signature is one of these keys'.
    pub(super) async fn signed<'t>(
        &self,
        token: &'t str,
        keys: &KeySet,
        policy: &Policy,
        now: UnixMs,
    ) -> Result<Signed<'t>, JwtError> {
        let selected = jwt::select(token, keys, policy, now)?;
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
        let (engine, fault, signed) = match self.signatures {
            // What is symmetric is quicker here than the call would be.
            Some(runtime) if !algorithm.is_symmetric() => {
                selected.check_signature_by(runtime).await
            }
            _ => (Engine::Wasm, None, selected.check_signature()),
        };
        self.telemetry().record(&Event::SignatureChecked { engine, algorithm });
        self.note(fault, algorithm);
        signed
    }

    /// A minted token with its signature.
    pub(super) async fn sign(&self, unsigned: Unsigned<'_>) -> Result<String, JwtError> {
        let algorithm = unsigned.key().algorithm();
        match self.signatures {
            Some(runtime) if !algorithm.is_symmetric() => {
                let (fault, signed) = unsigned.sign_by(runtime).await;
                self.note(fault, algorithm);
                signed
            }
            _ => unsigned.sign(),
        }
    }

    fn note(&self, fault: Option<NativeFault>, algorithm: Algorithm) {
        match fault {
            Some(NativeFault::Refused) => {
                self.telemetry().record(&Event::NativeRefused { algorithm });
            }
            Some(NativeFault::Failed) => {
                self.telemetry().record(&Event::NativeFailed { algorithm });
            }
            Some(NativeFault::Lacking) | None => {}
        }
    }
}
