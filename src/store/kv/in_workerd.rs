//! What KV keeps of the contract, over a real namespace in workerd: run by tests/worker/contract.test.mjs.

use super::revocations::{KvRevocations, Namespace, tests::kv_contract};
use crate::UnixMs;
use crate::store::StoreError;
use crate::store::contract::{Bench, in_workerd, store_contract};

/// Host and port of a Worker that reads and writes as it is told.
const ADDRESS: &str = "PORTCULLIS_TEST_KV";

struct OverHttp(String);

impl OverHttp {
    fn ask(&self, what: &serde_json::Value) -> serde_json::Value {
        let (status, body) = in_workerd::post(&self.0, &what.to_string()).unwrap();
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

impl Namespace for OverHttp {
    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        let answer = self.ask(&serde_json::json!({ "read": keys }));
        Ok(serde_json::from_value(answer["values"].clone()).unwrap())
    }

    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError> {
        self.ask(&serde_json::json!({ "write": key, "value": value, "expiration": expiration_s }));
        Ok(())
    }
}

struct InWorkerd(KvRevocations<OverHttp>);

impl InWorkerd {
    fn new() -> Self {
        Self(KvRevocations::new(OverHttp(in_workerd::address(ADDRESS))))
    }
}

impl Bench for InWorkerd {
    type Store = KvRevocations<OverHttp>;

    fn store(&self) -> &Self::Store {
        &self.0
    }

    fn now(&self) -> UnixMs {
        in_workerd::now()
    }

    async fn pass(&self, ms: u64) {
        in_workerd::pass(ms);
    }
}

kv_contract!(
    ignored: "needs a namespace in workerd: run by tests/worker/contract.test.mjs",
    InWorkerd::new()
);
