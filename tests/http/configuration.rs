//! Faults of the public settings: each named by its path.

use serde_json::{Value, json};

use crate::bench::setup::{Keys, config, failures, policy};

#[track_caller]
fn assert_fault(change: impl FnOnce(&mut Value), path: &str, words: &str) {
    let error = config(Keys::EdDsa, change).expect_err(path);
    assert_eq!(error.path, path, "{error}");
    assert!(error.reason.contains(words), "{error}");
    assert_eq!(error.to_string(), format!("{path}: {}", error.reason));
}

#[track_caller]
fn assert_field_fault(field: &str, value: Value, path: &str, words: &str) {
    assert_fault(|settings| settings[field] = value, path, words);
}

fn changed(policy: Value, field: &str, value: Value) -> Value {
    let mut policy = policy;
    policy[field] = value;
    json!([policy])
}

fn limit(field: &str, value: Value) -> Value {
    changed(policy("p", "subject", 3), field, value)
}

#[test]
fn an_unknown_field_is_refused_and_named() {
    assert_field_fault("isuer", json!("x"), "isuer", "unknown field `isuer`");
    assert_field_fault("limits", limit("brust", json!(1)), "limits[0].brust", "unknown field");
    let gate = json!({"limit": 1, "window": "1s", "shadow": true});
    assert_field_fault("gate", gate, "gate.shadow", "unknown field");
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    let settings = r#"{"issuer":"https://a.test","issuer":"https://b.test","audience":["a"]}"#;
    let keys = Keys::EdDsa.json().to_string();
    let error = portcullis::config::Config::from_json(settings, &keys, "[]").unwrap_err();
    assert!(error.reason.contains("duplicate field `issuer`"), "{error}");
}

#[test]
fn a_missing_field_is_named() {
    let without = |field: &'static str| {
        move |settings: &mut Value| drop(settings.as_object_mut().unwrap().remove(field))
    };
    assert_fault(without("issuer"), "issuer", "missing field");
    assert_fault(without("audience"), "audience", "missing field");
    assert_field_fault("limits", json!([{"name": "p"}]), "limits[0].key", "missing field");
    assert_field_fault("gate", json!({"limit": 1}), "gate.window", "missing field");
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_its_path() {
    assert_field_fault("issuer", json!(5), "issuer", "invalid type");
    assert_field_fault("audience", json!("a"), "audience", "invalid type");
    assert_field_fault("audience", json!(["a", 1]), "audience[1]", "invalid type");
    assert_field_fault("limits", limit("limit", json!("3")), "limits[0].limit", "invalid type");
    assert_field_fault("limits", limit("limit", json!(-3)), "limits[0].limit", "invalid value");
    assert_field_fault("limits", limit("key", json!("jti")), "limits[0].key", "must be ip");
    let algorithm = limit("algorithm", json!("magic"));
    assert_field_fault("limits", algorithm, "limits[0].algorithm", "unknown variant");
    assert_field_fault("limits", limit("trigger", json!("x")), "limits[0].trigger", "unknown");
}

#[test]
fn settings_that_are_no_json_are_refused() {
    for text in ["", "{", "[]", "null", "issuer = 1", "{} {}"] {
        let keys = Keys::EdDsa.json().to_string();
        assert!(portcullis::config::Config::from_json(text, &keys, "[]").is_err(), "{text}");
    }
}

#[test]
fn an_issuer_that_is_no_https_url_is_refused() {
    for issuer in ["", "portcullis", "https://", "https://:443", "/path", "not a url", "://x"] {
        assert_field_fault("issuer", json!(issuer), "issuer", "");
    }
    for issuer in
        ["http://auth.test", "ftp://auth.test", "//auth.test", "http://localhost.evil.test"]
    {
        assert_field_fault("issuer", json!(issuer), "issuer", "");
    }
    assert_field_fault("issuer", json!("http://auth.test"), "issuer", "must be https");
    for issuer in ["https://auth.test?a=1", "https://auth.test/#a", "https://auth.test/?"] {
        assert_field_fault("issuer", json!(issuer), "issuer", "no query and no fragment");
    }
    let long = format!("https://auth.test/{}", "x".repeat(500));
    assert_field_fault("issuer", json!(long), "issuer", "at most 512 bytes");
}

#[test]
fn an_issuer_with_a_password_is_refused_and_not_echoed() {
    for issuer in ["https://user:hunter22@auth.test", "http://user:hunter22@auth.test"] {
        let error = config(Keys::EdDsa, |settings| settings["issuer"] = json!(issuer)).unwrap_err();
        assert_eq!(error.path, "issuer");
        assert!(!error.to_string().contains("hunter22"), "{error}");
    }
}

#[test]
fn an_issuer_may_have_a_port_and_a_path_and_be_http_on_loopback() {
    for issuer in [
        "https://auth.test:8443/tenant/a",
        "http://localhost:8787",
        "http://127.0.0.1",
        "http://[::1]:8787",
    ] {
        let config = config(Keys::EdDsa, |settings| settings["issuer"] = json!(issuer)).unwrap();
        assert_eq!(config.issuer, issuer);
    }
}

#[test]
fn an_audience_that_is_none_or_empty_is_refused() {
    assert_field_fault("audience", json!([]), "audience", "at least one");
    for audience in ["", "a\nb", "a\"b", "a\\b", &"x".repeat(256)] {
        assert_field_fault("audience", json!(["a", audience]), "audience", "1 to 255 bytes");
    }
}

#[test]
fn a_bad_duration_is_refused_wherever_it_stands() {
    for text in ["", "60", "1.5s", "-1s", "1 s", "1h30m", "99999999999999999999s"] {
        for field in ["access_ttl", "max_lifetime", "clock_tolerance"] {
            assert_field_fault(field, json!(text), field, "not a duration");
        }
        let window = limit("window", json!(text));
        assert_field_fault("limits", window, "limits[0].window", "not a duration");
        let gate = json!({"limit": 1, "window": text});
        assert_field_fault("gate", gate, "gate.window", "not a duration");
    }
}

#[test]
fn a_burst_goes_with_what_has_one_and_must_be_countable() {
    let burst = |algorithm: &str, burst: Value| {
        let policy = changed(policy("p", "subject", 3), "algorithm", json!(algorithm));
        changed(policy[0].clone(), "burst", burst)
    };
    for algorithm in ["fixed-window", "sliding-window", "sliding-log"] {
        let limits = burst(algorithm, json!(3));
        assert_field_fault("limits", limits, "limits[0].burst", "token-bucket");
    }
    for algorithm in ["token-bucket", "gcra"] {
        assert_field_fault("limits", burst(algorithm, json!(0)), "limits[0].burst", "at least 1");
        let limits = burst(algorithm, json!((1_u64 << 53) / 60_000 + 1));
        assert_field_fault("limits", limits, "limits[0].burst", "2^53");
        let limits = burst(algorithm, json!(7));
        assert!(config(Keys::EdDsa, |settings| settings["limits"] = limits).is_ok());
    }
}

#[test]
fn a_log_has_at_most_ten_thousand_takes() {
    let log = |limit: u64| {
        let policy = changed(policy("p", "subject", limit), "algorithm", json!("sliding-log"));
        config(Keys::EdDsa, |settings| settings["limits"] = policy)
    };
    assert!(log(10_000).is_ok());
    let limits = changed(policy("p", "subject", 10_001), "algorithm", json!("sliding-log"));
    assert_field_fault("limits", limits, "limits[0].limit", "at most 10000, not 10001");
}

#[test]
fn lifetimes_are_whole_seconds_within_their_maximum() {
    for text in ["0s", "999ms", "1500ms"] {
        assert_field_fault("access_ttl", json!(text), "access_ttl", "whole seconds");
        assert_field_fault("max_lifetime", json!(text), "max_lifetime", "whole seconds");
    }
    assert_field_fault("access_ttl", json!("25h"), "access_ttl", "not exceed max_lifetime");
    assert_field_fault("max_lifetime", json!("367d"), "max_lifetime", "at most 366d");
    let most = |settings: &mut Value| settings["max_lifetime"] = json!("366d");
    assert_eq!(config(Keys::EdDsa, most).unwrap().lifetime_s_max, 366 * 86_400);
}

#[test]
fn a_tolerance_over_five_minutes_is_refused() {
    assert_field_fault("clock_tolerance", json!("301s"), "clock_tolerance", "at most 5m");
    assert!(config(Keys::EdDsa, |settings| settings["clock_tolerance"] = json!("5m")).is_ok());
}

#[test]
fn two_policies_of_one_name_are_refused_and_the_gates_name_is_taken() {
    let twice = json!([policy("p", "ip", 3), policy("q", "ip", 3), policy("p", "subject", 4)]);
    assert_field_fault("limits", twice, "limits[2].name", "twice");
    let gate = json!([policy("gate", "ip", 3)]);
    assert_field_fault("limits", gate, "limits[0].name", "reserved");
}

#[test]
fn a_policy_name_that_could_not_stand_in_a_field_is_refused() {
    for name in ["", "Per-IP", "a b", "a\"b", "a\nb", "\u{eb}", &"x".repeat(65)] {
        let limits = json!([policy("ok", "ip", 1), policy(name, "ip", 3)]);
        assert_field_fault("limits", limits, "limits[1].name", "1 to 64 characters");
    }
}

#[test]
fn more_than_14_policies_are_refused() {
    let policies = |count| -> Value {
        (0..count).map(|number| policy(&format!("p{number}"), "ip", 3)).collect()
    };
    assert_field_fault("limits", policies(15), "limits", "at most 14");
    assert!(config(Keys::EdDsa, |settings| settings["limits"] = policies(14)).is_ok());
}

#[test]
fn fourteen_policies_and_the_gate_fit_the_instances_memory() {
    let bench = crate::bench::Bench::embedded(|settings| {
        settings["gate"] = json!({"limit": 100, "window": "60s"});
        let mut limits: Vec<_> =
            (0..13).map(|number| policy(&format!("p{number}"), "subject", 3)).collect();
        limits.push(failures(3));
        settings["limits"] = json!(limits);
    });
    let reply = bench.authorize(&bench.mint());
    assert_eq!(reply.status, 200, "{reply:?}");
    bench.authorize("bad").refused(401, "ERR_JWS_INVALID");
}

#[test]
fn a_quota_that_cannot_be_kept_exactly_is_refused() {
    let large = limit("limit", json!(1_u64 << 53));
    assert_field_fault("limits", large, "limits[0]", "must not exceed 2^53");
    assert_field_fault("limits", limit("limit", json!(0)), "limits[0].limit", "at least 1");
    for window in ["0s", "367d"] {
        let limits = limit("window", json!(window));
        assert_field_fault("limits", limits, "limits[0].window", "between 1 ms and 366 days");
    }
    let gate = json!({"limit": 0, "window": "1s"});
    assert_field_fault("gate", gate, "gate.limit", "at least 1");
}

#[test]
fn a_policy_on_failures_is_keyed_by_ip() {
    for key in ["subject", "client"] {
        let limits = changed(failures(3), "key", json!(key));
        assert_field_fault("limits", limits, "limits[0].key", "keyed by ip");
    }
}

#[test]
fn trusted_hops_are_1_to_16() {
    for hops in [0, 17] {
        assert_field_fault("trusted_proxy_hops", json!(hops), "trusted_proxy_hops", "1 to 16");
    }
    assert_field_fault("trusted_proxy_hops", json!(-1), "trusted_proxy_hops", "invalid value");
}

#[test]
fn an_ipv6_prefix_is_32_to_128() {
    for prefix in [0, 31, 129] {
        assert_field_fault("ipv6_prefix", json!(prefix), "ipv6_prefix", "32 to 128");
    }
    assert_field_fault("ipv6_prefix", json!(256), "ipv6_prefix", "invalid value");
}

#[test]
fn what_happens_in_an_outage_is_checked() {
    let share = |value: Value| limit("local_share_percent", value);
    for percent in [0, 101] {
        let path = "limits[0].local_share_percent";
        assert_field_fault("limits", share(json!(percent)), path, "1 to 100");
    }
    let mut closed = policy("p", "subject", 3);
    closed["on_outage"] = json!("closed");
    let closed = changed(closed, "local_share_percent", json!(50));
    assert_field_fault("limits", closed, "limits[0].local_share_percent", "goes with");
    let unheard = limit("on_outage", json!("maybe"));
    assert_field_fault("limits", unheard, "limits[0].on_outage", "unknown variant");

    let revocation = |field: &str, value: Value| json!({field: value});
    for (field, value, words) in [
        ("on_outage", json!("open"), "unknown variant"),
        ("outage_exposure_max", json!("soon"), "not a duration"),
        ("max_stale", json!("61m"), "at most 1h"),
        ("closed_scopes", json!(["two words"]), "scope tokens"),
        ("closed_scopes", json!(vec!["s"; 65]), "at most 64"),
        ("strict", json!(true), "unknown field"),
    ] {
        let path = format!("revocation.{field}");
        assert_field_fault("revocation", revocation(field, value), &path, words);
    }
}

#[test]
fn how_the_store_is_called_is_checked() {
    for (field, value, words) in [
        ("prefix", json!("a:b"), "a key prefix"),
        ("deadline", json!("0ms"), "1ms to 10s"),
        ("first_deadline", json!("11s"), "1ms to 10s"),
        ("deadline", json!("fast"), "not a duration"),
        ("url", json!("https://store.test"), "unknown field"),
    ] {
        assert_field_fault("store", json!({field: value}), &format!("store.{field}"), words);
    }
}

#[test]
fn how_many_tokens_are_remembered_is_bounded_and_may_be_none() {
    for (field, value, words) in [
        ("entries", json!(65_537), "at most 65,536"),
        ("bytes", json!(33_554_433), "at most 33,554,432"),
        ("entries", json!(-1), "invalid value"),
        ("seconds", json!(1), "unknown field"),
    ] {
        let path = format!("token_cache.{field}");
        assert_field_fault("token_cache", json!({field: value}), &path, words);
    }
    let bounds = |table: Value| {
        let config = config(Keys::EdDsa, |settings| settings["token_cache"] = table).unwrap();
        (config.token_cache.entries, config.token_cache.bytes)
    };
    assert_eq!(bounds(json!({})), (8_192, 4 << 20));
    assert_eq!(bounds(json!({"entries": 0, "bytes": 100})), (0, 100));
}

#[test]
fn the_two_secrets_of_a_store_go_together_and_neither_is_shown() {
    let store = |change: fn(&mut Value)| config(Keys::EdDsa, change).unwrap().store;
    let (url, token) = ("https://store.test", "a-token-of-visible-characters");
    let strict = store(|_| ());
    assert!(strict.endpoint(None, None).unwrap().is_none(), "the embedded store");
    assert!(strict.endpoint(Some(url), Some(token)).unwrap().is_some());
    assert!(strict.endpoint(Some("http://127.0.0.1:8079"), Some(token)).unwrap().is_some());
    for (url, token, path) in [
        (Some(url), None, "PORTCULLIS_STORE_TOKEN"),
        (None, Some(token), "PORTCULLIS_STORE_URL"),
        (Some("store.test"), Some(token), "PORTCULLIS_STORE_URL"),
        (Some("https://me:secret@store.test"), Some(token), "PORTCULLIS_STORE_URL"),
        (Some("http://store.test"), Some(token), "PORTCULLIS_STORE_URL"),
        (Some(url), Some("two words"), "PORTCULLIS_STORE_TOKEN"),
    ] {
        let error = strict.endpoint(url, token).expect_err(path);
        assert_eq!(error.path, path);
        for secret in [url, token].into_iter().flatten() {
            assert!(!error.to_string().contains(secret), "{error}");
        }
    }
    let plain = store(|settings| settings["store"] = json!({"plain_http": true}));
    assert!(plain.endpoint(Some("http://store.test"), Some(token)).unwrap().is_some());
}

#[test]
fn a_request_waits_as_long_as_its_deadlines_allow() {
    let waits_ms = |change: &dyn Fn(&mut Value)| {
        config(Keys::EdDsa, |settings| change(settings)).unwrap().waits_ms_max()
    };
    assert_eq!(waits_ms(&|_| ()), 8_000, "six calls of the store and two of KV, of 1 s");
    let slow = json!({"deadline": "10s", "first_deadline": "5s"});
    assert_eq!(waits_ms(&|settings| settings["store"] = slow.clone()), 80_000);
    let issuers = json!([{"name": "id", "issuer": "https://id.test", "audience": ["a"], "algorithms": ["EdDSA"],
        "jwks_url": "https://id.test/jwks", "jwks_deadline": "4s", "max_lifetime": "1h"}]);
    assert_eq!(waits_ms(&|settings| settings["issuers"] = issuers.clone()), 16_000);
}
