//! When a set is fetched, while its server is well.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How long the set stays fresh of a server that sends these fields, in milliseconds: up to when
/// nothing is due.
fn fresh_ms(fields: &[(&'static str, &str)]) -> u64 {
    let bench = Bench::primed(set_with(&["a"], fields));
    let due = |ms: &u64| {
        bench.keys(NOW.plus(*ms));
        bench.remote.take_due(NOW.plus(*ms)).is_some()
    };
    let end = (0..=HOUR_MS).step_by(1_000).find(due).expect("fresh for ever");
    assert_eq!(bench.asked(), 1);
    end
}

#[test]
fn nothing_is_fetched_before_it_is_asked_for() {
    let bench = Bench::new();
    assert!(bench.remote.take_due(NOW).is_none());
    assert_eq!(bench.asked(), 0);
}

#[test]
fn a_fresh_set_is_fetched_once_for_any_number_of_tokens() {
    let bench = Bench::primed(set(&["a"]));
    for ms in 0..1_000 {
        assert!(has(&bench.keys(NOW.plus(ms * 500)), "a"));
        assert!(!bench.works(NOW.plus(ms * 500)));
    }
    assert_eq!(bench.asked(), 1);
}

#[test]
fn a_set_that_is_published_again_unchanged_stays_the_very_same_keys() {
    let bench = Bench::primed(set(&["a"]));
    let before = bench.keys(NOW).set;
    bench.answers(set_with(&["a"], &[("etag", "\"new\"")]));
    bench.keys(OVER);
    assert!(bench.works(OVER));
    assert!(std::sync::Arc::ptr_eq(&before, &bench.keys(OVER).set));
    assert!(!bench.works(OVER.plus(5 * MINUTE_MS)), "and is fresh again");
    bench.answers(set(&["a", "b"]));
    bench.keys(OVER.plus(15 * MINUTE_MS));
    assert!(bench.works(OVER.plus(15 * MINUTE_MS)));
    assert!(has(&bench.keys(OVER.plus(15 * MINUTE_MS)), "b"));
}

#[test]
fn a_set_is_fresh_for_ten_minutes_where_its_server_does_not_say() {
    assert_eq!(fresh_ms(&[]), 10 * MINUTE_MS);
    assert_eq!(fresh_ms(&[("cache-control", "public, must-revalidate")]), 10 * MINUTE_MS);
}

#[test]
fn a_set_is_fresh_as_long_as_its_server_says() {
    assert_eq!(fresh_ms(&[("cache-control", "public, max-age=300")]), 5 * MINUTE_MS);
    assert_eq!(fresh_ms(&[("cache-control", "MAX-AGE = \"300\"")]), 5 * MINUTE_MS);
}

#[test]
fn time_spent_in_other_caches_counts() {
    assert_eq!(fresh_ms(&[("cache-control", "max-age=300"), ("age", "100")]), 200_000);
    assert_eq!(fresh_ms(&[("cache-control", "max-age=300"), ("age", "400")]), 30_000);
}

#[test]
fn no_server_keeps_a_key_alive_beyond_the_configured_age() {
    assert_eq!(fresh_ms(&[("cache-control", "max-age=31536000")]), 10 * MINUTE_MS);
    assert_eq!(fresh_ms(&[("cache-control", "max-age=300, max-age=60")]), MINUTE_MS);
}

#[test]
fn no_server_makes_fetches_more_frequent_than_the_cooldown() {
    for said in ["max-age=0", "no-store", "no-cache, max-age=300", "max-age=-1", "max-age=1e3"] {
        assert_eq!(fresh_ms(&[("cache-control", said)]), 30_000, "{said}");
    }
}

#[test]
fn a_set_is_fresh_for_a_cooldown_at_least_because_none_is_fetched_before() {
    let bench = Bench::with(|settings| settings.stale_ms_max = 0);
    let bench = bench.primed_with(set_with(&["a"], &[("cache-control", "no-store")]));
    assert!(has(&bench.keys(NOW.plus(29_999)), "a"));
    bench.told_to_fetch(NOW.plus(30_000));
}

#[test]
fn a_set_that_is_not_fresh_is_used_while_one_refresh_runs_in_the_background() {
    let bench = Bench::primed(set(&["a"]));
    let later = NOW.plus(10 * MINUTE_MS);
    for _ in 0..3 {
        let keys = bench.keys(later);
        assert!(has(&keys, "a") && keys.stale.is_none());
    }
    bench.answers(set(&["b"]));
    let ticket = bench.remote.take_due(later).expect("due");
    bench.keys(later);
    assert!(bench.remote.take_due(later).is_none(), "one is under way");
    bench.fetch(ticket).unwrap();
    assert_eq!(bench.asked(), 2);
    assert!(has(&bench.keys(later), "b") && !has(&bench.keys(later), "a"));
}

#[test]
fn a_refresh_that_was_never_started_is_still_due() {
    let bench = Bench::primed(set(&["a"]));
    bench.keys(OVER);
    assert!(bench.works(OVER.plus(5)), "the next request's background does it");
}

#[test]
fn a_refresh_whose_request_is_gone_stands_in_the_way_no_longer_than_its_deadline() {
    let bench = Bench::primed(set(&["a"]));
    bench.keys(OVER);
    drop(bench.remote.take_due(OVER).expect("due"));
    bench.keys(OVER.plus(2_999));
    assert!(bench.remote.take_due(OVER.plus(2_999)).is_none());
    bench.keys(OVER.plus(3_000));
    assert!(bench.works(OVER.plus(3_000)));
}

#[test]
fn a_set_that_is_long_over_is_fetched_before_it_is_used() {
    let bench = Bench::primed(set(&["withdrawn"]));
    let last = NOW.plus(20 * MINUTE_MS);
    assert!(has(&bench.keys(last), "withdrawn"));
    bench.answers(set(&["b"]));
    let ticket = bench.told_to_fetch(last.plus(1));
    bench.fetch(ticket).unwrap();
    let keys = bench.keys(last.plus(1));
    assert!(has(&keys, "b") && !has(&keys, "withdrawn") && keys.stale.is_none());
    assert!(!bench.works(last.plus(1)), "nothing is left to do");
    assert_eq!(bench.asked(), 2);
}

#[test]
fn while_eight_fetch_a_set_that_is_long_over_it_goes_on_for_the_rest() {
    let bench = Bench::primed(set(&["a"]));
    let later = NOW.plus(HOUR_MS);
    let tickets: Vec<_> = (0..8).map(|_| bench.told_to_fetch(later)).collect();
    for _ in 0..100 {
        assert!(has(&bench.keys(later), "a"));
    }
    assert!(bench.remote.take_due(later).is_none(), "eight are under way");
    drop(tickets);
    bench.told_to_fetch(later.plus(3_000));
}

#[test]
fn without_a_set_eight_fetch_at_once_and_the_rest_come_again_in_a_second() {
    let bench = Bench::new();
    let tickets: Vec<_> = (0..8).map(|_| bench.told_to_fetch(NOW)).collect();
    for _ in 0..100 {
        let Unavailable { error, retry_after_ms } = bench.unavailable(NOW);
        assert_eq!((error.cause(), retry_after_ms), ("jwks_busy", 1_000));
    }
    bench.answers(set(&["a"]));
    tickets.into_iter().for_each(|ticket| bench.fetch(ticket).unwrap());
    assert_eq!(bench.asked(), 8);
    assert!(has(&bench.keys(NOW), "a"));
}

#[test]
fn a_set_that_was_confirmed_by_its_name_is_fresh_again() {
    let named = [("etag", "W/\"1\"")];
    let bench = Bench::primed(set_with(&["a"], &named));
    let later = NOW.plus(10 * MINUTE_MS);
    bench.answers(answer(304, &named, ""));
    bench.keys(later);
    assert!(bench.works(later));
    assert_eq!(*bench.server.asked.borrow(), [None, Some("W/\"1\"".to_owned())]);
    let still = later.plus(10 * MINUTE_MS - 1);
    assert!(has(&bench.keys(still), "a") && !bench.works(still));
    bench.keys(still.plus(1));
    assert!(bench.works(still.plus(1)));
}

#[test]
fn a_set_that_is_too_old_to_be_used_can_still_be_confirmed() {
    let named = [("etag", "\"1\"")];
    let bench = Bench::primed(set_with(&["a"], &named));
    let later = NOW.plus(24 * HOUR_MS);
    bench.answers(answer(304, &named, ""));
    let ticket = bench.told_to_fetch(later);
    bench.fetch(ticket).unwrap();
    assert!(has(&bench.keys(later), "a"));
}

#[test]
fn an_answer_that_comes_late_does_not_replace_a_newer_one() {
    let bench = Bench::new();
    let (slow, quick) = (bench.told_to_fetch(NOW), bench.told_to_fetch(NOW.plus(1)));
    bench.answers(set(&["new"]));
    bench.fetch(quick).unwrap();
    bench.answers(set(&["old"]));
    bench.fetch(slow).unwrap();
    assert!(has(&bench.keys(NOW.plus(2)), "new"));
}

#[test]
fn a_confirmation_of_another_set_than_the_one_at_hand_confirms_nothing() {
    let bench = Bench::primed(set_with(&["a"], &[("etag", "\"1\"")]));
    let later = NOW.plus(24 * HOUR_MS);
    let (first, second) = (bench.told_to_fetch(later), bench.told_to_fetch(later));
    bench.answers(set_with(&["b"], &[("etag", "\"2\""), ("cache-control", "max-age=60")]));
    bench.fetch(first).unwrap();
    bench.answers(answer(304, &[], ""));
    bench.fetch(second).unwrap();
    bench.keys(later.plus(MINUTE_MS));
    assert!(
        bench.remote.take_due(later.plus(MINUTE_MS)).is_some(),
        "fresh by its own answer alone"
    );
}
