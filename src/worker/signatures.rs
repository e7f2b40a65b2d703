//! The signature port over the runtime's WebCrypto.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::Uint8Array;
use jwt_simple::reexports::zeroize::Zeroizing;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use super::glue;
use crate::jwt::{Key, KeyId, Native, NativeFault, Signatures};

/// Most keys kept as the runtime has them. Keys of other issuers come and go; when there is no more
/// room all are let go, and those in use are imported again.
const KEYS_MAX: usize = 512;

/// WebCrypto, whose keys are no request's: an isolate imports each once, or twice where two requests need it at once.
#[derive(Debug)]
pub(super) struct WebCrypto;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Verify,
    Sign,
}

thread_local! {
    /// As the runtime has them; `None` for one it does not take.
    static KEYS: RefCell<BTreeMap<(KeyId, Use), Option<JsValue>>> =
        const { RefCell::new(BTreeMap::new()) };
}

impl Signatures for WebCrypto {
    fn verify<'a>(
        &'a self,
        key: &'a Key,
        input: &'a [u8],
        signature: &'a [u8],
    ) -> Native<'a, bool> {
        Box::pin(async move {
            let native = native(key, Use::Verify).await?;
            let promise = glue::verify(&native, signature, input);
            let answer = JsFuture::from(promise.map_err(|_| NativeFault::Failed)?).await;
            answer.ok().and_then(|holds| holds.as_bool()).ok_or(NativeFault::Failed)
        })
    }

    fn sign<'a>(&'a self, key: &'a Key, input: &'a [u8]) -> Native<'a, Vec<u8>> {
        Box::pin(async move {
            let native = native(key, Use::Sign).await?;
            let answer = JsFuture::from(glue::sign(&native, input)).await;
            let signature = answer.ok().and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok());
            signature.map(|bytes| bytes.to_vec()).ok_or(NativeFault::Failed)
        })
    }
}

/// The key as the runtime has it. Two requests that need it at once each import it: a promise is
/// its request's, and only what it came to is kept.
async fn native(key: &Key, of: Use) -> Result<JsValue, NativeFault> {
    let name = (key.id(), of);
    if let Some(known) = KEYS.with_borrow(|keys| keys.get(&name).cloned()) {
        return known.ok_or(NativeFault::Lacking);
    }
    let imported = match jwk(key, of) {
        Some(jwk) => {
            let usage = if of == Use::Verify { "verify" } else { "sign" };
            JsFuture::from(glue::import_key(key.algorithm().name(), &jwk, usage)).await.ok()
        }
        None => None,
    };
    let imported = imported.filter(|key| !key.is_undefined());
    KEYS.with_borrow_mut(|keys| {
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(name, imported.clone());
    });
    imported.ok_or(NativeFault::Refused)
}

/// The key's material as JSON text, which is wiped when dropped.
fn jwk(key: &Key, of: Use) -> Option<Zeroizing<String>> {
    match of {
        Use::Verify => serde_json::to_string(&key.public_jwk()?).ok().map(Zeroizing::new),
        Use::Sign => key.private_jwk(),
    }
}
