//! The header fields a limited client reads.
//!
//! `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers: lists of items
//! in the sense of RFC 9651. `Retry-After` as in RFC 9110 section 10.2.3.

use std::cmp::Reverse;

use sfv::{Integer, KeyRef, ListSerializer, StringRef, key_ref};

use super::{Decision, Policy};
use crate::UnixMs;

/// The largest integer a structured field can carry (RFC 9651 section 3.3.1).
const INTEGER_MAX: i64 = 999_999_999_999_999;

/// The value of `RateLimit-Policy`: `"name";q=100;w=60` for each policy, joined with `, `.
///
/// `q` is in units of cost. `w` is in whole seconds, rounded up: a client that paces itself by it
/// goes slower than it may where the window is not whole seconds (`w=1` for any window under one
/// second), never faster. Without policies it is empty, and the field is not to be sent.
pub fn rate_limit_policy_field<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> String {
    const KEYS: [&KeyRef; 2] = [key_ref("q"), key_ref("w")];
    list(KEYS, policies, |policy| {
        let quota = policy.quota;
        (policy, [quota.limit(), seconds_up(quota.window_ms())])
    })
}

/// The value of `RateLimit`: `"name";r=50;t=30` for each decision, joined with `, `.
///
/// `r` is in units of cost. `t` is in whole seconds, rounded up: until the whole quota is free, or of a policy that
/// denies until what was asked for fits, which is what `Retry-After` says too. Without decisions it is empty, and the field is not to be sent.
pub fn rate_limit_field<'a>(
    decisions: impl IntoIterator<Item = (&'a Policy, &'a Decision)>,
) -> String {
    const KEYS: [&KeyRef; 2] = [key_ref("r"), key_ref("t")];
    list(KEYS, decisions, |(policy, decision)| {
        let until_ms = decision.retry_after_ms.unwrap_or(decision.reset_ms);
        (policy, [decision.remaining, seconds_up(until_ms)])
    })
}

/// The value of `Retry-After` in whole seconds for a wait in milliseconds: rounded up, so that it
/// is never early, and at least 1.
#[must_use]
pub fn retry_after_seconds(retry_after_ms: u64) -> u64 {
    seconds_up(retry_after_ms).max(1)
}

/// The values of `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, which say one quota: of
/// the policy that denies for the longest, else of the one with the smallest share left. The reset is in
/// seconds since the epoch, rounded up, as GitHub has it. `None` without decisions.
pub fn legacy_fields<'a>(
    decisions: impl IntoIterator<Item = &'a Decision>,
    now: UnixMs,
) -> Option<[u64; 3]> {
    let share = |of: &Decision| {
        let millionths = u128::from(of.remaining).saturating_mul(1_000_000);
        millionths.checked_div(u128::from(of.limit)).unwrap_or(0)
    };
    let tightest = decisions.into_iter().min_by_key(|of| {
        (of.allowed, Reverse(of.retry_after_ms), share(of), Reverse(of.reset_ms))
    })?;
    let reset = seconds_up(now.plus(tightest.reset_ms).0);
    Some([tightest.limit, tightest.remaining, reset])
}

fn list<'a, T>(
    [first, second]: [&KeyRef; 2],
    items: impl IntoIterator<Item = T>,
    say: impl Fn(T) -> (&'a Policy, [u64; 2]),
) -> String {
    let mut list = ListSerializer::new();
    for item in items {
        let (policy, values) = say(item);
        // A policy's name is of characters that any string may have.
        let Ok(name) = StringRef::from_str(policy.name.as_str()) else { continue };
        let [one, other] = values.map(integer);
        let _ = list.bare_item(name).parameter(first, one).parameter(second, other);
    }
    list.finish().unwrap_or_default()
}

fn seconds_up(ms: u64) -> u64 {
    ms.div_ceil(1000)
}

fn integer(value: u64) -> Integer {
    let within = i64::try_from(value).unwrap_or(INTEGER_MAX).min(INTEGER_MAX);
    Integer::try_from(within).unwrap_or(Integer::MAX)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::sync::Arc;

    use super::*;
    use crate::limit::{Algorithm, KeyPart, OnOutage, PolicyName, Quota, Trigger};

    fn policy(name: &str, limit: u64, window_ms: u64) -> Policy {
        Policy {
            name: PolicyName::new(name).unwrap(),
            key: [KeyPart::Ip].into(),
            applies: Arc::default(),
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
    fn the_old_fields_say_the_policy_that_denies_longest_or_has_the_smallest_share_left() {
        let now = UnixMs(1_700_000_000_500);
        let refused =
            |wait| Decision { allowed: false, retry_after_ms: Some(wait), ..decision(0, wait) };
        let allowed = [decision(60, 1_000), Decision { limit: 1_000, ..decision(70, 9_000) }];
        assert_eq!(legacy_fields(&allowed, now), Some([1_000, 70, 1_700_000_010]));
        let denied = [decision(0, 90_000), refused(2_000), refused(5_000)];
        assert_eq!(legacy_fields(&denied, now), Some([100, 0, 1_700_000_006]));
        assert_eq!(legacy_fields(&[], now), None);
    }

    #[test]
    fn a_retry_is_never_early_and_at_least_a_second() {
        let seconds = [0, 1, 999, 1_000, 1_001, 60_000].map(retry_after_seconds);
        assert_eq!(seconds, [1, 1, 1, 1, 2, 60]);
    }
}
