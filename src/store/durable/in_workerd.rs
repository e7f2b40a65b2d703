//! The contract over the real object, in workerd: tests/worker/contract.test.mjs starts it, says by a variable
//! where it is, and runs these.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::ObjectTransport;
use crate::UnixMs;
use crate::fetch::{Fetch, FetchError, Request, Response};
use crate::store::contract::{Bench, store_contract};
use crate::store::redis::{KeyPrefix, RedisStore};

/// Host and port of a Worker that passes what it is sent on to the object.
const ADDRESS: &str = "PORTCULLIS_TEST_OBJECT";

/// HTTP/1.1, as far as one small exchange goes.
struct OverHttp(String);

impl Fetch for OverHttp {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let mut stream = TcpStream::connect(&self.0).map_err(|_| FetchError::Unreachable)?;
        let (length, body) = (request.body.len(), request.body);
        let head =
            format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}");
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse().unwrap();
        // Whether in chunks or not, it is one JSON object.
        let (from, to) = (body.find('{').unwrap(), body.rfind('}').unwrap());
        Ok(Response { status, fields: Vec::new(), body: body.as_bytes()[from..=to].to_vec() })
    }
}

struct InWorkerd(RedisStore<ObjectTransport<OverHttp>>);

impl InWorkerd {
    fn new() -> Self {
        let address = std::env::var(ADDRESS).expect("tests/worker/contract.test.mjs sets it");
        let transport = ObjectTransport::new(OverHttp(address));
        Self(RedisStore::new(transport, KeyPrefix::default()))
    }
}

impl Bench for InWorkerd {
    type Store = RedisStore<ObjectTransport<OverHttp>>;

    fn store(&self) -> &Self::Store {
        &self.0
    }

    fn now(&self) -> UnixMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        UnixMs(u64::try_from(since.as_millis()).unwrap())
    }

    async fn pass(&self, ms: u64) {
        sleep(Duration::from_millis(ms));
    }
}

store_contract!(
    ignored: "needs the object in workerd: run by tests/worker/contract.test.mjs",
    InWorkerd::new()
);
