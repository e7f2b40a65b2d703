//! What the bounds promise: a flood of newcomers frees no blocked key, resets no half-used one,
//! lifts no revocation, and the store stays as small as it was told to.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow here fails the test, as it should")]

use pollster::block_on;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::jwt::IssuedAt;
use crate::limit::{Algorithm, State};
use crate::store::contract::{key, opening, policy, take};
use crate::store::{InstanceId, Owed, RevocationScope, TokenCheck};

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const FLOOD: usize = 500;

pub(super) fn small() -> MemoryStore {
    small_with(4)
}

/// With room for so many policies.
pub(super) fn small_with(policies: usize) -> MemoryStore {
    let bounds = MemoryBounds {
        revoked_tokens: 8,
        revoked_sessions: 8,
        revoked_subjects: 8,
        policies,
        keys_per_policy: 8,
        penalties_per_policy: 2,
        sessions: 8,
        sessions_per_subject: 3,
        records: 8,
    };
    MemoryStore::with_bounds(bounds, [7; 16]).unwrap()
}

pub(super) fn admit(store: &MemoryStore, takes: &[Take<'_>], now: UnixMs) -> Admission {
    block_on(store.admit(&Admit { token: None, takes: takes.to_vec(), closed: false }, now))
        .unwrap()
}

pub(super) fn remaining(store: &MemoryStore, take: Take<'_>, now: UnixMs) -> u64 {
    block_on(store.peek(&[take], now)).unwrap()[0].decision.remaining
}

#[test]
fn a_flood_of_newcomers_shares_one_bucket_and_frees_or_resets_no_key() {
    let (store, policy) = (small(), policy("p", 10, 60_000));
    admit(&store, &[take(&policy, "blocked", 10)], NOW);
    admit(&store, &[take(&policy, "half", 5)], NOW);
    let penalty = Penalty { policy: &policy, key: key("penalised"), duration_ms: 100_000 };
    block_on(store.penalise(&penalty, NOW)).unwrap();

    let mut shared = 0;
    for number in 0..FLOOD {
        let now = NOW.plus(number as u64);
        let admission = admit(&store, &[take(&policy, &format!("new-{number}"), 1)], now);
        let overflow = admission.outcomes[0].overflow;
        assert_eq!(overflow, number >= 6, "six of eight places are free");
        shared += u64::from(overflow && admission.allowed());
    }
    assert_eq!(shared, 10, "all newcomers together have one quota");

    let later = NOW.plus(FLOOD as u64);
    assert_eq!(remaining(&store, take(&policy, "blocked", 1), later), 0);
    assert_eq!(remaining(&store, take(&policy, "half", 1), later), 5);
    let penalised = admit(&store, &[take(&policy, "penalised", 1)], later);
    assert!(
        !penalised.allowed() && !penalised.outcomes[0].overflow,
        "blocked, and counted nowhere"
    );
    assert!(!admit(&store, &[take(&policy, "new-0", 10)], later).allowed(), "counted apart still");
}

#[test]
fn room_comes_back_when_counts_no_longer_matter() {
    let (store, policy) = (small(), policy("p", 10, 1_000));
    for number in 0..FLOOD {
        let now = NOW.plus(2_000 * number as u64);
        for place in 0..8 {
            let name = format!("{number}-{place}");
            assert!(!admit(&store, &[take(&policy, &name, 1)], now).outcomes[0].overflow);
        }
        let ninth = admit(&store, &[take(&policy, "ninth", 1)], now.plus(1_999));
        assert!(ninth.allowed() && ninth.outcomes[0].overflow, "until they do not");
    }
}

#[test]
fn newcomers_of_one_call_share_the_room_there_is() {
    let (store, policy) = (small(), policy("p", 10, 60_000));
    let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    let takes: Vec<Take<'_>> = names.iter().map(|name| take(&policy, name, 1)).collect();
    let overflow = |now| -> Vec<bool> {
        admit(&store, &takes, now).outcomes.iter().map(|outcome| outcome.overflow).collect()
    };
    let expected = [false, false, false, false, false, false, false, false, true, true];
    assert_eq!(overflow(NOW), expected);
    // Ended entries are replaced by their own keys and by others alike.
    assert_eq!(overflow(NOW.plus(120_000)), expected);
    assert_eq!(remaining(&store, takes[9], NOW.plus(120_000)), 8);
}

#[test]
fn a_newcomer_taken_from_twice_needs_one_place() {
    let (store, policy) = (small(), policy("p", 10, 60_000));
    for number in 0..7 {
        admit(&store, &[take(&policy, &number.to_string(), 1)], NOW);
    }
    let last = [take(&policy, "last", 1), take(&policy, "last", 1)];
    assert!(admit(&store, &last, NOW).outcomes.iter().all(|outcome| !outcome.overflow));
    assert_eq!(remaining(&store, last[0], NOW), 8);
}

#[test]
fn the_overflow_bucket_is_no_keys_own_to_reset() {
    let (store, policy) = (small(), policy("p", 10, 60_000));
    for number in 0..8 {
        admit(&store, &[take(&policy, &number.to_string(), 1)], NOW);
    }
    admit(&store, &[take(&policy, "late", 10)], NOW);
    block_on(store.reset(&policy, key("late"), NOW)).unwrap();
    assert_eq!(remaining(&store, take(&policy, "later", 1), NOW), 0);
}

#[test]
fn a_full_partition_refuses_what_it_cannot_count_apart() {
    let (store, policies) =
        (small(), ["a", "b", "c", "d", "e"].map(|name| policy(name, 10, 1_000)));
    for name in ["1", "2"] {
        let penalty = Penalty { policy: &policies[0], key: key(name), duration_ms: 1_000 };
        block_on(store.penalise(&penalty, NOW)).unwrap();
    }
    let third = Penalty { policy: &policies[0], key: key("3"), duration_ms: 1_000 };
    assert_eq!(block_on(store.penalise(&third, NOW)), Err(StoreError::Full { what: "penalties" }));
    assert_eq!(block_on(store.penalise(&third, NOW.plus(1_000))), Ok(()));

    let all: Vec<Take<'_>> = policies.iter().map(|policy| take(policy, "k", 1)).collect();
    let admitted = block_on(store.admit(&Admit { token: None, takes: all, closed: false }, NOW));
    assert_eq!(admitted, Err(StoreError::Full { what: "policies" }));
    assert_eq!(remaining(&store, take(&policies[1], "k", 1), NOW), 10, "nothing was taken");
}

/// Merges two units owed to the key of each policy, as the first batch of its instance.
fn merge(
    store: &MemoryStore,
    instance: usize,
    owed: &[(&Policy, &str)],
    now: UnixMs,
) -> Result<(), StoreError> {
    let entry = |&(policy, name): &(&Policy, &str)| {
        let taken = State::empty(Algorithm::SlidingWindow).add(policy.quota, now, 2);
        Owed { policy: policy.clone(), key: key(name), taken }
    };
    let instance = InstanceId::new((instance as u128).to_be_bytes());
    let batch = MergeBatch { instance, sequence: 1, entries: owed.iter().map(entry).collect() };
    block_on(store.merge(&batch, now))
}

#[test]
fn cost_merged_into_a_full_partition_is_counted_in_the_overflow_bucket() {
    let (store, policy) = (small(), policy("p", 10, 60_000));
    for number in 0..8 {
        admit(&store, &[take(&policy, &number.to_string(), 1)], NOW);
    }
    merge(&store, 1, &[(&policy, "0"), (&policy, "new")], NOW).unwrap();
    assert_eq!(remaining(&store, take(&policy, "0", 1), NOW), 7);
    assert_eq!(remaining(&store, take(&policy, "newer", 1), NOW), 8);
}

#[test]
fn a_batch_there_is_no_room_for_counts_nothing_and_may_come_again() {
    let (store, policies) =
        (small(), ["a", "b", "c", "d", "e"].map(|name| policy(name, 10, 1_000)));
    let owed = policies.each_ref().map(|policy| (policy, "k"));
    assert_eq!(merge(&store, 1, &owed, NOW), Err(StoreError::Full { what: "policies" }));
    assert_eq!(remaining(&store, take(&policies[0], "k", 1), NOW), 10);
    merge(&store, 1, &owed[..4], NOW).unwrap();
    assert_eq!(remaining(&store, take(&policies[0], "k", 1), NOW), 8);
}

#[test]
fn instances_are_remembered_until_their_batches_matter_no_more_and_no_more_are_taken() {
    let (store, policy) = (small(), policy("p", 1_000, 1_000));
    let refused =
        |now| (0..FLOOD).find(|number| merge(&store, *number, &[(&policy, "k")], now).is_err());
    assert_eq!(refused(NOW), Some(224));
    assert_eq!(remaining(&store, take(&policy, "k", 1), NOW), 1_000 - 448);
    assert_eq!(refused(NOW.plus(1_999)), Some(224));
    assert_eq!(merge(&store, 224, &[(&policy, "k")], NOW.plus(2_000)), Ok(()));
}

#[test]
fn a_flood_of_revoked_tokens_leaves_room_for_sessions_and_subjects() {
    let store = small();
    let revoke = |scope, name: &str, now: UnixMs| {
        let (key, expires) = (key(name), now.plus(60_000));
        let revocation = Revocation { scope, key, expires, acknowledged: None };
        block_on(store.revoke(&revocation, now))
    };
    let full = Err(StoreError::Full { what: "tokens" });
    for number in 0..FLOOD {
        let revoked = revoke(RevocationScope::Token, &number.to_string(), NOW);
        assert_eq!(revoked, if number < 8 { Ok(Durability::Local) } else { full.clone() });
    }
    assert!(revoke(RevocationScope::Session, "s", NOW).is_ok());
    assert!(revoke(RevocationScope::Subject, "s", NOW).is_ok());
    assert!(revoke(RevocationScope::Token, "0", NOW.plus(1)).is_ok(), "what is there extends");
    assert!(revoke(RevocationScope::Token, "late", NOW.plus(60_000)).is_ok());
    let check = |name: &str, issued_at| {
        let (token, subject) = (key(name), Some(key(name)));
        let check =
            TokenCheck { token, session: None, subject, issued_at, expires: UnixMs(u64::MAX) };
        let admit = Admit { token: Some(check), takes: Vec::new(), closed: false };
        block_on(store.admit(&admit, NOW.plus(60_000))).unwrap().revoked
    };
    assert_eq!(check("0", IssuedAt::Unknown), Some(RevocationScope::Token));
    assert_eq!(check("late", IssuedAt::Unknown), Some(RevocationScope::Token));
}

#[test]
fn a_subjects_cut_never_goes_back_with_the_clock() {
    let store = small();
    for now in [NOW, NOW.minus(5_000)] {
        let expires = NOW.plus(60_000);
        let (scope, key) = (RevocationScope::Subject, key("s"));
        let revocation = Revocation { scope, key, expires, acknowledged: None };
        block_on(store.revoke(&revocation, now)).unwrap();
    }
    for (issued_at, revoked) in [
        (IssuedAt::Ms(NOW), true),
        (IssuedAt::Ms(NOW.plus(1)), false),
        (IssuedAt::Seconds(NOW.0 / 1000), true),
        (IssuedAt::Seconds(NOW.0 / 1000 + 1), false),
    ] {
        let check = TokenCheck {
            token: key("t"),
            session: None,
            subject: Some(key("s")),
            issued_at,
            expires: UnixMs(u64::MAX),
        };
        let admission =
            block_on(store.admit(&Admit { token: Some(check), takes: vec![], closed: false }, NOW));
        assert_eq!(admission.unwrap().revoked.is_some(), revoked, "{issued_at:?}");
    }
}

#[test]
fn a_subject_pushes_out_its_own_oldest_session_and_no_other() {
    let store = small();
    let open = |session: &str, subject: &str, now| {
        let (session, subject) = (key(session), key(subject));
        block_on(store.rotate(&opening(session, subject, NOW.plus(1_000)), now))
    };
    let names = |subject: &str, now| -> Vec<EntryKey> {
        let sessions = block_on(store.sessions(key(subject), now)).unwrap();
        sessions.iter().map(|record| record.session).collect()
    };
    for number in 0..FLOOD {
        open(&format!("a-{number}"), "a", NOW).unwrap();
    }
    assert_eq!(names("a", NOW), ["a-497", "a-498", "a-499"].map(key));
    for number in 0..5 {
        open(&format!("b-{number}"), &format!("b-{number}"), NOW).unwrap();
    }
    assert_eq!(open("c", "c", NOW), Err(StoreError::Full { what: "sessions" }));
    assert!(open("a-500", "a", NOW).is_ok());
    assert_eq!(names("a", NOW), ["a-498", "a-499", "a-500"].map(key));
    // Ended sessions make room, and leave the lists they were on.
    let start = opening(key("d"), key("d"), NOW.plus(9_000));
    block_on(store.rotate(&start, NOW.plus(1_000))).unwrap();
    let partitions = store.lock();
    assert_eq!(partitions.sessions.listed(), 8);
}

#[test]
fn a_subjects_list_holds_no_ended_sessions_of_earlier_days() {
    let store = small();
    for day in 0..FLOOD as u64 {
        let (now, name) = (NOW.plus(1_000 * day), format!("day-{day}"));
        let start = opening(key(&name), key("s"), now.plus(1_000));
        block_on(store.rotate(&start, now)).unwrap();
        assert_eq!(store.lock().sessions.listed(), 1);
    }
}

#[test]
fn a_clock_that_goes_backwards_frees_nothing() {
    let (store, policy) = (small(), policy("p", 10, 1_000));
    admit(&store, &[take(&policy, "k", 10)], NOW);
    for now in [NOW.minus(1), NOW.minus(1_000), NOW.minus(50_000), UnixMs(0)] {
        let denied = admit(&store, &[take(&policy, "k", 1)], now);
        assert!(!denied.allowed());
        let free = NOW.plus(1_100).since(now);
        assert_eq!(denied.outcomes[0].decision.retry_after_ms, Some(free));
    }
}
