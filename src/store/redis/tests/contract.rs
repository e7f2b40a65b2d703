//! The store contract, by the store's own time.

use std::thread::sleep;
use std::time::Duration;

use super::bridge::Bridge;
use super::server::Resp;
use super::wall_clock;
use crate::UnixMs;
use crate::store::contract::{Bench, store_contract};
use crate::store::redis::{KeyPrefix, RedisStore, Transport};
use crate::store::upstash::{Endpoint, Upstash};

/// A store over a server of its own, in real time.
struct OverRedis<T>(RedisStore<T>);

impl<T: Transport> OverRedis<T> {
    fn new(transport: T) -> Self {
        Self(RedisStore::new(transport, KeyPrefix::default()))
    }
}

impl<T: Transport> Bench for OverRedis<T> {
    type Store = RedisStore<T>;

    fn store(&self) -> &RedisStore<T> {
        &self.0
    }

    fn now(&self) -> UnixMs {
        wall_clock()
    }

    async fn pass(&self, ms: u64) {
        sleep(Duration::from_millis(ms));
    }
}

/// Scripts as stock Redis takes them.
mod plain {
    use super::*;

    store_contract!(OverRedis::new(Resp::start()));
}

/// Scripts with Upstash's flag, through HTTP and JSON.
mod over_http {
    use super::*;

    fn upstash() -> Upstash<Bridge> {
        Upstash::new(Bridge::start(), Endpoint::new("http://bridge", "secret").unwrap())
    }

    store_contract!(OverRedis::new(upstash()));
}
