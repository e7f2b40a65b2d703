#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const PROBE_MS: u64 = 300;

fn breaker() -> Breaker {
    Breaker::new(PROBE_MS, [7; 16])
}

fn call(breaker: &Breaker, now: UnixMs) -> Ticket {
    match breaker.pass(now) {
        Pass::Call(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn probe(breaker: &Breaker, now: UnixMs) -> Ticket {
    match breaker.pass(now) {
        Pass::Probe(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

/// A breaker that opened at `NOW`.
fn opened() -> Breaker {
    let breaker = breaker();
    for _ in 0..IN_A_ROW {
        let ticket = call(&breaker, NOW);
        breaker.failed(ticket, "timeout", false, NOW);
    }
    assert!(breaker.outage().is_some());
    breaker
}

/// The instant of the first probe from `now` on, tried millisecond by millisecond.
fn next_probe(breaker: &Breaker, mut now: UnixMs) -> (Ticket, UnixMs) {
    loop {
        match breaker.pass(now) {
            Pass::Probe(ticket) => return (ticket, now),
            Pass::Shut => now = now.plus(1),
            Pass::Call(_) => panic!("closed"),
        }
    }
}

#[test]
fn it_opens_on_the_fifth_failure_in_a_row_and_says_so_once() {
    let breaker = breaker();
    let outage = Outage { since: NOW, cause: "timeout" };
    for expected in [None, None, None, None, Some(outage)] {
        let ticket = call(&breaker, NOW);
        assert_eq!(breaker.failed(ticket, "timeout", false, NOW), expected);
    }
    assert_eq!(breaker.outage(), Some(outage));
    assert_eq!(breaker.pass(NOW), Pass::Shut);
}

#[test]
fn a_success_between_failures_begins_the_count_anew() {
    let breaker = breaker();
    for _ in 0..2 {
        for _ in 0..IN_A_ROW - 1 {
            let ticket = call(&breaker, NOW);
            assert_eq!(breaker.failed(ticket, "timeout", false, NOW), None);
        }
        let ticket = call(&breaker, NOW);
        assert_eq!(breaker.succeeded(ticket), None);
    }
}

#[test]
fn it_opens_when_half_of_the_last_twenty_failed() {
    let breaker = breaker();
    let mut failures = 0;
    for number in 0.. {
        let ticket = call(&breaker, NOW);
        if number % 2 == 0 {
            breaker.succeeded(ticket);
        } else {
            failures += 1;
            if breaker.failed(ticket, "http_5xx", false, NOW).is_some() {
                break;
            }
        }
    }
    assert_eq!(failures, 10);
}

#[test]
fn fewer_than_half_of_the_last_twenty_never_open_it() {
    let breaker = breaker();
    for number in 0..200 {
        let ticket = call(&breaker, NOW);
        if number % 3 == 0 {
            assert_eq!(breaker.failed(ticket, "http_5xx", false, NOW), None, "{number}");
        } else {
            breaker.succeeded(ticket);
        }
    }
}

#[test]
fn refused_credentials_open_it_at_once() {
    let breaker = breaker();
    let ticket = call(&breaker, NOW);
    assert!(breaker.failed(ticket, "unauthorized", true, NOW).is_some());
    assert_eq!(breaker.pass(NOW), Pass::Shut);
}

#[test]
fn one_probe_after_a_second_and_no_other_until_its_time_is_over() {
    let breaker = opened();
    assert_eq!(breaker.pass(NOW.plus(999)), Pass::Shut);
    probe(&breaker, NOW.plus(1_000));
    assert_eq!(breaker.pass(NOW.plus(1_000)), Pass::Shut);
    assert_eq!(breaker.pass(NOW.plus(1_299)), Pass::Shut);
    // The first one was never heard of again: its request was ended, for instance.
    probe(&breaker, NOW.plus(1_300));
}

#[test]
fn a_probe_that_succeeds_closes_it_and_tells_the_outage() {
    let breaker = opened();
    let ticket = probe(&breaker, NOW.plus(1_000));
    let outage = breaker.succeeded(ticket).unwrap();
    assert_eq!((outage.since, outage.cause), (NOW, "timeout"));
    assert_eq!(breaker.outage(), None);
    let ticket = call(&breaker, NOW.plus(1_000));
    assert_eq!(breaker.failed(ticket, "timeout", false, NOW), None, "the count began anew");
}

#[test]
fn probes_that_fail_wait_twice_as_long_up_to_ten_seconds_less_a_quarter() {
    let breaker = opened();
    let mut now = NOW;
    for base_ms in [1_000, 2_000, 4_000, 8_000, 10_000, 10_000] {
        let (ticket, at) = next_probe(&breaker, now);
        let waited_ms = at.since(now);
        assert!(waited_ms <= base_ms && waited_ms > base_ms - base_ms / 4 - 1, "{waited_ms}");
        assert_eq!(breaker.failed(ticket, "unreachable", false, at), None);
        now = at;
    }
    assert_eq!(breaker.outage().unwrap().since, NOW, "still the same outage");
    assert_eq!(breaker.outage().unwrap().cause, "unreachable", "the latest cause");
}

#[test]
fn two_instances_that_opened_together_do_not_probe_together() {
    let second_wait = |seed| {
        let breaker = Breaker::new(PROBE_MS, [seed; 16]);
        let ticket = call(&breaker, NOW);
        breaker.failed(ticket, "unauthorized", true, NOW);
        let ticket = probe(&breaker, NOW.plus(1_000));
        breaker.failed(ticket, "unauthorized", true, NOW);
        next_probe(&breaker, NOW).1
    };
    assert_ne!(second_wait(1), second_wait(2));
}

#[test]
fn a_call_from_before_the_opening_changes_nothing_afterwards() {
    let breaker = breaker();
    let early = call(&breaker, NOW);
    for _ in 0..IN_A_ROW {
        let ticket = call(&breaker, NOW);
        breaker.failed(ticket, "timeout", false, NOW);
    }
    assert_eq!(breaker.succeeded(early), None);
    assert_eq!(breaker.pass(NOW), Pass::Shut);
    let ticket = probe(&breaker, NOW.plus(1_000));
    assert_eq!(breaker.failed(early, "timeout", false, NOW), None);
    assert!(breaker.succeeded(ticket).is_some(), "the probe's own outcome counts");
}

#[test]
fn a_failure_that_lies_ahead_by_its_deadline_starts_no_probe_early() {
    let breaker = breaker();
    let ticket = call(&breaker, NOW);
    breaker.failed(ticket, "timeout", true, NOW.plus(300));
    assert_eq!(breaker.pass(NOW), Pass::Shut);
    assert_eq!(breaker.pass(NOW.plus(1_299)), Pass::Shut);
    probe(&breaker, NOW.plus(1_300));
}

#[test]
fn a_clock_that_goes_back_does_not_keep_it_open() {
    let breaker = opened();
    probe(&breaker, NOW.minus(3_600_000));
}
