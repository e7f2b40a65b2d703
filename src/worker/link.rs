//! The way to the store that counts: Redis over HTTP, or the deployment's Durable Object.

use super::fetch::WorkerFetch;
use crate::store::StoreError;
use crate::store::durable::ObjectTransport;
use crate::store::redis::{Command, Dialect, Reply, Transport};
use crate::store::upstash::Upstash;

/// One of both: the rest of the chain is the same.
#[derive(Debug)]
pub(super) enum Link {
    Redis(Upstash<WorkerFetch>),
    Object(ObjectTransport<WorkerFetch>),
}

impl Transport for Link {
    fn dialect(&self) -> Dialect {
        match self {
            Self::Redis(redis) => redis.dialect(),
            Self::Object(object) => object.dialect(),
        }
    }

    async fn call(&self, command: &Command) -> Result<Reply, StoreError> {
        match self {
            Self::Redis(redis) => redis.call(command).await,
            Self::Object(object) => object.call(command).await,
        }
    }
}
