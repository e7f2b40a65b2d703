//! Tokens of foreign issuers: chosen by what they say, checked by their issuer's keys alone.

mod binding;
mod configuration;
mod keys;
mod revoking;
mod tokens;

use ed25519_compact::{KeyPair, Seed};
use portcullis::guard::refresh_due;
use serde_json::{Value, json};

use crate::bench::forge::encode;
use crate::bench::setup::API;
use crate::bench::{Bench, NOW_MS, Queue, Reply, Server};

/// An issuer whose keys are fetched, and one whose keys stand in the configuration.
const REMOTE: &str = "https://remote.test";
const FIXED: &str = "https://fixed.test";

/// One key pair for each letter.
fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed(Seed::new([seed; 32]))
}

fn jwk(kid: &str, seed: u8) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid,
        "x": encode(*pair(seed).pk)})
}

fn remote() -> Value {
    json!({"name": "remote", "issuer": REMOTE, "jwks_url": "https://remote.test/jwks?t=qu3ry",
        "algorithms": ["EdDSA"], "max_lifetime": "1h"})
}

fn fixed() -> Value {
    json!({"name": "fixed", "issuer": FIXED, "jwks": {"keys": [jwk("f1", b'f')]},
        "algorithms": ["EdDSA"], "max_lifetime": "1h"})
}

/// The claims of a good token of that issuer: none but those it must have.
fn claims(issuer: &str) -> Value {
    let iat = NOW_MS / 1000;
    json!({"iss": issuer, "sub": "alice-of-elsewhere", "aud": API, "iat": iat, "exp": iat + 900})
}

/// With these members; null takes one out.
fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

fn signed(kid: &str, seed: u8, claims: &Value) -> String {
    signed_under(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}), seed, claims)
}

fn signed_under(header: &Value, seed: u8, claims: &Value) -> String {
    let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    format!("{input}.{}", encode(*pair(seed).sk.sign(&input, None)))
}

/// A good token of the issuer with the fixed key.
fn fixed_token(changes: &Value) -> String {
    signed("f1", b'f', &changed(claims(FIXED), changes))
}

/// A token of the issuer whose keys are fetched.
fn remote_token(kid: &str, seed: u8) -> String {
    signed(kid, seed, &claims(REMOTE))
}

/// A bench of both issuers.
struct Foreign {
    bench: Bench,
    server: Server,
    background: Queue,
}

impl Foreign {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Value)) -> Self {
        let server = Server::default();
        let bench = Bench::fetching(&server, |settings| {
            settings["issuers"] = json!([remote(), fixed()]);
            settings["limits"] = json!([]);
            change(settings);
        });
        server.publishes(&json!({"keys": [jwk("r1", b'r')]}));
        Self { bench, server, background: Queue::default() }
    }

    /// Presents a token, and does in the background what is due then.
    fn authorize(&self, token: &str) -> Reply {
        let reply = self.bench.authorize(token);
        refresh_due(&self.bench.instance, &self.server, &self.background, self.bench.now());
        self.background.run();
        reply
    }
}
