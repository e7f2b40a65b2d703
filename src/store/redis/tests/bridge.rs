//! A server that speaks Upstash's protocol in front of a real Redis, as far as one command goes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use redis::Value;
use serde_json::json;

use super::server::Resp;
use crate::fetch::{Fetch, FetchError, Request, Response};

/// Strips the flag stock Redis refuses, and knows the stripped script under both hashes.
pub(super) struct Bridge {
    pub(super) redis: Resp,
    pub(super) requests: Cell<u64>,
    hashes: RefCell<HashMap<String, String>>,
}

impl Bridge {
    pub(super) fn start() -> Self {
        Self { redis: Resp::start(), requests: Cell::new(0), hashes: RefCell::default() }
    }

    fn translate(&self, parts: &mut [String]) {
        let name = parts[0].clone();
        let Some(script) = parts.get_mut(1) else { return };
        if name == "EVALSHA" {
            if let Some(stripped) = self.hashes.borrow().get(script) {
                *script = stripped.clone();
            }
        } else if let Some(stripped) = script.strip_prefix("#!lua flags=allow-key-locking\n") {
            let known = |text: &str| self.redis.run::<String>(&["SCRIPT", "LOAD", text]);
            let hash = hmac_sha1_compact::Hash::hash(script.as_bytes());
            let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            self.hashes.borrow_mut().insert(hash, known(stripped));
            *script = stripped.to_owned();
        }
    }
}

impl Fetch for Bridge {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        self.requests.set(self.requests.get() + 1);
        assert_eq!((request.method, request.url), ("POST", "http://bridge/"));
        assert_eq!(request.fields[0], ("authorization", "Bearer secret".to_owned()));
        let mut parts: Vec<String> = serde_json::from_str(&request.body).unwrap();
        self.translate(&mut parts);
        let (status, body) = match self.redis.query(&parts) {
            Ok(value) => (200, json!({ "result": to_json(value) })),
            Err(error) => (400, json!({ "error": error })),
        };
        Ok(Response { status, fields: Vec::new(), body: body.to_string().into_bytes() })
    }
}

fn to_json(value: Value) -> serde_json::Value {
    match value {
        Value::Nil => json!(null),
        Value::Int(value) => json!(value),
        Value::BulkString(bytes) => json!(String::from_utf8(bytes).unwrap()),
        Value::SimpleString(text) => json!(text),
        Value::Okay => json!("OK"),
        Value::Array(values) => values.into_iter().map(to_json).collect(),
        other => panic!("{other:?}"),
    }
}
