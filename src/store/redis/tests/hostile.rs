//! Replies no server of ours would send: never a panic, never an answer to something else.

use pollster::block_on;
use proptest::prelude::*;

use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::store::contract::{key, policy, presented, take};
use crate::store::redis::{Command, Dialect, KeyPrefix, RedisStore, Reply, ServerError, Transport};
use crate::store::upstash;
use crate::store::{Admit, InstanceId, MergeBatch, Penalty, Store, StoreError, TokenCheck};

const NOW: UnixMs = UnixMs(1_700_000_000_250);

/// Answers everything with one reply.
struct Canned(Reply);

impl Transport for Canned {
    fn dialect(&self) -> Dialect {
        Dialect::Redis
    }

    async fn call(&self, _: &Command) -> Result<Reply, StoreError> {
        Ok(self.0.clone())
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    let text = prop_oneof![".{0,50}", Just(key("x").to_string())];
    let leaf = prop_oneof![
        1 => Just(Reply::Nil),
        5 => (-2_i64..6).prop_map(Reply::Integer),
        2 => any::<i64>().prop_map(Reply::Integer),
        2 => text.prop_map(Reply::Text),
        1 => Just(Reply::Error(ServerError::NoScript)),
    ];
    leaf.prop_recursive(2, 24, 14, |inner| {
        proptest::collection::vec(inner, 0..14).prop_map(Reply::List)
    })
}

#[test]
fn an_answer_that_contradicts_itself_is_none() {
    let policy = policy("a", 5, 60_000);
    let admitted = |cost, outcome: [i64; 4]| {
        let items = [0, 0, 0, 1, 0, 0].into_iter().chain(outcome).map(Reply::Integer);
        let store = RedisStore::new(Canned(Reply::List(items.collect())), KeyPrefix::default());
        let admit = Admit { token: None, takes: vec![take(&policy, "x", cost)], closed: false };
        block_on(store.admit(&admit, NOW)).is_ok()
    };
    assert!(admitted(1, [1, 4, 60_000, -1]) && admitted(1, [0, 0, 60_000, 5]));
    assert!(!admitted(1, [1, 4, 60_000, 5]), "allowed, and to wait");
    assert!(!admitted(0, [1, 4, 60_000, -1]), "a cost of 0 allowed");
    assert!(!admitted(6, [1, 4, 60_000, -1]), "a cost above the limit allowed");
    assert!(!admitted(1, [1, 6, 60_000, -1]), "more left than there is");
    assert!(!admitted(1, [0, 0, 60_000, -2]) && !admitted(1, [0, 0, -1, 5]));
}

#[test]
fn a_batch_is_acknowledged_by_a_single_1_alone() {
    let merged = |items: &[i64]| {
        let reply = Reply::List(items.iter().copied().map(Reply::Integer).collect());
        let store = RedisStore::new(Canned(reply), KeyPrefix::default());
        let instance = InstanceId::new([1; 16]);
        block_on(store.merge(&MergeBatch { instance, sequence: 1, entries: Vec::new() }, NOW))
    };
    assert_eq!(merged(&[1]), Ok(()));
    assert_eq!(merged(&[3]), Err(StoreError::Corrupt { what: "sequence" }));
    for items in [&[][..], &[0], &[2], &[1, 1], &[-1]] {
        assert!(matches!(merged(items), Err(StoreError::Protocol { .. })), "{items:?}");
    }
}

proptest! {
    #[test]
    fn no_reply_makes_a_verb_panic_or_answer_another_question(reply in reply()) {
        let store = RedisStore::new(Canned(reply), KeyPrefix::default());
        let policy = policy("a", 5, 60_000);
        let token = TokenCheck {
            token: key("x"),
            session: None,
            subject: Some(key("x")),
            issued_at: IssuedAt::Unknown,
            expires: NOW,
        };
        let takes = vec![take(&policy, "x", 1), take(&policy, "x", 0)];
        let admit = Admit { token: Some(token), takes, closed: false };
        if let Ok(admission) = block_on(store.admit(&admit, NOW)) {
            prop_assert!(admission.revoked.is_some() || admission.outcomes.len() == 2);
            prop_assert!(!admission.allowed(), "a cost of 0 never is");
        }
        if let Ok(outcomes) = block_on(store.peek(&admit.takes, NOW)) {
            prop_assert_eq!(outcomes.len(), 2);
        }
        let _ = block_on(store.rotate(&presented(key("x"), key("u"), 0), NOW));
        let _ = block_on(store.sessions(key("x"), NOW));
        let _ = block_on(store.get(key("x"), NOW));
        let _ = block_on(store.rules(NOW));
        let _ = block_on(store.write_rules(0, "", NOW));
        let _ = block_on(store.reset(&policy, key("x"), NOW));
        let penalty = Penalty { policy: &policy, key: key("x"), duration_ms: 1 };
        let _ = block_on(store.penalise(&penalty, NOW));
        let instance = InstanceId::new([1; 16]);
        let batch = MergeBatch { instance, sequence: 1, entries: Vec::new() };
        let _ = block_on(store.merge(&batch, NOW));
    }

    #[test]
    fn an_answer_with_an_item_too_few_or_too_many_is_none(
        items in proptest::collection::vec(0_i64..2, 0..14)
    ) {
        let reply = Reply::List(items.iter().copied().map(Reply::Integer).collect());
        let store = RedisStore::new(Canned(reply), KeyPrefix::default());
        let policy = policy("a", 5, 60_000);
        let admit = Admit { token: None, takes: vec![take(&policy, "x", 1)], closed: false };
        let admission = block_on(store.admit(&admit, NOW));
        prop_assert!(admission.is_err() || items.len() == 10);
    }

    #[test]
    fn no_body_makes_the_reader_panic(
        status in 0_u16..700, body in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        let _ = upstash::read(status, &body);
    }

    /// Whole replies, cut short or with a byte changed.
    #[test]
    fn no_spoiled_reply_makes_the_reader_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let mut body = br#"{"result":[0,0,0,1700000000000000,-12,1,4,60000,-1,"text",null]}"#.to_vec();
        let at = at.index(body.len());
        if cut {
            body.truncate(at);
            prop_assert!(upstash::read(200, &body).is_err());
        } else {
            body[at] = byte;
            let _ = upstash::read(200, &body);
        }
    }
}
