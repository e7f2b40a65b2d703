//! Whose address it is, and the gate that counts it before anything else.

use serde_json::json;

use crate::bench::{Ask, Bench, Fault};

/// Two requests per 60 s and address; from so many trusted proxies, or from Cloudflare.
fn gated(hops: Option<usize>) -> Bench {
    Bench::with(|settings| {
        settings["gate"] = json!({"limit": 2, "window": "60s"});
        settings["trusted_proxy_hops"] = json!(hops);
    })
}

fn status(bench: &Bench, fields: &[(&str, &str)]) -> u16 {
    let ask = Ask::get("/v1/authorize");
    bench.send(fields.iter().fold(ask, |ask, (name, value)| ask.field(name, value))).status
}

/// Requests with these fields are all counted as from one address, the 3rd refused.
#[track_caller]
fn assert_one_address(hops: Option<usize>, requests: [&[(&str, &str)]; 3]) {
    let bench = gated(hops);
    let statuses = requests.map(|fields| status(&bench, fields));
    assert_eq!(statuses, [401, 401, 429]);
}

#[test]
fn the_gate_counts_each_address_apart_and_never_asks_the_store() {
    let bench = gated(None);
    let from = |address| status(&bench, &[("cf-connecting-ip", address)]);
    assert_eq!([from("192.0.2.101"), from("192.0.2.101"), from("192.0.2.101")], [401, 401, 429]);
    assert_eq!(from("192.0.2.102"), 401);
    assert!(bench.store.calls().is_empty());
    assert_eq!(bench.count("limit_denials", "policy=\"gate\""), 1);
}

#[test]
fn ipv6_counts_by_the_network_that_is_configured() {
    let bench = Bench::with(|settings| {
        settings["gate"] = json!({"limit": 2, "window": "60s"});
        settings["ipv6_prefix"] = json!(56);
    });
    let from = |address| status(&bench, &[("cf-connecting-ip", address)]);
    let network = ["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:ff::1"];
    assert_eq!(network.map(from), [401, 401, 429]);
    assert_eq!(from("2001:db8:1:100::1"), 401);
}

#[test]
fn the_gate_refuses_with_429_and_its_policy_and_lets_in_again_after_the_wait() {
    let bench = gated(None);
    let ask = || bench.send(Ask::get("/.well-known/jwks.json").from("192.0.2.101"));
    assert_eq!([ask().status, ask().status], [200; 2]);
    let reply = ask();
    reply.refused(429, "ERR_RATE_LIMITED");
    assert_eq!(reply.field("ratelimit-policy"), Some("\"gate\";q=2;w=60"));
    let wait_s: u64 = reply.field("retry-after").unwrap().parse().unwrap();
    bench.pass(wait_s * 1000);
    assert_eq!(ask().status, 200);
}

#[test]
fn the_gate_comes_before_the_token_is_looked_at() {
    let bench = gated(None);
    let token = bench.mint();
    let ask = || bench.send(Ask::get("/v1/authorize").bearer(&token).from("192.0.2.101"));
    assert_eq!([ask().status, ask().status], [200; 2]);
    bench.store.calls();
    ask().refused(429, "ERR_RATE_LIMITED");
    assert!(bench.store.calls().is_empty());
    let elsewhere = bench.send(Ask::get("/v1/authorize").bearer(&token).from("192.0.2.102"));
    assert!(elsewhere.field("ratelimit").unwrap().starts_with("\"per-subject\";r=0;"));
}

#[test]
fn the_gate_of_an_oauth_route_answers_as_oauth_does() {
    let bench = gated(None);
    for _ in 0..2 {
        bench.send(Ask::post("/oauth/revoke"));
    }
    bench
        .send(Ask::post("/oauth/revoke"))
        .refused(429, "ERR_RATE_LIMITED")
        .oauth("temporarily_unavailable");
}

#[test]
fn health_is_answered_past_the_gate_and_not_counted_by_it() {
    let bench = gated(None);
    for _ in 0..5 {
        assert_eq!(bench.send(Ask::get("/healthz").from("192.0.2.101")).status, 200);
    }
    assert_eq!(status(&bench, &[("cf-connecting-ip", "192.0.2.101")]), 401);
}

#[test]
fn an_ipv6_network_is_counted_by_its_64_and_a_mapped_address_as_ipv4() {
    let v6 = |address| [("cf-connecting-ip", address)];
    assert_one_address(
        None,
        [&v6("2001:db8:1:2::1"), &v6("2001:db8:1:2:ffff::"), &v6("[2001:DB8:1:2::3]")],
    );
    assert_one_address(
        None,
        [&v6("192.0.2.101"), &v6("::ffff:192.0.2.101"), &v6("::ffff:c000:265")],
    );
    let bench = gated(None);
    for address in ["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:2:2::1"] {
        assert_eq!([(); 2].map(|()| status(&bench, &v6(address))), [401; 2]);
    }
}

#[test]
fn a_caller_without_a_readable_address_shares_one_count() {
    let garbage = [("cf-connecting-ip", "not-an-address")];
    assert_one_address(None, [&[], &garbage, &[("cf-connecting-ip", "192.0.2.1:8080")]]);
}

#[test]
fn entries_left_of_the_trusted_ones_are_hearsay() {
    let xff = |list| [("x-forwarded-for", list)];
    assert_one_address(
        Some(1),
        [
            &xff("192.0.2.101"),
            &xff("198.51.100.1, 192.0.2.101"),
            &xff("198.51.100.2,198.51.100.3 ,  192.0.2.101"),
        ],
    );
    assert_one_address(
        Some(2),
        [
            &xff("192.0.2.101, 10.0.0.1"),
            &xff("198.51.100.1, 192.0.2.101, 10.0.0.2"),
            &xff("\u{e9}, 192.0.2.101, 10.0.0.3"),
        ],
    );
}

#[test]
fn a_proxy_that_adds_a_field_instead_of_an_entry_is_believed_and_the_clients_field_is_not() {
    let spoofed = |left| [("x-forwarded-for", left), ("x-forwarded-for", "192.0.2.101")];
    assert_one_address(
        Some(1),
        [
            &spoofed("198.51.100.1"),
            &spoofed("198.51.100.2"),
            &spoofed("198.51.100.3, 198.51.100.4"),
        ],
    );
}

#[test]
fn fewer_entries_than_trusted_proxies_are_no_address() {
    let xff = |list| [("x-forwarded-for", list)];
    assert_one_address(Some(3), [&xff("192.0.2.101"), &xff("192.0.2.102, 10.0.0.1"), &[]]);
}

#[test]
fn only_the_configured_field_counts() {
    let cf = |address| [("cf-connecting-ip", address)];
    assert_one_address(Some(1), [&cf("192.0.2.101"), &cf("192.0.2.102"), &[]]);
    let xff = |list| [("x-forwarded-for", list)];
    assert_one_address(None, [&xff("192.0.2.101"), &xff("192.0.2.102"), &[]]);
}

#[test]
fn the_gate_holds_while_the_store_is_gone() {
    let bench = gated(None);
    bench.store.fault(Fault::Unreachable);
    assert_eq!([(); 3].map(|()| status(&bench, &[])), [401, 401, 429]);
}
