//! A token names a key that is not in the set at hand.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// After a cooldown's end.
const LATER: UnixMs = NOW.plus(MINUTE_MS);

#[test]
fn an_unknown_kid_has_the_set_fetched_though_it_is_fresh() {
    let bench = Bench::primed(set(&["old"]));
    bench.answers(set(&["old", "new"]));
    let ticket = bench.remote.look_for_newer(LATER).unwrap().expect("may fetch");
    bench.fetch(ticket).unwrap();
    assert!(has(&bench.keys(LATER), "new"));
}

#[test]
fn unknown_kids_have_it_fetched_once_in_a_cooldown() {
    let bench = Bench::primed(set(&["a"]));
    // A second and a half of the cooldown is over at each.
    for tick in 0..600 {
        let now = NOW.plus(tick * 1_500);
        bench.keys(now);
        if let Some(ticket) = bench.remote.look_for_newer(now).unwrap() {
            bench.fetch(ticket).unwrap();
        }
    }
    assert_eq!(bench.asked(), 900 / 30);
}

#[test]
fn just_after_a_fetch_there_is_nothing_newer() {
    let bench = Bench::primed(set(&["a"]));
    assert!(bench.remote.look_for_newer(NOW.plus(29_999)).unwrap().is_none());
    assert!(bench.remote.look_for_newer(NOW.plus(30_000)).unwrap().is_some());
}

#[test]
fn while_another_fetches_it_cannot_be_told() {
    let bench = Bench::primed(set(&["a"]));
    let ticket = bench.remote.look_for_newer(LATER).unwrap().expect("may fetch");
    let Unavailable { error, retry_after_ms } = bench.remote.look_for_newer(LATER).unwrap_err();
    assert_eq!((error.cause(), retry_after_ms), ("jwks_busy", 1_000));
    assert!(has(&bench.keys(LATER), "a"), "known keys go on");
    drop(ticket);
    let ticket = bench.remote.look_for_newer(LATER.plus(3_000)).unwrap();
    assert!(ticket.is_some(), "nobody waits for one who is gone");
}

#[test]
fn after_a_failure_it_cannot_be_told_and_nothing_is_fetched_for_a_cooldown() {
    let bench = Bench::primed(set(&["a"]));
    bench.answers(UNREACHABLE);
    let ticket = bench.remote.look_for_newer(LATER).unwrap().expect("may fetch");
    bench.fetch(ticket).unwrap_err();
    for ms in [0, 1, 29_999] {
        let unavailable = bench.remote.look_for_newer(LATER.plus(ms)).unwrap_err();
        assert_eq!(unavailable.error, JwksError::Unavailable { cause: "unreachable" });
        assert_eq!(unavailable.retry_after_ms, 30_000 - ms);
    }
    assert!(bench.remote.look_for_newer(LATER.plus(30_000)).unwrap().is_some());
    assert_eq!(bench.asked(), 2);
}

#[test]
fn a_fetch_for_an_unknown_kid_is_the_background_s_too() {
    let bench = Bench::primed(set(&["a"]));
    let later = NOW.plus(HOUR_MS);
    bench.keys(later);
    let ticket = bench.remote.look_for_newer(later).unwrap();
    assert!(ticket.is_some());
    assert!(bench.remote.take_due(later).is_none());
}
