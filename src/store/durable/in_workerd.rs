//! The contract over the real object, in workerd: run by tests/worker/contract.test.mjs.

use super::ObjectTransport;
use crate::UnixMs;
use crate::fetch::{Fetch, FetchError, Request, Response};
use crate::store::contract::{Bench, in_workerd, store_contract};
use crate::store::redis::{KeyPrefix, RedisStore};

/// Host and port of a Worker that passes what it is sent on to the object.
const ADDRESS: &str = "PORTCULLIS_TEST_OBJECT";

struct OverHttp(String);

impl Fetch for OverHttp {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let answer = in_workerd::post(&self.0, &request.body);
        let (status, body) = answer.map_err(|_| FetchError::Unreachable)?;
        Ok(Response { status, fields: Vec::new(), body: body.into_bytes() })
    }
}

struct InWorkerd(RedisStore<ObjectTransport<OverHttp>>);

impl InWorkerd {
    fn new() -> Self {
        let transport = ObjectTransport::new(OverHttp(in_workerd::address(ADDRESS)));
        Self(RedisStore::new(transport, KeyPrefix::default()))
    }
}

impl Bench for InWorkerd {
    type Store = RedisStore<ObjectTransport<OverHttp>>;

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

store_contract!(
    ignored: "needs the object in workerd: run by tests/worker/contract.test.mjs",
    InWorkerd::new()
);
