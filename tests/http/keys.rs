//! What policies count by, and which requests.

use serde_json::{Value, json};

use crate::bench::setup::{Keys, config, hash, policy};
use crate::bench::{Ask, Bench, Reply, forge};

const SECRET: &str = "proxy-secret-of-256-random-bits";

fn with_limits(limits: Value) -> Bench {
    Bench::with(|settings| {
        settings["limits"] = limits;
        settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
    })
}

fn policy_of(name: &str, limit: u64, members: &Value) -> Value {
    let mut policy = policy(name, "subject", limit);
    policy.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    policy
}

fn forwarded(token: &str, method: &str, uri: &str) -> Ask {
    Ask::get("/v1/authorize")
        .bearer(token)
        .field("portcullis-proxy-secret", SECRET)
        .field("x-forwarded-method", method)
        .field("x-forwarded-uri", uri)
}

/// The policies that counted a request, each with what is left.
fn counted(reply: &Reply) -> Vec<(String, u64)> {
    let item = |item: &str| {
        let mut parts = item.split(';');
        let name = parts.next().unwrap().trim_matches('"').to_owned();
        (name, parts.next().unwrap().strip_prefix("r=").unwrap().parse().unwrap())
    };
    reply.field("ratelimit").map_or(Vec::new(), |field| field.split(", ").map(item).collect())
}

fn names(reply: &Reply) -> Vec<String> {
    counted(reply).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_policy_counts_the_methods_routes_and_scopes_it_names() {
    let bench = with_limits(json!([
        policy("all", "subject", 99),
        policy_of("writes", 99, &json!({"methods": ["POST", "PUT"]})),
        policy_of("orders", 99, &json!({"routes": ["/orders", "/orders/*"]})),
        policy_of("readers", 99, &json!({"scopes": ["read"]})),
        policy_of(
            "all-of-it",
            99,
            &json!({"methods": ["GET"], "routes": ["/x/**"], "scopes": ["write"]})
        ),
    ]));
    let reader = forge::token(&json!({"scope": "read"}));
    let writer = forge::token(&json!({"scope": "write more", "jti": "another"}));
    let asked =
        |token: &str, method: &str, uri: &str| names(&bench.send(forwarded(token, method, uri)));
    assert_eq!(asked(&reader, "GET", "/"), ["all", "readers"]);
    assert_eq!(asked(&reader, "POST", "/orders/7?x=/y"), ["all", "writes", "orders", "readers"]);
    assert_eq!(asked(&writer, "GET", "/orders/7/items"), ["all"]);
    assert_eq!(asked(&writer, "HEAD", "/x"), ["all", "all-of-it"]);
    assert_eq!(asked(&writer, "GET", "/x/y/z"), ["all", "all-of-it"]);
    for odd in ["//orders", "/%2e/orders", "/orders/..;/x", "/orders%2f7"] {
        assert_eq!(asked(&writer, "PUT", odd), ["all", "writes", "orders"], "{odd}");
    }
}

#[test]
fn what_is_asked_for_is_believed_of_a_proxy_that_shows_its_secret_and_otherwise_counts_as_anything()
{
    let limits =
        json!([policy_of("orders", 99, &json!({"methods": ["POST"], "routes": ["/orders"]}))]);
    let bench = with_limits(limits);
    let token = bench.mint();
    assert!(names(&bench.send(forwarded(&token, "GET", "/"))).is_empty());
    let ask = || Ask::get("/v1/authorize").bearer(&token);
    let unproven = [
        ask(),
        ask().field("x-forwarded-method", "GET").field("x-forwarded-uri", "/"),
        ask().field("x-forwarded-method", "GET").field("portcullis-proxy-secret", "guessed"),
    ];
    for ask in unproven {
        assert_eq!(names(&bench.send(ask)), ["orders"]);
    }
    assert_eq!(bench.count("proxies_unproven", ""), 3);
    let proven = || ask().field("portcullis-proxy-secret", SECRET);
    for ask in [
        proven(),
        forwarded(&token, "POST", "/orders").field("x-forwarded-uri", "/"),
        forwarded(&token, "POST", "/orders, /"),
    ] {
        assert_eq!(names(&bench.send(ask)), ["orders"]);
    }
}

#[test]
fn who_asks_past_the_proxy_spends_nobodys_key() {
    let bench = with_limits(json!([policy_of("tenant", 9, &json!({"key": "header:x-tenant"}))]));
    let token = bench.mint();
    let left = |ask: Ask| counted(&bench.send(ask.field("x-tenant", "victim")))[0].1;
    assert_eq!(left(forwarded(&token, "GET", "/")), 8);
    for left_to_all_such in [8, 7] {
        assert_eq!(left(Ask::get("/v1/authorize").bearer(&token)), left_to_all_such);
    }
    assert_eq!(left(forwarded(&token, "GET", "/")), 7);
}

#[test]
fn several_parts_count_each_combination_apart() {
    let bench = with_limits(json!([
        policy_of("tenant", 9, &json!({"key": ["claim:tenant", "ip"]})),
        policy_of("key", 9, &json!({"key": "header:x-api-key"})),
        policy_of("session", 9, &json!({"key": "session"})),
        policy_of("route", 9, &json!({"key": ["subject", "route"], "routes": ["/a/*", "/b"]})),
    ]));
    let token = |tenant: Value, sid: &str| {
        forge::token(&json!({"tenant": tenant, "sid": sid, "jti": format!("{tenant}{sid}")}))
    };
    let asked = |token: &str, address: &str, api_key: &str, uri: &str| {
        let ask = forwarded(token, "GET", uri).from(address).field("x-api-key", api_key);
        counted(&bench.send(ask)).into_iter().map(|(_, left)| left).collect::<Vec<_>>()
    };
    let (one, two) = ("192.0.2.101", "192.0.2.102");
    let acme = token(json!("acme"), "s");
    assert_eq!(asked(&acme, one, "k", "/a/1"), [8, 8, 8, 8]);
    assert_eq!(asked(&acme, one, "k", "/a/2"), [7, 7, 7, 7], "of the same route");
    assert_eq!(asked(&acme, two, "k", "/b"), [8, 6, 6, 8]);
    assert_eq!(asked(&acme, one, "l", "/b"), [6, 8, 5, 7]);
    let other = token(json!("other"), "t");
    assert_eq!(asked(&other, one, "k", "/b"), [8, 5, 8, 6]);
    // What is no text is none, and all who have none are one.
    let [number, absent] = [token(json!(7), "u"), token(Value::Null, "v")];
    assert_eq!(asked(&number, one, "m", "/b")[0], 8);
    assert_eq!(asked(&absent, one, "m", "/b")[0], 7);
}

#[test]
fn an_administrator_names_each_part() {
    let key = json!({"key": ["subject", "route"], "routes": ["/a/*", "/b"]});
    let bench = with_limits(json!([policy_of("route", 2, &key)]));
    let token = forge::token(&json!({"sub": "alice"}));
    let ask = || bench.send(forwarded(&token, "GET", "/a/1")).status;
    assert_eq!([ask(), ask(), ask()], [200, 200, 429]);
    let target = |query: &str| format!("/v1/limits/route?{query}");
    let send = |ask: Ask| bench.send(ask.basic("admin"));
    let peeked = send(Ask::get(&target("key.subject=alice&key.route=/a/*"))).json();
    assert_eq!(peeked["remaining"], 0);
    assert_eq!(send(Ask::get(&target("key.route=/b&key.subject=alice"))).json()["remaining"], 2);
    let order = json!({"key": {"subject": "alice", "route": "/b"}, "cost": 2});
    assert_eq!(send(Ask::post("/v1/limits/route").json(&order)).json()["remaining"], 0);
    for query in [
        "key=alice",
        "key.subject=alice",
        "key.subject=alice&key.route=/c",
        "key.subject=alice&key.ip=192.0.2.1",
        "key.subject=alice&key.route=/b&key.ip=192.0.2.1",
        "key.subject=&key.route=/b",
    ] {
        send(Ask::get(&target(query))).refused(400, "ERR_REQUEST_INVALID");
    }
    let reset = Ask::new("DELETE", &target("key.subject=alice&key.route=/a/*"));
    assert_eq!(send(reset).status, 204);
    assert_eq!(ask(), 200);
}

#[track_caller]
fn assert_fault(members: &Value, forward_auth: bool, path: &str, reason: &str) {
    let limits = json!([policy_of("p", 3, members)]);
    let fault = config(Keys::EdDsa, |settings| {
        settings["limits"] = limits;
        if forward_auth {
            settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
        }
    })
    .unwrap_err();
    let fault = fault.to_string();
    assert!(fault.contains(path) && fault.contains(reason), "{fault}");
}

#[test]
fn a_key_or_a_list_that_can_never_count_is_a_fault_at_start() {
    for key in [json!("user"), json!(["ip", "claim:"]), json!("header:a b")] {
        assert_fault(&json!({"key": key}), true, "limits[0].key", "must be ip, subject");
    }
    for key in
        [json!([]), json!(["ip", "ip"]), json!(["ip", "subject", "client", "session", "claim:x"])]
    {
        assert_fault(&json!({"key": key}), true, "limits[0].key", "1 to 4 parts");
    }
    assert_fault(&json!({"key": 7}), true, "limits[0].key", "text, or a list");
    assert_fault(&json!({"key": "route"}), true, "limits[0].key", "has no routes");
    assert_fault(&json!({"routes": ["/a*"]}), true, "limits[0].routes[0]", "plain segments");
    assert_fault(&json!({"methods": ["get"]}), true, "limits[0].methods", "upper case");
    assert_fault(&json!({"scopes": ["a b"]}), true, "limits[0].scopes", "scope tokens");
    assert_fault(&json!({"routes": ["/a"]}), false, "limits[0]", "or forward_auth");
    assert_fault(&json!({"key": "header:x-tenant"}), false, "limits[0]", "or forward_auth");
    let failures = json!({"trigger": "auth_failure", "key": "ip", "scopes": ["a"]});
    assert_fault(&failures, true, "limits[0].key", "counts all");
    let secrets = config(Keys::EdDsa, |settings| {
        settings["forward_auth"] = json!({"secret_sha256": [hash("")]});
    });
    assert!(secrets.unwrap_err().to_string().contains("hash of nothing"));
}
