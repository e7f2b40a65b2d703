//! Opening sessions, rotating their refresh tokens, ending them.

use super::revocations::{check, revoke, revoked};
use super::{Bench, key};
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::store::{
    EntryKey, Presented, Revocation, RevocationScope, Rotated, Rotation, SessionRecord,
    SessionStart, Store,
};

/// For how long sessions live on without being refreshed, in the checks that are not about that.
const IDLE_MS: u64 = 3_600_000;

/// Opening a session that does not end for being idle.
pub(crate) fn opening(session: EntryKey, subject: EntryKey, expires: UnixMs) -> Rotation {
    Rotation::Open(SessionStart { session, subject, expires, idle_ms: IDLE_MS })
}

/// Presenting a refresh token, with no grace.
pub(crate) fn presented(session: EntryKey, subject: EntryKey, generation: u64) -> Rotation {
    let (grace_ms, idle_ms, access_until) = (0, IDLE_MS, UnixMs(0));
    Rotation::Advance(Presented { session, subject, generation, grace_ms, idle_ms, access_until })
}

async fn open(bench: &impl Bench, session: &str, subject: &str, for_ms: u64) -> Rotated {
    let opening = opening(key(session), key(subject), bench.now().plus(for_ms));
    bench.store().rotate(&opening, bench.now()).await.unwrap()
}

async fn advance(
    bench: &impl Bench,
    session: &str,
    subject: &str,
    generation: u64,
    grace_ms: u64,
) -> Rotated {
    let presented = Presented {
        session: key(session),
        subject: key(subject),
        generation,
        grace_ms,
        idle_ms: IDLE_MS,
        access_until: bench.now().plus(60_000),
    };
    bench.store().rotate(&Rotation::Advance(presented), bench.now()).await.unwrap()
}

fn current(rotated: Rotated) -> SessionRecord {
    match rotated {
        Rotated::Current(record) => record,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_generation_is_exchanged_once_or_again_within_its_grace(bench: &impl Bench) {
    let opened = current(open(bench, "grace", "grace-subject", 60_000).await);
    assert_eq!((opened.generation, opened.subject), (0, key("grace-subject")));
    assert_eq!(opened.started, opened.rotated);
    bench.pass(50).await;
    let first = current(advance(bench, "grace", "grace-subject", 0, 400).await);
    assert_eq!(
        (first.generation, first.started, first.expires),
        (1, opened.started, opened.expires)
    );
    assert!(first.rotated > opened.rotated);
    bench.pass(100).await;
    let again = current(advance(bench, "grace", "grace-subject", 0, 400).await);
    assert_eq!(again, first, "the same successor, and no new grace");
    assert_eq!(advance(bench, "grace", "grace-subject", 2, 400).await, Rotated::Unknown);
    assert_eq!(current(advance(bench, "grace", "grace-subject", 1, 400).await).generation, 2);
    assert_eq!(
        advance(bench, "grace", "grace-subject", 0, 60_000).await,
        Rotated::Reused,
        "the successor was used"
    );
}

pub(crate) async fn a_session_is_exchanged_for_its_own_subject_alone(bench: &impl Bench) {
    open(bench, "whose", "whose-subject", 60_000).await;
    current(advance(bench, "whose", "whose-subject", 0, 0).await);
    for generation in [0, 1] {
        let other = advance(bench, "whose", "another", generation, 60_000).await;
        assert_eq!(other, Rotated::Unknown, "and it is not killed either");
    }
    current(advance(bench, "whose", "whose-subject", 1, 0).await);
}

pub(crate) async fn a_generation_used_twice_outside_its_grace_kills_the_session(
    bench: &impl Bench,
) {
    open(bench, "reuse", "reuse-subject", 60_000).await;
    advance(bench, "reuse", "reuse-subject", 0, 200).await;
    bench.pass(200).await;
    assert_eq!(advance(bench, "reuse", "reuse-subject", 0, 200).await, Rotated::Reused);
    for generation in [0, 1, 2] {
        assert_eq!(
            advance(bench, "reuse", "reuse-subject", generation, 200).await,
            Rotated::Unknown
        );
    }
    let sessions = bench.store().sessions(key("reuse-subject"), bench.now()).await.unwrap();
    assert_eq!(sessions, []);
}

pub(crate) async fn a_session_that_is_killed_takes_its_access_tokens_along(bench: &impl Bench) {
    let token = check("killed", IssuedAt::Ms(bench.now()));
    let (session, subject) = (token.session.unwrap(), key("killed-subject"));
    let now = bench.now();
    let rotate = async |rotation: Rotation| bench.store().rotate(&rotation, now).await.unwrap();
    rotate(opening(session, subject, now.plus(60_000))).await;
    let presented = |access_until| {
        let (generation, grace_ms, idle_ms) = (0, 0, IDLE_MS);
        Rotation::Advance(Presented {
            session,
            subject,
            generation,
            grace_ms,
            idle_ms,
            access_until,
        })
    };
    current(rotate(presented(now.plus(60_000))).await);
    assert_eq!(revoked(bench, token).await, None);
    assert_eq!(rotate(presented(now.plus(60_000))).await, Rotated::Reused);
    assert_eq!(revoked(bench, token).await, Some(RevocationScope::Session));
}

pub(crate) async fn a_session_ends_unless_it_is_refreshed_in_time(bench: &impl Bench) {
    let (session, subject) = (key("idle"), key("idle-subject"));
    let (expires, idle_ms) = (bench.now().plus(60_000), 500);
    let start = SessionStart { session, subject, expires, idle_ms };
    bench.store().rotate(&Rotation::Open(start), bench.now()).await.unwrap();
    let refresh = async |generation| {
        let (grace_ms, access_until) = (0, bench.now());
        let presented = Presented { session, subject, generation, grace_ms, idle_ms, access_until };
        bench.store().rotate(&Rotation::Advance(presented), bench.now()).await.unwrap()
    };
    for generation in 0..3 {
        bench.pass(300).await;
        let record = current(refresh(generation).await);
        assert_eq!(record.expires, expires, "whatever happens, it ends then");
    }
    assert_eq!(bench.store().sessions(subject, bench.now()).await.unwrap().len(), 1);
    bench.pass(500).await;
    assert_eq!(bench.store().sessions(subject, bench.now()).await.unwrap(), []);
    assert_eq!(refresh(3).await, Rotated::Unknown);
}

pub(crate) async fn revoking_a_session_or_subject_ends_what_was_open(bench: &impl Bench) {
    let ending = check("ending", IssuedAt::Ms(bench.now()));
    let opening = opening(ending.session.unwrap(), key("ending"), bench.now().plus(60_000));
    bench.store().rotate(&opening, bench.now()).await.unwrap();
    open(bench, "cut-before", "ending", 60_000).await;
    revoke(bench, RevocationScope::Session, ending, 60_000).await;
    let gone = bench
        .store()
        .rotate(&presented(ending.session.unwrap(), key("ending"), 0), bench.now())
        .await;
    assert_eq!(gone.unwrap(), Rotated::Unknown);
    current(advance(bench, "cut-before", "ending", 0, 0).await);
    revoke(bench, RevocationScope::Subject, ending, 60_000).await;
    assert_eq!(advance(bench, "cut-before", "ending", 1, 0).await, Rotated::Unknown);
    bench.pass(50).await;
    current(open(bench, "cut-after", "ending", 60_000).await);
    let sessions = bench.store().sessions(key("ending"), bench.now()).await.unwrap();
    assert_eq!(sessions.len(), 1, "what was opened since lives");
}

pub(crate) async fn a_revoked_session_is_not_opened_by_a_call_that_arrives_late(
    bench: &impl Bench,
) {
    let late = check("late", IssuedAt::Ms(bench.now()));
    let begun = bench.now();
    bench.pass(5).await;
    let call = opening(late.session.unwrap(), key("late"), begun.plus(60_000));
    revoke(bench, RevocationScope::Session, late, 60_000).await;
    let opened = bench.store().rotate(&call, begun).await;
    assert_eq!(opened.unwrap(), Rotated::Unknown);
    revoke(bench, RevocationScope::Subject, late, 60_000).await;
    let call = opening(key("late-other"), key("late"), begun.plus(60_000));
    assert_eq!(bench.store().rotate(&call, begun).await.unwrap(), Rotated::Unknown);
    bench.pass(50).await;
    current(bench.store().rotate(&call, bench.now()).await.unwrap());
}

pub(crate) async fn a_replayed_cut_spares_sessions_opened_after_it_was_acknowledged(
    bench: &impl Bench,
) {
    open(bench, "replay-before", "replay", 60_000).await;
    bench.pass(50).await;
    let acknowledged = Some(bench.now());
    bench.pass(50).await;
    open(bench, "replay-after", "replay", 60_000).await;
    let (scope, expires) = (RevocationScope::Subject, bench.now().plus(60_000));
    let revocation = Revocation { scope, key: key("replay"), expires, acknowledged };
    bench.store().revoke(&revocation, bench.now()).await.unwrap();
    assert_eq!(advance(bench, "replay-before", "replay", 0, 0).await, Rotated::Unknown);
    current(advance(bench, "replay-after", "replay", 0, 0).await);
}

pub(crate) async fn a_session_opens_once_and_ends(bench: &impl Bench) {
    assert_eq!(advance(bench, "once", "once-subject", 0, 0).await, Rotated::Unknown);
    assert_eq!(open(bench, "once", "once-subject", 0).await, Rotated::Unknown);
    let opened = open(bench, "once", "once-subject", 400).await;
    bench.pass(50).await;
    assert_eq!(open(bench, "once", "once-subject", 400).await, opened, "answered again");
    assert_eq!(open(bench, "once", "once-thief", 400).await, Rotated::Unknown);
    current(advance(bench, "once", "once-subject", 0, 0).await);
    assert_eq!(open(bench, "once", "once-subject", 400).await, Rotated::Unknown);
    current(advance(bench, "once", "once-subject", 1, 0).await);
    bench.pass(400).await;
    assert_eq!(advance(bench, "once", "once-subject", 2, 0).await, Rotated::Unknown);
}

pub(crate) async fn a_subjects_sessions_are_listed_oldest_first_until_they_end(bench: &impl Bench) {
    let mut opened = Vec::new();
    for (name, for_ms) in [("list-1", 60_000), ("list-2", 300), ("list-3", 60_000)] {
        opened.push(current(open(bench, name, "list", for_ms).await));
        bench.pass(10).await;
    }
    open(bench, "list-other", "list-other", 60_000).await;
    let listed = || bench.store().sessions(key("list"), bench.now());
    assert_eq!(listed().await.unwrap(), opened);
    bench.pass(300).await;
    assert_eq!(listed().await.unwrap(), [opened[0], opened[2]]);
    let (scope, expires) = (RevocationScope::Session, bench.now().plus(60_000));
    let end = Revocation { scope, key: key("list-1"), expires, acknowledged: None };
    bench.store().revoke(&end, bench.now()).await.unwrap();
    assert_eq!(listed().await.unwrap(), [opened[2]]);
    assert_eq!(advance(bench, "list-1", "list", 0, 60_000).await, Rotated::Unknown);
}
