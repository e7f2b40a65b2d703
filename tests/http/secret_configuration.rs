//! Faults of the secrets: named by their path, and no value ever in a message.

use portcullis::config::{Config, ConfigError};
use serde_json::{Value, json};

use crate::bench::setup::{ED_D, HS_K, Keys, clients, hash, settings};

/// Stands for a secret; in no message.
const LEAK: &str = "c2VjcmV0LXRoYXQtbXVzdC1ub3QtbGVhay0xMjM0NTY";

fn from(keys: &str, clients: &str) -> ConfigError {
    let error = Config::from_json(&settings().to_string(), keys, clients).expect_err("a fault");
    for text in [error.to_string(), format!("{error:?}")] {
        for secret in [LEAK, &LEAK[..20], ED_D, HS_K, "123456789", "Z2V0"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    error
}

#[track_caller]
fn assert_keys_fault(keys: &Value, path: &str, words: &str) {
    let error = from(&keys.to_string(), &clients().to_string());
    assert_eq!(error.path, path, "{error}");
    assert!(error.reason.contains(words), "{error}");
}

#[track_caller]
fn assert_client_fault(field: &str, value: Value, path: &str, words: &str) {
    let mut records = clients();
    records[1][field] = value;
    let error = from(&Keys::EdDsa.json().to_string(), &records.to_string());
    assert_eq!(error.path, format!("PORTCULLIS_CLIENTS{path}"), "{error}");
    assert!(error.reason.contains(words), "{error}");
}

/// The keys of a set with this one second.
fn second(key: Value) -> Value {
    let mut keys = Keys::EdDsa.json();
    keys["keys"].as_array_mut().unwrap().push(key);
    keys
}

fn oct(field: &str, value: Value) -> Value {
    let mut key = json!({"kty": "oct", "kid": "k", "alg": "HS256", "k": HS_K});
    key[field] = value;
    json!({"keys": [key]})
}

#[test]
fn a_missing_secret_is_named() {
    for empty in ["", " ", "\n"] {
        let keys = from(empty, &clients().to_string());
        assert_eq!(
            (keys.path.as_str(), keys.reason.contains("missing")),
            ("PORTCULLIS_KEYS", true)
        );
        let error = from(&Keys::EdDsa.json().to_string(), empty);
        assert_eq!(
            (error.path.as_str(), error.reason.contains("missing")),
            ("PORTCULLIS_CLIENTS", true)
        );
    }
}

#[test]
fn a_secret_that_is_not_json_is_not_echoed() {
    let open = format!("{{\"keys\":[{{\"k\":\"{LEAK}\"");
    let twice = format!("{} {LEAK}", Keys::EdDsa.json());
    for keys in [LEAK, &open, &format!("{{{LEAK}}}"), &twice] {
        let error = from(keys, &clients().to_string());
        assert!(error.path.starts_with("PORTCULLIS_KEYS"), "{error}");
        assert!(error.reason.contains("not valid JSON"), "{error}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named_and_not_echoed() {
    let wrong = "of the wrong type or out of range";
    let (text, list, number) = ("must be text", "must be a list", "must be a whole number");
    assert_keys_fault(&json!(LEAK), "PORTCULLIS_KEYS", wrong);
    assert_keys_fault(&json!({"keys": LEAK}), "PORTCULLIS_KEYS.keys", list);
    assert_keys_fault(&json!({"keys": [LEAK]}), "PORTCULLIS_KEYS.keys[0]", wrong);
    assert_keys_fault(&oct("k", json!([LEAK])), "PORTCULLIS_KEYS.keys[0].k", text);
    assert_keys_fault(&oct("k", json!(1_234_567_890)), "PORTCULLIS_KEYS.keys[0].k", text);
    assert_keys_fault(&oct("kid", json!({"a": LEAK})), "PORTCULLIS_KEYS.keys[0].kid", text);
    assert_keys_fault(
        &oct("not_before", json!(LEAK)),
        "PORTCULLIS_KEYS.keys[0].not_before",
        number,
    );
    assert_client_fault("id", json!([LEAK]), "[1].id", text);
    assert_client_fault("secret_sha256", json!(LEAK), "[1].secret_sha256", list);
    assert_client_fault("secret_sha256", json!([1_234_567_890]), "[1].secret_sha256[0]", text);
    assert_client_fault("scopes", json!({LEAK: 1}), "[1].scopes", list);
}

#[test]
fn missing_members_are_named() {
    assert_keys_fault(&json!({}), "PORTCULLIS_KEYS.keys", "missing");
    let records = json!([{"id": "web"}]).to_string();
    let error = from(&Keys::EdDsa.json().to_string(), &records);
    assert_eq!(error.path, "PORTCULLIS_CLIENTS[0].secret_sha256");
}

#[test]
fn an_unknown_field_or_grant_of_a_client_is_refused() {
    assert_client_fault("secret", json!(LEAK), "[1].secret", "unknown field");
    let grants = json!(["tokens:issue", LEAK]);
    assert_client_fault("grants", grants, "[1].grants[1]", "not one of the names");
}

#[test]
fn a_short_key_is_refused_at_its_path() {
    for bytes in [0, 12, 31] {
        let short = oct("k", json!(&LEAK[..bytes * 4 / 3]));
        let words = if bytes == 12 { "k is too short" } else { "k" };
        assert_keys_fault(&short, "PORTCULLIS_KEYS.keys[0]", words);
    }
    assert_keys_fault(&oct("k", json!("A".repeat(40))), "PORTCULLIS_KEYS.keys[0]", "32 bytes");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_at_its_path() {
    let ed = |field: &str, value: Value| {
        let mut key = Keys::EdDsa.json()["keys"][0].clone();
        key["kid"] = json!("second");
        key[field] = value;
        second(key)
    };
    let path = "PORTCULLIS_KEYS.keys[1]";
    assert_keys_fault(&ed("d", json!(LEAK)), path, "d and x are not a key pair");
    assert_keys_fault(&ed("x", json!("AA")), path, "x is not an Ed25519 public key");
    assert_keys_fault(&ed("x", json!("not+base64")), path, "x is not canonical base64url");
    assert_keys_fault(&ed("crv", json!("X25519")), path, "crv");
    assert_keys_fault(&ed("alg", json!("none")), path, "alg is not supported");
    assert_keys_fault(&ed("alg", json!("HS256")), path, "kty and alg");
    assert_keys_fault(&ed("use", json!("enc")), path, "use must be sig");
    assert_keys_fault(&ed("kid", json!("")), path, "kid must have");
    assert_keys_fault(&ed("kid", json!("ed")), path, "kid is there twice");
    assert_keys_fault(&ed("key_ops", json!(["verify"])), path, "key_ops");
}

#[test]
fn a_set_that_is_empty_or_mixes_secret_and_public_keys_is_refused() {
    assert_keys_fault(&json!({"keys": []}), "PORTCULLIS_KEYS", "1 to 100 keys");
    let mixed = second(json!({"kty": "oct", "kid": "hs", "alg": "HS256", "k": HS_K}));
    assert_keys_fault(&mixed, "PORTCULLIS_KEYS", "mixes secret and public keys");
}

#[test]
fn faults_of_a_client_record_are_named_by_their_path() {
    for id in ["", "a b", "a:b", "\u{eb}", &"x".repeat(129)] {
        assert_client_fault("id", json!(id), "[1].id", "1 to 128 characters");
    }
    for hashes in [json!([]), json!([hash("a"), hash("b"), hash("c")])] {
        assert_client_fault("secret_sha256", hashes, "[1].secret_sha256", "one hash, or two");
    }
    for bad in ["", "abc", &format!("{}=", hash("a")), &hash("a")[1..], "!"] {
        assert_client_fault("secret_sha256", json!([bad]), "[1].secret_sha256", "SHA-256 hash");
    }
    assert_client_fault("scopes", json!(["a b"]), "[1].scopes", "scope tokens");
    assert_client_fault("audiences", json!([""]), "[1].audiences", "1 to 255 bytes");
    assert_client_fault("audiences", json!([]), "[1].audiences", "needs at least one");
    assert_client_fault("audiences", json!(vec!["a"; 17]), "[1].audiences", "at most 16");
}

#[test]
fn the_hash_of_no_secret_at_all_is_refused() {
    let words = "the secret was empty";
    assert_client_fault("secret_sha256", json!([hash("")]), "[1].secret_sha256", words);
    assert_client_fault("secret_sha256", json!([hash("a"), hash("")]), "[1].secret_sha256", words);
}

#[test]
fn no_clients_or_two_of_one_id_are_refused() {
    let keys = Keys::EdDsa.json().to_string();
    assert!(from(&keys, "[]").reason.contains("1 to 10,000 clients"));
    let mut records = clients();
    records[3]["id"] = json!("web");
    let error = from(&keys, &records.to_string());
    assert_eq!(
        (error.path.as_str(), error.reason.contains("same id")),
        ("PORTCULLIS_CLIENTS", true)
    );
}

#[test]
fn a_configuration_shows_no_secret_of_its_own() {
    for keys in [Keys::EdDsa, Keys::Hs256] {
        let config = crate::bench::setup::config(keys, |_| ()).unwrap();
        let shown = format!("{config:?}");
        for secret in [ED_D, HS_K, &hash(&crate::bench::setup::secret("web"))] {
            assert!(!shown.contains(secret));
        }
    }
}
