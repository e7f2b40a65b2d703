//! Revoking by token, session and subject.

use super::limits::left;
use super::{Bench, key, policy, take};
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::store::{
    Admit, EntryKey, KeySpace, Revocation, RevocationScope, Store, StoreError, TokenCheck,
};

pub(super) fn check(name: &str, issued_at: IssuedAt) -> TokenCheck {
    TokenCheck {
        token: EntryKey::new(KeySpace::Token, "https://contract", name),
        session: Some(EntryKey::new(KeySpace::Session, "https://contract", name)),
        subject: Some(key(name)),
        issued_at,
        expires: UnixMs(u64::MAX),
    }
}

pub(super) async fn revoke(
    bench: &impl Bench,
    scope: RevocationScope,
    check: TokenCheck,
    for_ms: u64,
) {
    let key = match scope {
        RevocationScope::Token => Some(check.token),
        RevocationScope::Session => check.session,
        RevocationScope::Subject => check.subject,
    };
    let expires = bench.now().plus(for_ms);
    let revocation = Revocation { scope, key: key.unwrap(), expires, acknowledged: None };
    bench.store().revoke(&revocation, bench.now()).await.unwrap();
}

pub(super) async fn revoked(bench: &impl Bench, check: TokenCheck) -> Option<RevocationScope> {
    let admit = Admit { token: Some(check), takes: Vec::new(), closed: false };
    bench.store().admit(&admit, bench.now()).await.unwrap().revoked
}

pub(crate) async fn a_revoked_token_is_named_by_its_scope_and_takes_nothing(bench: &impl Bench) {
    use RevocationScope::{Session, Subject, Token};
    let policy = policy("contract-revoked", 1, 60_000);
    for (scope, name) in [(Token, "by-token"), (Session, "by-session"), (Subject, "by-subject")] {
        let check = check(name, IssuedAt::Ms(bench.now()));
        assert_eq!(revoked(bench, check).await, None);
        revoke(bench, scope, check, 60_000).await;
        let takes = vec![take(&policy, name, 1)];
        let admit = Admit { token: Some(check), takes: takes.clone(), closed: false };
        let admission = bench.store().admit(&admit, bench.now()).await.unwrap();
        assert_eq!(admission.revoked, Some(scope));
        assert!(!admission.allowed() && admission.outcomes.is_empty());
        assert_eq!(left(bench, &takes).await, [1]);
        let named_otherwise =
            TokenCheck { token: key(name), session: None, subject: None, ..check };
        assert_eq!(revoked(bench, named_otherwise).await, None);
    }
}

pub(crate) async fn a_subjects_cut_refuses_what_was_issued_up_to_it(bench: &impl Bench) {
    let before = bench.now();
    revoke(bench, RevocationScope::Subject, check("cut", IssuedAt::Unknown), 60_000).await;
    let cut = |issued_at| revoked(bench, check("cut", issued_at));
    bench.pass(2_100).await;
    let after = bench.now();
    assert!(cut(IssuedAt::Ms(before)).await.is_some());
    assert!(cut(IssuedAt::Ms(after)).await.is_none());
    // A token issued within the second of the cut cannot be told from one issued before it.
    assert!(cut(IssuedAt::Seconds(before.0.div_ceil(1000))).await.is_some());
    assert!(cut(IssuedAt::Seconds(after.0.div_ceil(1000))).await.is_none());
    assert!(cut(IssuedAt::Unknown).await.is_some());
}

pub(crate) async fn a_replayed_cut_spares_what_was_issued_after_it_was_acknowledged(
    bench: &impl Bench,
) {
    let name = "replayed";
    let cut = |issued_at| revoked(bench, check(name, IssuedAt::Ms(issued_at)));
    let acknowledged = bench.now();
    bench.pass(50).await;
    let since = bench.now();
    let replay = async || {
        let (scope, key) = (RevocationScope::Subject, key(name));
        let (expires, acknowledged) = (bench.now().plus(60_000), Some(acknowledged));
        let revocation = Revocation { scope, key, expires, acknowledged };
        bench.store().revoke(&revocation, bench.now()).await.unwrap();
    };
    replay().await;
    assert!(cut(acknowledged.minus(1)).await.is_some());
    assert!(cut(acknowledged).await.is_some());
    assert!(cut(acknowledged.plus(1)).await.is_none());
    assert!(cut(since).await.is_none());
    revoke(bench, RevocationScope::Subject, check(name, IssuedAt::Unknown), 60_000).await;
    assert!(cut(since).await.is_some());
    replay().await;
    assert!(cut(since).await.is_some(), "a later cut stays");
}

pub(crate) async fn a_revocation_only_ever_extends(bench: &impl Bench) {
    use RevocationScope::{Session, Subject, Token};
    for (scope, name) in [(Token, "ext-token"), (Session, "ext-session"), (Subject, "ext-subject")]
    {
        let check = check(name, IssuedAt::Ms(bench.now()));
        revoke(bench, scope, check, 700).await;
        revoke(bench, scope, check, 100).await;
        bench.pass(300).await;
        assert_eq!(revoked(bench, check).await, Some(scope), "a shorter one shortens nothing");
        revoke(bench, scope, check, 800).await;
        bench.pass(600).await;
        assert_eq!(revoked(bench, check).await, Some(scope), "a longer one extends");
        bench.pass(300).await;
        assert_eq!(revoked(bench, check).await, None, "and it ends");
    }
}

/// For a store of revocations alone: what it cannot count it does not let through.
pub(crate) async fn what_is_not_kept_is_refused_and_never_granted(bench: &impl Bench) {
    let policy = policy("contract-unsupported", 5, 60_000);
    let (takes, now) = (vec![take(&policy, "k", 1)], bench.now());
    let admit = Admit { token: None, takes: takes.clone(), closed: false };
    let refused = |answer: Result<(), StoreError>| {
        assert!(matches!(answer, Err(StoreError::Unsupported { .. })), "{answer:?}");
    };
    refused(bench.store().admit(&admit, now).await.map(drop));
    refused(bench.store().peek(&takes, now).await.map(drop));
    refused(bench.store().reset(&policy, key("k"), now).await);
    refused(bench.store().sessions(key("k"), now).await.map(drop));
    assert_eq!(bench.store().get(key("k"), now).await, Ok(None));
}
