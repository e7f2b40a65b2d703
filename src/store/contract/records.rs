//! Keeping small records.

use super::{Bench, key};
use crate::store::{Record, Store, StoreError};

pub(crate) async fn a_record_lives_until_its_end_and_is_replaced_whole(bench: &impl Bench) {
    let name = key("record");
    let put = |value: Vec<u8>, for_ms| {
        let expires = bench.now().plus(for_ms);
        bench.store().put(name, Record { value, expires }, bench.now())
    };
    let get = || bench.store().get(name, bench.now());
    assert_eq!(get().await.unwrap(), None);
    put(vec![1; Record::BYTES_MAX], 60_000).await.unwrap();
    let error = put(vec![1; Record::BYTES_MAX + 1], 60_000).await.unwrap_err();
    assert!(matches!(error, StoreError::RecordTooLarge { bytes: 4_097, bytes_max: 4_096 }));
    assert_eq!(get().await.unwrap().unwrap().value.len(), Record::BYTES_MAX);
    put(vec![2], 300).await.unwrap();
    assert_eq!(get().await.unwrap().unwrap().value, [2]);
    bench.pass(300).await;
    assert_eq!(get().await.unwrap(), None, "a replacement may end earlier");
}
