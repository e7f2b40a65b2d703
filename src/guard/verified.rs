//! Steps one and two of a token: selected, and its signature known to hold or checked.

use super::Guard;
use crate::UnixMs;
use crate::jwt::{self, JwtError, Policy, Signed};
use crate::store::Store;
use crate::telemetry::{Engine, Event};

impl<S: Store> Guard<S> {
    /// The token, if its signature is one of our keys'.
    pub(super) fn signed<'t>(
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
        let (engine, algorithm) = (Engine::Wasm, selected.key().algorithm());
        self.telemetry().record(&Event::SignatureChecked { engine, algorithm });
        selected.check_signature()
    }
}
