//! Attacks with a name, each refused at the step it belongs to.

mod claims;
mod confusion;
mod encoding;
mod extensions;
mod forms;
mod injection;
mod json;
mod none;
mod psychic;
mod unsigned;

use super::*;

/// A set whose one secret is `secret`: what an attacker signs with.
fn attacker(secret: &[u8]) -> KeySet {
    let k = base64url(secret);
    key_set([jwk(json!({"kty": "oct", "kid": "k1", "alg": "HS256", "k": k}))])
}
