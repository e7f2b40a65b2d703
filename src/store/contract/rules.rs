//! Keeping the access rules.

use super::Bench;
use super::revocations::check;
use crate::jwt::IssuedAt;
use crate::store::{Admit, Store, StoreError, StoredRules};

/// All that writes them: there is one text of them in a store.
pub(crate) async fn rules_replace_the_version_they_were_made_of_and_no_other(bench: &impl Bench) {
    let store = bench.store();
    let read = async || store.rules(bench.now()).await.unwrap();
    let write = async |expected, text: &str| store.write_rules(expected, text, bench.now()).await;
    let before = read().await.version;
    let text = "deny 1 x;allow 2 y".to_owned();
    let first = write(before, &text).await.unwrap().unwrap();
    assert!(first > before);
    assert_eq!(read().await, StoredRules { version: first, text });
    for other in [before, first.saturating_add(1)] {
        assert_eq!(write(other, "lost").await.unwrap(), None);
    }
    let text = "x".repeat(StoredRules::BYTES_MAX);
    let error = write(first, &format!("{text}x")).await.unwrap_err();
    let (bytes, bytes_max) = (text.len().saturating_add(1), StoredRules::BYTES_MAX);
    assert_eq!(error, StoreError::RecordTooLarge { bytes, bytes_max });
    let second = write(first, &text).await.unwrap().unwrap();
    assert!(second > first);
    assert_eq!(read().await, StoredRules { version: second, text });
    let third = write(second, "").await.unwrap().unwrap();
    assert_eq!(read().await, StoredRules { version: third, text: String::new() });
}

pub(crate) async fn every_admission_says_which_rules_there_are(bench: &impl Bench) {
    let version = async || bench.store().rules(bench.now()).await.unwrap().version;
    let token = Some(check("rules", IssuedAt::Unknown));
    let admit = Admit { token, ..Admit::default() };
    // They may be written by another check, where it shares the store.
    for _ in 0..100 {
        let before = version().await;
        let admission = bench.store().admit(&admit, bench.now()).await.unwrap();
        if version().await == before {
            assert_eq!(admission.rules, Some(before));
            return;
        }
    }
    panic!("never the same twice");
}
