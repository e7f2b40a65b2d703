//! The header fields a limited client reads.
//!
//! `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers: lists of items
//! in the sense of RFC 9651. `Retry-After` as in RFC 9110 section 10.2.3.

use std::fmt::{self, Write as _};

use super::{Decision, Policy};

/// The largest integer a structured field can carry (RFC 9651 section 3.3.1).
const INTEGER_MAX: u64 = 999_999_999_999_999;

/// The value of `RateLimit-Policy`: `"name";q=100;w=60` for each policy, joined with `, `.
///
/// `q` is in units of cost. `w` is in whole seconds, rounded up: a client that paces itself by it
/// goes slower than it may where the window is not whole seconds (`w=1` for any window under one
/// second), never faster. Without policies it is empty, and the field is not to be sent.
pub fn rate_limit_policy_field<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> String {
    list(policies, |field, policy| {
        let (name, quota) = (&policy.name, policy.quota);
        let (q, w) = (integer(quota.limit()), integer(seconds_up(quota.window_ms())));
        write!(field, "\"{name}\";q={q};w={w}")
    })
}

/// The value of `RateLimit`: `"name";r=50;t=30` for each decision, joined with `, `.
///
/// `r` is in units of cost. `t`, until the whole quota is free, is in whole seconds, rounded up:
/// never early. Without decisions it is empty, and the field is not to be sent.
pub fn rate_limit_field<'a>(
    decisions: impl IntoIterator<Item = (&'a Policy, &'a Decision)>,
) -> String {
    list(decisions, |field, (policy, decision)| {
        let (r, t) = (integer(decision.remaining), integer(seconds_up(decision.reset_ms)));
        write!(field, "\"{}\";r={r};t={t}", policy.name)
    })
}

/// The value of `Retry-After` in whole seconds for a wait in milliseconds: rounded up, so that it
/// is never early, and at least 1.
#[must_use]
pub fn retry_after_seconds(retry_after_ms: u64) -> u64 {
    seconds_up(retry_after_ms).max(1)
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    write_item: impl Fn(&mut String, T) -> fmt::Result,
) -> String {
    let mut field = String::new();
    for item in items {
        if !field.is_empty() {
            field.push_str(", ");
        }
        // Writing to a String does not fail.
        let _ = write_item(&mut field, item);
    }
    field
}

fn seconds_up(ms: u64) -> u64 {
    ms.div_ceil(1000)
}

fn integer(value: u64) -> u64 {
    value.min(INTEGER_MAX)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::limit::{Algorithm, KeyKind, OnOutage, PolicyName, Quota, Trigger};

    fn policy(name: &str, limit: u64, window_ms: u64) -> Policy {
        Policy {
            name: PolicyName::new(name).unwrap(),
            key: KeyKind::Ip,
            algorithm: Algorithm::SlidingWindow,
            quota: Quota::new(limit, window_ms).unwrap(),
            trigger: Trigger::Request,
            shadow: false,
            on_outage: OnOutage::default(),
        }
    }

    fn decision(remaining: u64, reset_ms: u64) -> Decision {
        Decision { allowed: true, limit: 100, remaining, reset_ms, retry_after_ms: None }
    }

    #[test]
    fn policies_are_a_list_of_quotas_and_windows() {
        let policies = [policy("per-ip", 100, 60_000), policy("burst", 10, 1_000)];
        let field = rate_limit_policy_field(&policies);
        assert_eq!(field, "\"per-ip\";q=100;w=60, \"burst\";q=10;w=1");
    }

    #[test]
    fn a_window_of_broken_seconds_is_rounded_up() {
        assert_eq!(rate_limit_policy_field(&[policy("p", 5, 1)]), "\"p\";q=5;w=1");
        assert_eq!(rate_limit_policy_field(&[policy("p", 5, 1_001)]), "\"p\";q=5;w=2");
    }

    #[test]
    fn decisions_are_a_list_of_what_is_left_and_until_when() {
        let (first, second) = (policy("per-ip", 100, 60_000), policy("burst", 10, 1_000));
        let (left, none) = (decision(50, 29_001), decision(0, 1));
        let field = rate_limit_field([(&first, &left), (&second, &none)]);
        assert_eq!(field, "\"per-ip\";r=50;t=30, \"burst\";r=0;t=1");
    }

    #[test]
    fn without_policies_there_is_no_field() {
        assert_eq!(rate_limit_policy_field([]), "");
        assert_eq!(rate_limit_field([]), "");
    }

    #[test]
    fn integers_stay_within_what_a_structured_field_can_carry() {
        let field = rate_limit_policy_field(&[policy("p", 1 << 53, 1)]);
        assert_eq!(field, "\"p\";q=999999999999999;w=1");
    }

    #[test]
    fn a_retry_is_never_early_and_at_least_a_second() {
        let seconds = [0, 1, 999, 1_000, 1_001, 60_000].map(retry_after_seconds);
        assert_eq!(seconds, [1, 1, 1, 1, 2, 60]);
    }
}
