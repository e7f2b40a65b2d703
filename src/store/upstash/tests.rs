#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::cell::RefCell;

use pollster::block_on;

use super::*;
use crate::UnixMs;
use crate::store::redis::{KeyPrefix, RedisStore};
use crate::store::{EntryKey, KeySpace, Store};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn endpoint() -> Endpoint {
    Endpoint::new("https://host.example", "s3cret").unwrap()
}

/// A server that answers as it is told, and keeps what it was sent.
struct Told {
    answers: RefCell<Vec<Result<Response, FetchError>>>,
    sent: RefCell<Vec<Sent>>,
}

/// URL, fields and body.
type Sent = (String, Vec<(&'static str, String)>, String);

impl Told {
    fn answers<const N: usize>(answers: [Result<Response, FetchError>; N]) -> Upstash<Self> {
        let answers = RefCell::new(answers.into_iter().rev().collect());
        Upstash::new(Self { answers, sent: RefCell::default() }, endpoint())
    }
}

impl Fetch for Told {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        assert_eq!((request.method, request.answer_fields), ("POST", &[SYNC_TOKEN][..]));
        assert!(!format!("{request:?}").contains("s3cret"));
        self.sent.borrow_mut().push((request.url.to_owned(), request.fields, request.body));
        self.answers.borrow_mut().pop().unwrap()
    }
}

fn answer(status: u16, body: &str) -> Result<Response, FetchError> {
    Ok(Response { status, fields: Vec::new(), body: body.as_bytes().to_vec() })
}

fn synced(token: &str) -> Result<Response, FetchError> {
    answer(200, r#"{"result":[0]}"#)
        .map(|response| Response { fields: vec![(SYNC_TOKEN, token.to_owned())], ..response })
}

fn get(upstash: &Upstash<Told>) -> Result<(), StoreError> {
    let name = EntryKey::new(KeySpace::Token, "issuer", "value");
    let store = RedisStore::new(upstash, KeyPrefix::default());
    block_on(store.get(name, NOW)).map(|record| assert_eq!(record, None))
}

#[test]
fn a_command_is_one_post_of_a_json_array_with_a_bearer_token() {
    let upstash = Told::answers([answer(200, r#"{"result":[0]}"#)]);
    get(&upstash).unwrap();
    let sent = upstash.fetch.sent.borrow();
    let (url, fields, body) = &sent[0];
    assert_eq!(url, "https://host.example/");
    assert_eq!(fields[0], ("authorization", "Bearer s3cret".to_owned()));
    assert_eq!(fields[1], ("content-type", "application/json".to_owned()));
    let parts: Vec<String> = serde_json::from_str(body).unwrap();
    assert_eq!((parts[0].as_str(), parts[1].len(), parts[2].as_str()), ("EVALSHA", 40, "1"));
    assert!(parts[3].starts_with("{portcullis}:1:record:"));
    assert_eq!(parts[4..], ["get", "0"]);
}

#[test]
fn an_unknown_script_is_sent_once_with_its_text_and_nothing_else_is_sent_again() {
    let no_script = || answer(400, r#"{"error":"NOSCRIPT No matching script. Please use EVAL."}"#);
    let upstash = Told::answers([no_script(), answer(200, r#"{"result":[0]}"#)]);
    get(&upstash).unwrap();
    let sent = upstash.fetch.sent.borrow();
    let parts: Vec<String> = serde_json::from_str(&sent[1].2).unwrap();
    assert_eq!(parts[0], "EVAL");
    assert!(parts[1].starts_with("#!lua flags=allow-key-locking\n"));

    let upstash = Told::answers([no_script(), no_script()]);
    assert_eq!(get(&upstash), Err(StoreError::Unavailable { cause: "script_unknown" }));
    let timeout = StoreError::Timeout { deadline_ms: 300 };
    let upstash = Told::answers([Err(FetchError::Timeout { deadline_ms: 300 })]);
    assert_eq!(get(&upstash), Err(timeout));
    assert_eq!(upstash.fetch.sent.borrow().len(), 1);
}

#[test]
fn the_last_sync_token_is_echoed_and_none_that_is_no_field_value() {
    let long = "x".repeat(SYNC_TOKEN_BYTES_MAX + 1);
    let upstash =
        Told::answers([synced("a1"), synced("b2"), synced("c\r\nd: e"), synced(&long), synced("")]);
    for _ in 0..5 {
        get(&upstash).unwrap();
    }
    let sent = upstash.fetch.sent.borrow();
    let echoed: Vec<Option<&str>> =
        sent.iter().map(|(_, fields, _)| fields.get(2).map(|(_, value)| value.as_str())).collect();
    assert_eq!(echoed, [None, Some("a1"), Some("b2"), Some("b2"), Some("b2")]);
}

#[test]
fn every_failure_is_told_apart_by_its_status_or_its_first_word() {
    let unavailable = |cause| StoreError::Unavailable { cause };
    let protocol = |cause| StoreError::Protocol { cause };
    let large = format!(r#"{{"result":"{}"}}"#, "x".repeat(REPLY_BYTES_MAX));
    let oom = r#"{"error":"OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user_script:3."}"#;
    let old_oom = r#"{"error":"ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed"}"#;
    let daily = r#"{"error":"ERR max daily request limit exceeded. Limit: 10000, Usage: 10001."}"#;
    let cases: &[(u16, &str, StoreError)] = &[
        (401, r#"{"error":"Unauthorized"}"#, StoreError::Unauthorized),
        (403, "", StoreError::Unauthorized),
        (400, r#"{"error":"WRONGPASS invalid or missing auth token"}"#, StoreError::Unauthorized),
        (400, r#"{"error":"NOPERM this user has no permissions"}"#, StoreError::Unauthorized),
        (429, "", unavailable("quota")),
        (400, daily, unavailable("quota")),
        (400, oom, unavailable("out_of_memory")),
        (400, old_oom, unavailable("out_of_memory")),
        (400, r#"{"error":"READONLY You can't write"}"#, unavailable("read_only")),
        (200, r#"{"error":"LOADING Redis is loading"}"#, unavailable("loading")),
        (400, r#"{"error":"ERR unknown command"}"#, unavailable("command_failed")),
        (400, r#"{"error":"OOMPH"}"#, unavailable("command_failed")),
        (500, "<html>", unavailable("http_5xx")),
        (503, r#"{"result":1}"#, unavailable("http_5xx")),
        (302, "", protocol("redirect")),
        (404, "", protocol("http_status")),
        (204, "", protocol("http_status")),
        (200, "<html><body>Welcome</body></html>", protocol("not_a_reply")),
        (200, "", protocol("not_a_reply")),
        (200, r#"{"result":[0"#, protocol("not_a_reply")),
        (200, "[0]", protocol("not_a_reply")),
        (200, "{}", protocol("not_a_reply")),
        (200, r#"{"result":1,"error":"ERR"}"#, protocol("not_a_reply")),
        (200, r#"{"result":1,"result":2}"#, protocol("not_a_reply")),
        (200, r#"{"result":{"a":1}}"#, protocol("not_a_reply")),
        (200, r#"{"result":[0.5]}"#, protocol("not_a_reply")),
        (200, r#"{"result":[1e400]}"#, protocol("not_a_reply")),
        (200, r#"{"result":[18446744073709551615]}"#, protocol("not_a_reply")),
        (400, r#"{"result":[0]}"#, protocol("not_a_reply")),
        (400, r#"{"error":{"code":1}}"#, protocol("not_a_reply")),
        (200, &large, protocol("reply_too_large")),
        (200, r#"{"result":null}"#, protocol("unexpected_reply")),
        (200, r#"{"result":"OK"}"#, protocol("unexpected_reply")),
        (200, r#"{"result":[]}"#, protocol("unexpected_reply")),
        (200, r#"{"result":[0,0]}"#, protocol("unexpected_reply")),
        (200, r#"{"result":["0"]}"#, protocol("unexpected_reply")),
    ];
    for (status, body, expected) in cases {
        let upstash = Told::answers([answer(*status, body)]);
        assert_eq!(get(&upstash).unwrap_err(), *expected, "{status} {body:.60}");
    }
    let cases = [
        (FetchError::Unreachable, unavailable("unreachable")),
        (FetchError::TooLarge, protocol("reply_too_large")),
    ];
    for (error, expected) in cases {
        assert_eq!(get(&Told::answers([Err(error)])).unwrap_err(), expected);
    }
}

#[test]
fn a_reply_nested_without_end_is_none() {
    let body = format!(r#"{{"result":{}"#, "[".repeat(10_000));
    assert_eq!(read(200, body.as_bytes()), Err(StoreError::Protocol { cause: "not_a_reply" }));
}

#[test]
fn an_endpoint_is_a_plain_url_and_a_token_that_can_be_a_field() {
    for url in ["http://127.0.0.1:8079", "https://h.example/", "https://h.example/redis/"] {
        assert!(Endpoint::new(url, "t").unwrap().url.ends_with('/'), "{url}");
    }
    for url in [
        "",
        "host",
        "/x",
        "ftp://h",
        "redis://h:6379",
        "https://u:p@h",
        "https://h?_token=t",
        "https://h#x",
    ] {
        assert_eq!(Endpoint::new(url, "t").unwrap_err(), EndpointError::Url, "{url}");
    }
    for token in ["", "a b", "a\r\nx: y", "é", &"x".repeat(4097)] {
        assert_eq!(Endpoint::new("https://h", token).unwrap_err(), EndpointError::Token);
    }
    assert_eq!(format!("{:?}", endpoint()), "Endpoint");
}

#[test]
fn no_error_shows_what_was_sent_or_answered() {
    let body = r#"{"error":"ERR unknown command 'EVALSHA', with args beginning with: 's3cret'"}"#;
    for status in [200, 400, 401, 500] {
        let error = get(&Told::answers([answer(status, body)])).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("s3cret"));
    }
}
