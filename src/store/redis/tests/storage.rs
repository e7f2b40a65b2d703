//! What the server is sent, and what it keeps.

use std::collections::BTreeSet;

use pollster::block_on;

use super::bridge::Bridge;
use super::server::Resp;
use super::wall_clock;
use crate::jwt::IssuedAt;
use crate::limit::{Adjustment, Algorithm, Policy, State};
use crate::store::contract::{key, opening, policy, presented, take};
use crate::store::redis::{KeyPrefix, RedisStore};
use crate::store::upstash::{Endpoint, Upstash};
use crate::store::{
    Admission, Admit, Durability, InstanceId, MergeBatch, Owed, Penalty, Record, Revocation,
    RevocationScope, Store, Take, TokenCheck,
};

fn store() -> RedisStore<Resp> {
    RedisStore::new(Resp::start(), KeyPrefix::default())
}

fn admit<S: Store>(store: &S, takes: &[Take<'_>]) -> Admission {
    let admit = Admit { token: Some(check()), takes: takes.to_vec(), closed: false };
    block_on(store.admit(&admit, wall_clock())).unwrap()
}

fn check() -> TokenCheck {
    TokenCheck {
        token: key("token"),
        session: Some(key("session")),
        subject: Some(key("subject")),
        issued_at: IssuedAt::Ms(wall_clock()),
        expires: wall_clock().plus(60_000),
    }
}

#[test]
fn an_admission_of_three_policies_is_one_command() {
    let endpoint = Endpoint::new("http://bridge", "secret").unwrap();
    let store = RedisStore::new(Upstash::new(Bridge::start(), endpoint), KeyPrefix::default());
    let policies = [policy("a", 5, 60_000), policy("b", 5, 60_000), policy("c", 5, 60_000)];
    let takes = policies.each_ref().map(|policy| take(policy, "key", 1));
    let requests = || store.transport().fetch().requests.get();
    assert!(admit(&store, &takes).allowed());
    assert_eq!(requests(), 2, "by hash, then by text");
    assert!(admit(&store, &takes).allowed());
    assert_eq!(requests(), 3);
    let redis = &store.transport().fetch().redis;
    assert_eq!((redis.calls("evalsha"), redis.calls("eval")), (2, 1));
}

#[test]
fn a_server_that_forgot_the_scripts_is_told_them_again() {
    let store = store();
    let policy = policy("a", 5, 60_000);
    for remaining in [4, 3] {
        store.transport().run::<()>(&["SCRIPT", "FLUSH"]);
        let admission = admit(&store, &[take(&policy, "key", 1)]);
        assert_eq!(admission.outcomes[0].decision.remaining, remaining);
    }
    assert_eq!(store.transport().calls("eval"), 2);
}

fn merge(store: &RedisStore<Resp>, sequence: u64, policy: &Policy) {
    let now = wall_clock();
    let taken = State::empty(policy.algorithm).add(policy.quota, now, 1);
    let entries = vec![Owed { policy: policy.clone(), key: key("merged"), taken }];
    let batch = MergeBatch { instance: InstanceId::new([1; 16]), sequence, entries };
    block_on(store.merge(&batch, now)).unwrap();
}

/// Every verb once, with lives of a second.
fn use_every_verb(store: &RedisStore<Resp>) {
    let now = wall_clock();
    let policy = policy("per-user", 5, 60_000);
    let scopes = [RevocationScope::Token, RevocationScope::Session, RevocationScope::Subject];
    for scope in scopes {
        let revocation =
            Revocation { scope, key: key("x"), expires: now.plus(1_000), acknowledged: None };
        let durability = block_on(store.revoke(&revocation, now)).unwrap();
        assert_eq!(durability, Durability::Store);
    }
    let takes = [take(&policy, "counted", 1)];
    assert!(admit(store, &takes).allowed());
    block_on(store.peek(&takes, now)).unwrap();
    let log = Policy { algorithm: Algorithm::SlidingLog, ..policy.clone() };
    let takes = [take(&log, "logged", 1)];
    for _ in 0..2 {
        assert!(admit(store, &takes).allowed());
    }
    let penalty = Penalty { policy: &policy, key: key("blocked"), duration_ms: 1_000 };
    block_on(store.penalise(&penalty, now)).unwrap();
    for by in [Adjustment::Take(1), Adjustment::Give(1)] {
        block_on(store.adjust(&policy, key("counted"), by, now)).unwrap();
        block_on(store.adjust(&log, key("logged"), by, now)).unwrap();
    }
    block_on(store.reset(&policy, key("reset"), now)).unwrap();
    merge(store, 1, &policy);
    merge(store, 2, &policy);
    for session in ["s", "ended"] {
        let session = key(session);
        block_on(store.rotate(&opening(session, key("u"), now.plus(1_000)), now)).unwrap();
        block_on(store.rotate(&presented(session, key("u"), 0), now)).unwrap();
    }
    assert_eq!(block_on(store.sessions(key("u"), now)).unwrap().len(), 2);
    let (scope, expires) = (RevocationScope::Session, now.plus(1_000));
    let ended = Revocation { scope, key: key("ended"), expires, acknowledged: None };
    block_on(store.revoke(&ended, now)).unwrap();
    let record = Record { value: vec![1], expires: now.plus(1_000) };
    block_on(store.put(key("r"), record, now)).unwrap();
    assert!(block_on(store.get(key("r"), now)).unwrap().is_some());
}

/// What docs/storage-schema.md says a user for it needs.
#[test]
fn the_documented_commands_and_keys_suffice() {
    let store = store();
    let rules = "resetkeys ~{portcullis}:1:* -@all +eval +evalsha +get +set +del +time +pexpire \
                 +pttl +type +lindex +llen +lpush +lrange +lrem +lset +ltrim +rpush";
    let rules: Vec<&str> =
        ["ACL", "SETUSER", "default"].into_iter().chain(rules.split(' ')).collect();
    store.transport().run::<()>(&rules);
    use_every_verb(&store);
}

#[test]
fn every_key_has_its_prefix_and_an_end() {
    let store = store();
    use_every_verb(&store);
    let keys: BTreeSet<String> = store.transport().run(&["KEYS", "*"]);
    let name = |value: &str| key(value).to_string();
    let expected = [
        "epoch".to_owned(),
        format!("limit:per-user:{}", name("blocked")),
        format!("limit:per-user:{}", name("counted")),
        format!("limit:per-user:{}", name("logged")),
        format!("limit:per-user:{}", name("merged")),
        "merged:AQEBAQEBAQEBAQEBAQEBAQ".to_owned(),
        format!("record:{}", name("r")),
        format!("revoked:session:{}", name("x")),
        format!("revoked:session:{}", name("ended")),
        format!("revoked:subject:{}", name("x")),
        format!("revoked:token:{}", name("x")),
        format!("session:{}", name("s")),
        format!("sessions:{}", name("u")),
    ];
    assert_eq!(keys, expected.map(|rest| format!("{{portcullis}}:1:{rest}")).into());
    for key in keys {
        let ttl_ms: i64 = store.transport().run(&["PTTL", &key]);
        let most = if key.ends_with(":epoch") { 34_560_000_000 } else { 180_000 };
        assert!(ttl_ms > 55_000 && ttl_ms <= most, "{key}: {ttl_ms}");
    }
}

#[test]
fn a_sequence_is_known_for_as_long_as_its_longest_window_could_count() {
    let (store, tag) = (store(), "{portcullis}:1:merged:AQEBAQEBAQEBAQEBAQEBAQ");
    let ttl_ms = || store.transport().run::<u64>(&["PTTL", tag]);
    let (short, long) = (policy("a", 5, 1_000), policy("b", 5, 3_600_000));
    merge(&store, 1, &short);
    assert!((55_000..=62_000).contains(&ttl_ms()), "{}", ttl_ms());
    merge(&store, 2, &long);
    assert!((7_250_000..=7_260_000).contains(&ttl_ms()), "{}", ttl_ms());
    merge(&store, 3, &short);
    assert!(ttl_ms() > 7_200_000, "it only ever extends: {}", ttl_ms());
    assert_eq!(store.transport().run::<u64>(&["GET", tag]), 3);
    store.transport().run::<()>(&["PERSIST", tag]);
    merge(&store, 4, &short);
    assert!((55_000..=62_000).contains(&ttl_ms()), "it has an end again: {}", ttl_ms());
}

#[test]
fn a_batch_of_a_hundred_keys_is_one_command() {
    let (store, policy, now) = (store(), policy("a", 5, 60_000), wall_clock());
    let taken = State::empty(policy.algorithm).add(policy.quota, now, 1);
    let entry =
        |n: usize| Owed { policy: policy.clone(), key: key(&n.to_string()), taken: taken.clone() };
    let entries: Vec<Owed> = (0..MergeBatch::ENTRIES_MAX).map(entry).collect();
    for sequence in [1, 2] {
        let instance = InstanceId::new([1; 16]);
        let batch = MergeBatch { instance, sequence, entries: entries.clone() };
        block_on(store.merge(&batch, now)).unwrap();
    }
    assert_eq!((store.transport().calls("evalsha"), store.transport().calls("eval")), (2, 1));
    assert_eq!(store.transport().run::<u64>(&["DBSIZE"]), 101);
}

#[test]
fn a_reset_deletes_one_key_whatever_it_is_called() {
    let store = store();
    let (any, other) = (policy("a", 5, 60_000), policy("a.b", 5, 60_000));
    let takes = [take(&any, "*", 1), take(&any, "x", 1), take(&other, "*", 1)];
    assert!(admit(&store, &takes).allowed());
    let before: u64 = store.transport().run(&["DBSIZE"]);
    block_on(store.reset(&any, key("*"), wall_clock())).unwrap();
    block_on(store.reset(&any, key("*"), wall_clock())).unwrap();
    assert_eq!(store.transport().run::<u64>(&["DBSIZE"]), before - 1);
}

#[test]
fn the_epoch_changes_when_data_was_lost_and_only_then() {
    let (store, epoch_key) = (store(), "{portcullis}:1:epoch");
    let first = admit(&store, &[]).epoch.unwrap();
    store.transport().run::<()>(&["PERSIST", epoch_key]);
    assert_eq!(admit(&store, &[]).epoch, Some(first));
    let ttl_ms: i64 = store.transport().run(&["PTTL", epoch_key]);
    assert!(ttl_ms > 34_559_000_000, "its life begins anew: {ttl_ms}");
    for loss in [vec!["FLUSHALL"], vec!["SET", epoch_key, "?"], vec!["DEL", epoch_key]] {
        let before = admit(&store, &[]).epoch;
        store.transport().run::<redis::Value>(&loss);
        assert!(admit(&store, &[]).epoch > before, "{loss:?}");
    }
}

#[test]
fn nothing_of_a_store_is_shown() {
    let endpoint = Endpoint::new("http://host.example", "secret").unwrap();
    let store = RedisStore::new(Upstash::new(Bridge::start(), endpoint), KeyPrefix::default());
    let shown = format!("{store:?} {:?}", store.transport());
    assert!(!shown.contains("secret") && !shown.contains("host"), "{shown}");
}

/// How many commands the server carries out for what `call` asks, by its own count.
fn commands(store: &RedisStore<Resp>, call: impl FnOnce()) -> u64 {
    store.transport().run::<()>(&["CONFIG", "RESETSTAT"]);
    call();
    let stats: String = store.transport().run(&["INFO", "commandstats"]);
    let calls = stats.lines().filter(|line| line.starts_with("cmdstat_"));
    let count = |line: &str| line.split(&['=', ','][..]).nth(1).unwrap().parse::<u64>().unwrap();
    calls.map(count).sum()
}

/// A log of ten thousand takes must not hold up everybody else's.
#[test]
fn a_full_log_is_taken_from_merged_and_adjusted_by_few_commands_and_bytes() {
    let (store, now) = (store(), wall_clock());
    let policy = Policy { algorithm: Algorithm::SlidingLog, ..policy("log", 10_000, 86_400_000) };
    let list = format!("{{portcullis}}:1:limit:log:{}", key("k"));
    let head = format!("{} 0 0", now.plus(86_400_000).0);
    let entries = (1..=10_000).map(|sum| format!("{} {sum}", now.minus(20_000 - sum).0));
    let command: Vec<String> = ["RPUSH".into(), list, head].into_iter().chain(entries).collect();
    store.transport().run::<()>(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let adjust = |by| {
        block_on(store.adjust(&policy, key("k"), by, now)).unwrap();
    };
    let taken = State::empty(policy.algorithm).add(policy.quota, now.minus(30_000), 5);
    let taken = taken.add(policy.quota, now, 5);
    let owed = Owed { policy: policy.clone(), key: key("k"), taken };
    let batch = MergeBatch { instance: InstanceId::new([1; 16]), sequence: 1, entries: vec![owed] };
    for count in [
        commands(&store, || assert!(!admit(&store, &[take(&policy, "k", 9)]).allowed())),
        commands(&store, || adjust(Adjustment::Take(100))),
        commands(&store, || adjust(Adjustment::Give(5_000))),
        commands(&store, || block_on(store.merge(&batch, now)).unwrap()),
        commands(&store, || assert!(admit(&store, &[take(&policy, "k", 4_000)]).allowed())),
    ] {
        assert!(count < 100, "{count} commands");
    }
}
