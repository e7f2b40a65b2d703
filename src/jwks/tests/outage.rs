//! What holds while the server does not answer, or answers something else.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_set_is_served_stale_up_to_its_age_and_not_longer() {
    let bench = Bench::primed(set(&["a"]));
    bench.answers(UNREACHABLE);
    let last = NOW.plus(24 * HOUR_MS - 1);
    bench.keys(NOW.plus(HOUR_MS));
    assert!(bench.works(NOW.plus(HOUR_MS)));
    let keys = bench.keys(last);
    assert!(has(&keys, "a"));
    assert_eq!(keys.stale, Some(JwksError::Unavailable { cause: "unreachable" }));
    bench.works(last);
    let Unavailable { error, .. } = bench.unavailable(last.plus(1));
    assert_eq!(error, JwksError::Unavailable { cause: "unreachable" });
}

#[test]
fn with_no_stale_age_nothing_is_served_beyond_freshness() {
    let bench = Bench::with(|settings| settings.stale_ms_max = 0).primed_with(set(&["a"]));
    assert!(has(&bench.keys(NOW.plus(10 * MINUTE_MS - 1)), "a"));
    bench.told_to_fetch(NOW.plus(10 * MINUTE_MS));
}

#[test]
fn a_fresh_set_is_not_called_stale_whatever_a_fetch_came_to() {
    let bench = Bench::primed(set(&["a"]));
    bench.answers(TIMEOUT);
    let later = NOW.plus(MINUTE_MS);
    let ticket = bench.remote.look_for_newer(later).unwrap().unwrap();
    assert_eq!(bench.fetch(ticket), Err(JwksError::Timeout { deadline_ms: 3_000 }));
    assert_eq!(bench.keys(later).stale, None);
    assert!(bench.keys(NOW.plus(10 * MINUTE_MS)).stale.is_some());
}

#[test]
fn during_an_outage_one_fetch_is_made_in_a_cooldown_and_none_for_a_token() {
    let bench = Bench::primed(set(&["a"]));
    bench.answers(UNREACHABLE);
    let start = NOW.plus(HOUR_MS);
    // An hour, a token every 100 ms.
    for tick in 0..36_000 {
        let now = start.plus(tick * 100);
        assert!(has(&bench.keys(now), "a"));
        bench.works(now);
    }
    assert_eq!(bench.asked(), 1 + 3_600 / 30);
}

#[test]
fn without_a_set_a_failure_is_told_to_all_for_at_most_five_seconds() {
    let bench = Bench::new();
    bench.answers(answer(500, &[], "oops"));
    let ticket = bench.told_to_fetch(NOW);
    bench.fetch(ticket).unwrap_err();
    for ms in [0, 1, 4_999] {
        let Unavailable { error, retry_after_ms } = bench.unavailable(NOW.plus(ms));
        assert_eq!(error, JwksError::Unavailable { cause: "http_5xx" });
        assert_eq!(retry_after_ms, 5_000 - ms);
    }
    bench.told_to_fetch(NOW.plus(5_000));
    assert_eq!(bench.asked(), 1);
}

#[test]
fn without_a_set_a_shorter_cooldown_counts() {
    let bench = Bench::with(|settings| settings.cooldown_ms = 1_000);
    bench.answers(UNREACHABLE);
    let ticket = bench.told_to_fetch(NOW);
    bench.fetch(ticket).unwrap_err();
    assert_eq!(bench.unavailable(NOW).retry_after_ms, 1_000);
}

#[test]
fn a_fetch_that_missed_its_deadline_counts_from_its_end() {
    let bench = Bench::new();
    bench.answers(TIMEOUT);
    let ticket = bench.told_to_fetch(NOW);
    bench.fetch(ticket).unwrap_err();
    let Unavailable { error, retry_after_ms } = bench.unavailable(NOW);
    assert_eq!((error.code(), retry_after_ms), ("ERR_JWKS_TIMEOUT", 8_000));
}

#[test]
fn one_good_answer_ends_an_outage() {
    let bench = Bench::primed(set(&["a"]));
    let later = NOW.plus(HOUR_MS);
    for (ms, answers, stale) in [(0, UNREACHABLE, true), (30_000, set(&["b"]), false)] {
        bench.answers(answers);
        bench.keys(later.plus(ms));
        assert!(bench.works(later.plus(ms)));
        assert_eq!(bench.keys(later.plus(ms)).stale.is_some(), stale);
    }
    assert!(has(&bench.keys(later.plus(30_000)), "b"));
}

#[test]
fn of_fetches_made_together_one_that_succeeds_is_enough() {
    for order in [[0, 1], [1, 0]] {
        let bench = Bench::new();
        let tickets = [bench.told_to_fetch(NOW), bench.told_to_fetch(NOW)];
        for (ticket, which) in tickets.into_iter().zip(order) {
            bench.answers(if which == 0 { set(&["a"]) } else { TIMEOUT });
            let _ = bench.fetch(ticket);
        }
        let keys = bench.keys(NOW);
        assert!(has(&keys, "a") && keys.stale.is_none());
        assert!(
            bench.remote.look_for_newer(NOW).unwrap().is_none(),
            "the set is the newest there is"
        );
    }
}

#[test]
fn a_set_that_cannot_be_used_does_not_replace_one_that_can() {
    let bench = Bench::primed(set(&["a"]));
    let later = NOW.plus(HOUR_MS);
    bench.answers(answer(200, &[("content-type", "text/html")], body(&["b"])));
    bench.keys(later);
    assert!(bench.works(later));
    let keys = bench.keys(later);
    assert!(has(&keys, "a"));
    assert_eq!(keys.stale, Some(JwksError::Invalid { cause: "media_type" }));
}
