//! What must hold of every key that was taken.

use portcullis::UnixMs;
use portcullis::jwt::{Key, KeySet, NewToken, Policy, mint, select};

use crate::encode;

const NOW: UnixMs = UnixMs(1_800_000_000_000);

/// Asserts that a token the key signs is one that it verifies.
pub fn signs_what_it_verifies(key: Key) {
    if key.can_sign() {
        sign_and_verify(&KeySet::from_keys(vec![key]).unwrap());
    }
}

/// The same of the key of a set that signs now, if there is one.
pub fn sign_and_verify(keys: &KeySet) {
    let token = NewToken {
        issuer: "https://a",
        subject: "s",
        audience: &[],
        client_id: "c",
        scope: "",
        token_id: "t",
        session_id: Some("s"),
        lifetime_s: 60,
        claims: "{}",
    };
    let Ok(token) = mint(&token, keys, NOW) else { return };
    let signed = select(&token, keys, &Policy::default(), NOW).and_then(|it| it.check_signature());
    assert!(signed.is_ok_and(|signed| signed.claims(&Policy::default(), NOW).is_ok()));
}

/// `der` as PEM (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let mut base64 = encode(der).replace('-', "+").replace('_', "/");
    base64.push_str(&"=".repeat((4 - base64.len() % 4) % 4));
    let lines: Vec<_> =
        base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
