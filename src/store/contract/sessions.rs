//! Opening sessions, rotating their refresh tokens, ending them.

use super::{Bench, key};
use crate::store::{Rotated, Rotation, SessionRecord, SessionStart, Store};

async fn open(bench: &impl Bench, session: &str, subject: &str, for_ms: u64) -> Rotated {
    let (session, subject) = (key(session), key(subject));
    let start = SessionStart { session, subject, expires: bench.now().plus(for_ms) };
    bench.store().rotate(&Rotation::Open(start), bench.now()).await.unwrap()
}

async fn advance(bench: &impl Bench, session: &str, generation: u64, grace_ms: u64) -> Rotated {
    let rotation = Rotation::Advance { session: key(session), generation, grace_ms };
    bench.store().rotate(&rotation, bench.now()).await.unwrap()
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
    let first = current(advance(bench, "grace", 0, 400).await);
    assert_eq!(
        (first.generation, first.started, first.expires),
        (1, opened.started, opened.expires)
    );
    assert!(first.rotated > opened.rotated);
    bench.pass(100).await;
    let again = current(advance(bench, "grace", 0, 400).await);
    assert_eq!(again, first, "the same successor, and no new grace");
    assert_eq!(advance(bench, "grace", 2, 400).await, Rotated::Unknown);
    assert_eq!(current(advance(bench, "grace", 1, 400).await).generation, 2);
    assert_eq!(advance(bench, "grace", 0, 60_000).await, Rotated::Reused, "the successor was used");
}

pub(crate) async fn a_generation_used_twice_outside_its_grace_kills_the_session(
    bench: &impl Bench,
) {
    open(bench, "reuse", "reuse-subject", 60_000).await;
    advance(bench, "reuse", 0, 200).await;
    bench.pass(200).await;
    assert_eq!(advance(bench, "reuse", 0, 200).await, Rotated::Reused);
    for generation in [0, 1, 2] {
        assert_eq!(advance(bench, "reuse", generation, 200).await, Rotated::Unknown);
    }
    let sessions = bench.store().sessions(key("reuse-subject"), bench.now()).await.unwrap();
    assert_eq!(sessions, []);
}

pub(crate) async fn a_session_opens_once_and_ends(bench: &impl Bench) {
    assert_eq!(advance(bench, "once", 0, 0).await, Rotated::Unknown);
    assert_eq!(open(bench, "once", "once-subject", 0).await, Rotated::Unknown);
    let opened = open(bench, "once", "once-subject", 400).await;
    bench.pass(50).await;
    assert_eq!(open(bench, "once", "once-subject", 400).await, opened, "answered again");
    assert_eq!(open(bench, "once", "once-thief", 400).await, Rotated::Unknown);
    current(advance(bench, "once", 0, 0).await);
    assert_eq!(open(bench, "once", "once-subject", 400).await, Rotated::Unknown);
    current(advance(bench, "once", 1, 0).await);
    bench.pass(400).await;
    assert_eq!(advance(bench, "once", 2, 0).await, Rotated::Unknown);
    assert!(!bench.store().end_session(key("once"), bench.now()).await.unwrap());
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
    assert!(bench.store().end_session(key("list-1"), bench.now()).await.unwrap());
    assert!(!bench.store().end_session(key("list-1"), bench.now()).await.unwrap());
    assert_eq!(listed().await.unwrap(), [opened[2]]);
    assert_eq!(advance(bench, "list-1", 0, 60_000).await, Rotated::Unknown);
}
