//! Entries nobody of ours wrote, a server in trouble, and clocks that disagree.

use pollster::block_on;
use redis::Value;

use super::server::Resp;
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::limit::{Algorithm, Policy, State};
use crate::store::contract::{key, opening, policy, presented, take};
use crate::store::redis::time::Decides;
use crate::store::redis::{KeyPrefix, RedisStore};
use crate::store::{
    Admission, Admit, EntryKey, InstanceId, MergeBatch, Owed, Record, Revocation, RevocationScope,
    Rotated, Store, StoreError, Take, TokenCheck,
};

const NOW: UnixMs = UnixMs(1_700_000_000_250);
const HOUR_MS: i64 = 3_600_000;

/// What an entry may hold that is none: other text, numbers no double holds, other types.
const GARBAGE: [&[&str]; 8] = [
    &["SET", "KEY", ""],
    &["SET", "KEY", "1"],
    &["SET", "KEY", "1 2 3"],
    &["SET", "KEY", "-1 -1"],
    &["SET", "KEY", "99999999999999999 99999999999999999"],
    &["SET", "KEY", "9007199254740993 9007199254740993"],
    &["RPUSH", "KEY", "1 1"],
    &["HSET", "KEY", "1", "1"],
];

/// A store over an empty server whose clock is `ahead_ms` ahead of ours.
fn store(ahead_ms: i64) -> RedisStore<Resp> {
    let store = RedisStore::new(Resp::start(), KeyPrefix::default());
    RedisStore { decides: Decides::Given { ahead_ms }, ..store }
}

fn spoil(store: &RedisStore<Resp>, kind: &str, name: EntryKey, garbage: &[&str]) {
    let key = format!("{{portcullis}}:1:{kind}:{name}");
    store.transport().run::<Value>(&["DEL", &key]);
    let command: Vec<&str> =
        garbage.iter().map(|part| if *part == "KEY" { key.as_str() } else { part }).collect();
    store.transport().run::<Value>(&command);
}

fn try_admit(
    store: &RedisStore<Resp>,
    name: &str,
    takes: &[Take<'_>],
) -> Result<Admission, StoreError> {
    let token = Some(TokenCheck {
        token: key(name),
        session: Some(key(name)),
        subject: Some(key(name)),
        issued_at: IssuedAt::Ms(NOW),
        expires: NOW.plus(60_000),
    });
    block_on(store.admit(&Admit { token, takes: takes.to_vec(), closed: false }, NOW))
}

fn admit(store: &RedisStore<Resp>, name: &str, takes: &[Take<'_>]) -> Admission {
    try_admit(store, name, takes).unwrap()
}

fn revoke(store: &RedisStore<Resp>, scope: RevocationScope, name: &str) {
    let (key, expires) = (key(name), NOW.plus(60_000));
    let revocation = Revocation { scope, key, expires, acknowledged: None };
    block_on(store.revoke(&revocation, NOW)).unwrap();
}

const INSTANCE: InstanceId = InstanceId::new([1; 16]);

/// Merges two units owed to `k` and one owed to `l`.
fn merge(store: &RedisStore<Resp>, sequence: u64, policy: &Policy) -> Result<(), StoreError> {
    let owed = |name: &str, cost| {
        let taken = State::empty(policy.algorithm).add(policy.quota, NOW, cost);
        Owed { policy: policy.clone(), key: key(name), taken }
    };
    let batch =
        MergeBatch { instance: INSTANCE, sequence, entries: vec![owed("k", 2), owed("l", 1)] };
    block_on(store.merge(&batch, NOW))
}

fn left(store: &RedisStore<Resp>, policy: &Policy) -> Vec<u64> {
    let takes = [take(policy, "k", 1), take(policy, "l", 1)];
    let outcomes = block_on(store.peek(&takes, NOW)).unwrap();
    outcomes.iter().map(|outcome| outcome.decision.remaining).collect()
}

#[test]
fn an_unreadable_entry_refuses_its_own_token_and_no_other() {
    use RevocationScope::{Session, Subject, Token};
    let store = store(0);
    let policy = policy("a", 5, 60_000);
    let takes = [take(&policy, "k", 1)];
    for scope in [Token, Session, Subject] {
        for garbage in GARBAGE {
            spoil(&store, &format!("revoked:{scope}"), key("x"), garbage);
            let admission = admit(&store, "x", &takes);
            assert_eq!((admission.revoked, admission.unreadable), (Some(scope), true));
            assert!(admission.outcomes.is_empty());
            assert_eq!(admit(&store, "neighbour", &[]).revoked, None);
            revoke(&store, scope, "x");
            let admission = admit(&store, "x", &takes);
            assert_eq!((admission.revoked, admission.unreadable), (Some(scope), false));
        }
        store.transport().run::<()>(&["FLUSHALL"]);
    }
    assert_eq!(admit(&store, "x", &takes).outcomes[0].decision.remaining, 4, "nothing was taken");
}

#[test]
fn an_unreadable_limit_is_replaced_and_counted_once() {
    let store = store(0);
    let policy = policy("a", 5, 60_000);
    for garbage in GARBAGE {
        spoil(&store, "limit:a", key("k"), garbage);
        let takes = [take(&policy, "k", 5), take(&policy, "k", 1), take(&policy, "other", 1)];
        let denied = admit(&store, "x", &takes);
        assert_eq!((denied.allowed(), denied.repaired), (false, 1));
        let admission = admit(&store, "x", &[take(&policy, "k", 2)]);
        assert_eq!((admission.allowed(), admission.repaired), (true, 0));
        spoil(&store, "limit:a", key("k"), garbage);
        let admission = admit(&store, "x", &[take(&policy, "k", 2)]);
        assert_eq!((admission.allowed(), admission.repaired), (true, 1));
        assert_eq!(admission.outcomes[0].decision.remaining, 3);
    }
}

#[test]
fn of_a_log_a_broken_head_or_end_is_replaced_and_a_take_between_counts_as_long_ago() {
    let store = store(0);
    let policy = Policy { algorithm: Algorithm::SlidingLog, ..policy("a", 5, 60_000) };
    let takes = [take(&policy, "k", 1)];
    let left =
        |admission: Admission| (admission.repaired, admission.outcomes[0].decision.remaining);
    for head in ["", "1 2", "x 0 0", "1 2 9007199254740993"] {
        spoil(&store, "limit:a", key("k"), &["RPUSH", "KEY", head, "1700000000000 1"]);
        assert_eq!(left(admit(&store, "x", &takes)), (1, 4), "{head:?}");
        assert_eq!(left(admit(&store, "x", &takes)), (0, 3));
    }
    let ends = format!("{} 0 0", NOW.plus(60_000).0);
    for entry in ["", "x", "1", "1 x", "x 1", "9007199254740993 1"] {
        spoil(&store, "limit:a", key("k"), &["RPUSH", "KEY", &ends, entry]);
        assert_eq!(left(admit(&store, "x", &takes)), (1, 4), "{entry:?}");
        let last = format!("{} 1", NOW.0);
        spoil(&store, "limit:a", key("k"), &["RPUSH", "KEY", &ends, entry, &last]);
        assert_eq!(left(admit(&store, "x", &takes)), (0, 3), "{entry:?}");
    }
}

#[test]
fn a_logs_sums_begin_anew_before_a_double_would_round_them() {
    let store = store(0);
    let policy = Policy { algorithm: Algorithm::SlidingLog, ..policy("a", 5, 60_000) };
    let ends = format!("{} 0 9007199254740990", NOW.plus(60_000).0);
    let last = format!("{} 9007199254740991", NOW.0 - 1);
    spoil(&store, "limit:a", key("k"), &["RPUSH", "KEY", &ends, &last]);
    for remaining in [2, 0] {
        let admission = admit(&store, "x", &[take(&policy, "k", 2)]);
        assert_eq!(admission.outcomes[0].decision.remaining, remaining);
    }
    assert!(!admit(&store, "x", &[take(&policy, "k", 1)]).allowed());
}

#[test]
fn an_unreadable_limit_is_replaced_by_what_is_merged() {
    let (store, policy) = (store(0), policy("a", 5, 60_000));
    for (garbage, sequence) in GARBAGE.into_iter().zip(1..) {
        store.transport().run::<Value>(&["DEL", &format!("{{portcullis}}:1:limit:a:{}", key("l"))]);
        spoil(&store, "limit:a", key("k"), garbage);
        merge(&store, sequence, &policy).unwrap();
        assert_eq!(left(&store, &policy), [3, 4], "{garbage:?}");
    }
}

/// It may have been applied, so it is not applied again; the next one is.
#[test]
fn a_batch_whose_last_sequence_is_unreadable_counts_nothing_and_the_next_one_does() {
    let garbage = GARBAGE.into_iter().filter(|garbage| garbage.last() != Some(&"1"));
    for garbage in garbage.chain([&["HSET", "KEY", "1", "1"][..]]) {
        let (store, policy) = (store(0), policy("a", 5, 60_000));
        let tag = format!("{{portcullis}}:1:merged:{INSTANCE}");
        let spoil: Vec<&str> =
            garbage.iter().map(|part| if *part == "KEY" { tag.as_str() } else { part }).collect();
        store.transport().run::<Value>(&spoil);
        let refused = merge(&store, 2, &policy);
        assert_eq!(refused, Err(StoreError::Corrupt { what: "sequence" }), "{garbage:?}");
        merge(&store, 2, &policy).unwrap();
        assert_eq!(left(&store, &policy), [5, 5]);
        merge(&store, 3, &policy).unwrap();
        assert_eq!(left(&store, &policy), [3, 4]);
    }
}

#[test]
fn a_limit_with_a_number_no_double_holds_is_unreadable() {
    let store = store(0);
    let policy = policy("a", 5, 60_000);
    for (value, repaired) in [("0 0 0 0 9007199254740993", 1), ("0 0 0 0 0", 0)] {
        spoil(&store, "limit:a", key("k"), &["SET", "KEY", value]);
        let admission = admit(&store, "x", &[take(&policy, "k", 1)]);
        assert_eq!((admission.allowed(), admission.repaired), (true, repaired), "{value}");
    }
}

#[test]
fn an_unreadable_session_is_refused_and_can_be_replaced() {
    let store = store(0);
    let start = opening(key("s"), key("u"), NOW.plus(60_000));
    let open = || block_on(store.rotate(&start, NOW)).unwrap();
    // Over at once: it ends the session, and lets another be opened.
    let (scope, expires) = (RevocationScope::Session, NOW);
    let end = Revocation { scope, key: key("s"), expires, acknowledged: None };
    let end = || block_on(store.revoke(&end, NOW)).unwrap();
    let advance = || block_on(store.rotate(&presented(key("s"), key("u"), 0), NOW));
    for garbage in GARBAGE {
        open();
        spoil(&store, "session", key("s"), garbage);
        assert_eq!(advance(), Err(StoreError::Corrupt { what: "session" }));
        assert_eq!(block_on(store.sessions(key("u"), NOW)).unwrap(), []);
        assert!(matches!(open(), Rotated::Current(_)));
        spoil(&store, "sessions", key("u"), &["SET", "KEY", "garbage"]);
        end();
        assert_eq!(advance(), Ok(Rotated::Unknown));
        spoil(&store, "session", key("s"), garbage);
        end();
        assert_eq!(advance(), Ok(Rotated::Unknown));
        spoil(&store, "sessions", key("u"), &["SET", "KEY", "garbage"]);
        open();
        assert_eq!(block_on(store.sessions(key("u"), NOW)).unwrap().len(), 1);
    }
}

#[test]
fn an_unreadable_record_is_an_error_of_its_own_and_can_be_replaced() {
    let store = store(0);
    let record = Record { value: vec![1], expires: NOW.plus(60_000) };
    // Three numbers are a record of our form: here one that has ended, there one not of base64.
    let garbage = GARBAGE.into_iter().filter(|garbage| garbage.last() != Some(&"1 2 3"));
    for garbage in garbage.chain([&["SET", "KEY", "9999999999999 1 A"][..]]) {
        spoil(&store, "record", key("r"), garbage);
        let error = block_on(store.get(key("r"), NOW)).unwrap_err();
        assert_eq!(error, StoreError::Corrupt { what: "record" }, "{garbage:?}");
        block_on(store.put(key("r"), record.clone(), NOW)).unwrap();
        assert_eq!(block_on(store.get(key("r"), NOW)).unwrap(), Some(record.clone()));
    }
}

#[test]
fn a_full_server_is_a_failure_and_takes_nothing() {
    let store = store(0);
    for algorithm in [Algorithm::SlidingWindow, Algorithm::SlidingLog] {
        let policy =
            Policy { algorithm, ..policy(&format!("{algorithm:?}").to_lowercase(), 5, 60_000) };
        let takes = [take(&policy, "k", 1), take(&policy, "l", 1)];
        assert!(admit(&store, "x", &takes).allowed());
        store.transport().run::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
        let news = [take(&policy, "new", 1)];
        for takes in [&takes[..], &news] {
            let error = try_admit(&store, "x", takes).unwrap_err();
            assert_eq!(error, StoreError::Unavailable { cause: "out_of_memory" });
        }
        assert_eq!(admit(&store, "x", &[]).revoked, None, "what writes nothing is still answered");
        store.transport().run::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
        assert_eq!(admit(&store, "x", &takes).outcomes[1].decision.remaining, 3);
    }
}

#[test]
fn a_batch_a_full_server_or_a_replica_refuses_counts_nothing_and_may_come_again() {
    let (store, policy) = (store(0), policy("a", 5, 60_000));
    merge(&store, 1, &policy).unwrap();
    store.transport().run::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    let refused = merge(&store, 2, &policy).unwrap_err();
    assert_eq!(refused, StoreError::Unavailable { cause: "out_of_memory" });
    store.transport().run::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    store.transport().run::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    let refused = merge(&store, 2, &policy).unwrap_err();
    assert_eq!(refused, StoreError::Unavailable { cause: "read_only" });
    store.transport().run::<()>(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!(left(&store, &policy), [3, 4]);
    merge(&store, 2, &policy).unwrap();
    assert_eq!(left(&store, &policy), [1, 3]);
}

/// By a store that is behind, what an instance took lies ahead: it counts now, and blocks no key
/// until the instance's time comes. By one that is ahead it is over.
#[test]
fn what_is_merged_counts_by_the_stores_clock() {
    let policy = policy("a", 5, 60_000);
    for (ahead_ms, stands) in [(0, [3, 4]), (-HOUR_MS, [3, 4]), (HOUR_MS, [5, 5])] {
        let store = store(ahead_ms);
        merge(&store, 1, &policy).unwrap();
        assert_eq!(left(&store, &policy), stands, "{ahead_ms}");
        let takes = [take(&policy, "k", 5)];
        assert!(block_on(store.peek(&takes, NOW.plus(120_000))).unwrap()[0].decision.allowed);
    }
}

#[test]
fn no_replica_answers_whether_a_token_is_revoked() {
    let store = store(0);
    admit(&store, "x", &[]);
    store.transport().run::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = try_admit(&store, "x", &[]).unwrap_err();
    assert_eq!(error, StoreError::Unavailable { cause: "read_only" });
}

#[test]
fn a_user_that_may_not_is_a_fault_of_configuration() {
    let store = store(0);
    store.transport().run::<()>(&["ACL", "SETUSER", "default", "-evalsha"]);
    assert_eq!(try_admit(&store, "x", &[]).unwrap_err(), StoreError::Unauthorized);
}

#[test]
fn a_clock_that_is_off_ends_no_revocation_early_and_spares_no_token() {
    for ahead_ms in [HOUR_MS, -HOUR_MS] {
        let store = store(ahead_ms);
        for scope in [RevocationScope::Token, RevocationScope::Session, RevocationScope::Subject] {
            let name = scope.to_string();
            revoke(&store, scope, &name);
            let at = |now: UnixMs| {
                let token = TokenCheck {
                    token: key(&name),
                    session: Some(key(&name)),
                    subject: Some(key(&name)),
                    issued_at: IssuedAt::Ms(NOW),
                    expires: NOW.plus(60_000),
                };
                let admit = Admit { token: Some(token), takes: Vec::new(), closed: false };
                block_on(store.admit(&admit, now)).unwrap()
            };
            assert_eq!(at(NOW.plus(59_999)).revoked, Some(scope));
            assert_eq!(at(NOW.plus(60_000)).revoked, None);
            assert_eq!(at(NOW).clock_ahead_ms, ahead_ms);
        }
    }
}

#[test]
fn a_replayed_cut_stands_where_it_was_acknowledged_whatever_the_stores_clock_says() {
    for ahead_ms in [HOUR_MS, -HOUR_MS] {
        let store = store(ahead_ms);
        let (scope, key) = (RevocationScope::Subject, key("x"));
        for (acknowledged, revoked) in [(NOW.minus(1), None), (NOW, Some(scope))] {
            let (expires, acknowledged) = (NOW.plus(60_000), Some(acknowledged));
            let revocation = Revocation { scope, key, expires, acknowledged };
            block_on(store.revoke(&revocation, NOW)).unwrap();
            assert_eq!(admit(&store, "x", &[]).revoked, revoked, "{ahead_ms}");
        }
    }
}

#[test]
fn a_cut_never_moves_back() {
    let store = store(0);
    revoke(&store, RevocationScope::Subject, "x");
    let (scope, expires) = (RevocationScope::Subject, NOW.plus(60_000));
    let revocation = Revocation { scope, key: key("x"), expires, acknowledged: None };
    block_on(store.revoke(&revocation, NOW.minus(5_000))).unwrap();
    assert_eq!(admit(&store, "x", &[]).revoked, Some(RevocationScope::Subject));
}

#[test]
fn a_session_opened_again_for_another_subject_is_that_ones_alone() {
    let store = RedisStore { sessions_per_subject_max: 1, ..store(0) };
    let open = |session, subject, now: UnixMs| {
        let (session, subject) = (key(session), key(subject));
        let start = opening(session, subject, now.plus(100));
        assert!(matches!(block_on(store.rotate(&start, now)), Ok(Rotated::Current(_))));
    };
    open("s", "first", NOW);
    let now = NOW.plus(100);
    open("s", "second", now);
    assert_eq!(block_on(store.sessions(key("first"), now)).unwrap(), []);
    open("t", "first", now);
    assert_eq!(block_on(store.sessions(key("second"), now)).unwrap().len(), 1);
}
