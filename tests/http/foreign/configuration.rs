//! Tables of foreign issuers that are refused, by the path of the fault.

use serde_json::json;

use super::*;
use crate::bench::setup::{ISSUER, Keys, config};

/// The fault of a configuration with these issuers.
fn fault(issuers: Value) -> (String, String) {
    let error = config(Keys::EdDsa, |settings| settings["issuers"] = issuers).unwrap_err();
    (error.path, error.reason)
}

#[track_caller]
fn refused(table: Value, changes: &Value, path: &str) {
    let (found, reason) = fault(json!([changed(table, changes)]));
    assert_eq!(found, path, "{changes}: {reason}");
    assert!(!reason.contains("s3cret"), "{reason}");
}

#[test]
fn every_field_of_a_remote_issuer_is_checked() {
    let long = "a".repeat(65);
    for (changes, path) in [
        (json!({"name": null}), "issuers[0].name"),
        (json!({"name": "Upper"}), "issuers[0].name"),
        (json!({"name": ""}), "issuers[0].name"),
        (json!({"name": long}), "issuers[0].name"),
        (json!({"issuer": "http://remote.test"}), "issuers[0].issuer"),
        (json!({"issuer": "https://user:s3cret@remote.test"}), "issuers[0].issuer"),
        (json!({"issuer": "remote"}), "issuers[0].issuer"),
        (json!({"issuer": ISSUER}), "issuers[0].issuer"),
        (json!({"jwks_url": "http://remote.test/s3cret"}), "issuers[0].jwks_url"),
        (json!({"jwks_url": null}), "issuers[0].jwks_url"),
        (json!({"jwks": {"keys": []}}), "issuers[0].jwks_url"),
        (json!({"audience": []}), "issuers[0].audience"),
        (json!({"audience": [""]}), "issuers[0].audience"),
        (json!({"algorithms": null}), "issuers[0].algorithms"),
        (json!({"algorithms": []}), "issuers[0].algorithms"),
        (json!({"algorithms": ["none"]}), "issuers[0].algorithms"),
        (json!({"algorithms": ["EdDSA", "HS256"]}), "issuers[0].algorithms"),
        (json!({"algorithms": ["eddsa"]}), "issuers[0].algorithms"),
        (json!({"types": [""]}), "issuers[0].types"),
        (json!({"types": vec!["t"; 9]}), "issuers[0].types"),
        (json!({"max_lifetime": null}), "issuers[0].max_lifetime"),
        (json!({"max_lifetime": "367d"}), "issuers[0].max_lifetime"),
        (json!({"max_lifetime": "0s"}), "issuers[0].max_lifetime"),
        (json!({"clock_tolerance": "6m"}), "issuers[0].clock_tolerance"),
        (json!({"jwks_max_age": "999ms"}), "issuers[0].jwks_max_age"),
        (json!({"jwks_max_age": "25h"}), "issuers[0].jwks_max_age"),
        (json!({"jwks_max_stale": "31d"}), "issuers[0].jwks_max_stale"),
        (json!({"jwks_cooldown": "999ms"}), "issuers[0].jwks_cooldown"),
        (json!({"jwks_cooldown": "61m"}), "issuers[0].jwks_cooldown"),
        (json!({"jwks_deadline": "0ms"}), "issuers[0].jwks_deadline"),
        (json!({"jwks_deadline": "11s"}), "issuers[0].jwks_deadline"),
        (json!({"jwks_deadline": "soon"}), "issuers[0].jwks_deadline"),
        (json!({"jwks_uri": "https://remote.test"}), "issuers[0].jwks_uri"),
    ] {
        refused(remote(), &changes, path);
    }
}

#[test]
fn the_widest_settings_are_taken() {
    for (age, stale, cooldown, deadline) in [("1s", "0s", "1s", "1ms"), ("24h", "30d", "1h", "10s")]
    {
        let table = changed(
            remote(),
            &json!({"jwks_max_age": age, "jwks_max_stale": stale, "jwks_cooldown": cooldown,
                "jwks_deadline": deadline, "jwks_url": "http://127.0.0.1:1/jwks"}),
        );
        assert!(config(Keys::EdDsa, |settings| settings["issuers"] = json!([table])).is_ok());
    }
}

#[test]
fn keys_in_the_settings_are_public_and_of_the_issuer_s_algorithms() {
    let with = |members: Value| json!({"jwks": {"keys": [changed(jwk("f1", b'f'), &members)]}});
    for (changes, path) in [
        (with(json!({"d": "s3cret"})), "issuers[0].jwks.keys[0]"),
        (
            json!({"jwks": {"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": "s3cret"}]}}),
            "issuers[0].jwks.keys[0]",
        ),
        (with(json!({"alg": "HS256"})), "issuers[0].jwks.keys[0]"),
        (with(json!({"alg": null})), "issuers[0].jwks.keys[0]"),
        (with(json!({"x": "AA"})), "issuers[0].jwks.keys[0]"),
        (with(json!({"x": 7})), "issuers[0].jwks"),
        (json!({"jwks": {"keys": []}}), "issuers[0].jwks"),
        (json!({"jwks": "https://s3cret.test"}), "issuers[0].jwks"),
        (json!({"jwks": {"keys": [jwk("f1", b'f'), jwk("f1", b'g')]}}), "issuers[0].jwks.keys[1]"),
        (json!({"jwks_cooldown": "30s"}), "issuers[0].jwks"),
    ] {
        refused(fixed(), &changes, path);
    }
}

#[test]
fn two_issuers_share_neither_name_nor_iss() {
    let twin = |changes: Value| json!([fixed(), changed(remote(), &changes)]);
    assert_eq!(fault(twin(json!({"name": "fixed"}))).0, "issuers[1].name");
    assert_eq!(fault(twin(json!({"issuer": FIXED}))).0, "issuers[1].issuer");
}

#[test]
fn there_are_at_most_thirty_two() {
    let issuers = |count: usize| -> Value {
        let table = |index: usize| {
            let name = format!("i{index}");
            changed(remote(), &json!({"name": name, "issuer": format!("https://{name}.test")}))
        };
        (0..count).map(table).collect()
    };
    assert!(config(Keys::EdDsa, |settings| settings["issuers"] = issuers(32)).is_ok());
    assert_eq!(fault(issuers(33)).0, "issuers");
}
