//! The rules of keeping a remote key set, one named test each. Time and server are the test's.

mod answers;
mod freshness;
mod newer;
mod outage;
mod urls;

use std::cell::RefCell;

use pollster::block_on;

use super::*;
use crate::UnixMs;
use crate::fetch::{Fetch, FetchError, Request, Response};
use crate::jwt::{Algorithm, Policy, select};

const NOW: UnixMs = UnixMs(1_800_000_000_250);
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// The public key of RFC 8037 appendix A.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const URL: &str = "https://issuer.test/jwks.json?tenant=s3cret";

type Fetched = Result<Response, FetchError>;

fn settings() -> RemoteSettings {
    RemoteSettings {
        url: JwksUrl::new(URL).unwrap(),
        algorithms: vec![Algorithm::EdDsa],
        deadline_ms: 3_000,
        max_age_ms: 10 * MINUTE_MS,
        stale_ms_max: 24 * HOUR_MS,
        cooldown_ms: 30_000,
    }
}

/// A remote set, and the server it is at: which answers as told, and keeps what it was sent.
struct Bench {
    remote: RemoteJwks,
    server: Server,
}

#[derive(Default)]
struct Server {
    answer: RefCell<Option<Fetched>>,
    /// The `if-none-match` of each request.
    asked: RefCell<Vec<Option<String>>>,
}

impl Fetch for Server {
    async fn fetch(&self, request: Request<'_>) -> Fetched {
        assert_eq!((request.method, request.url, request.body.as_str()), ("GET", URL, ""));
        assert_eq!((request.deadline_ms, request.answer_bytes_max), (Some(3_000), 256 << 10));
        let known = request.fields.into_iter().find(|(name, _)| *name == "if-none-match");
        self.asked.borrow_mut().push(known.map(|(_, etag)| etag));
        self.answer.borrow().clone().expect("nobody was to be asked")
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut RemoteSettings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self { remote: RemoteJwks::new(settings), server: Server::default() }
    }

    /// A bench whose set was fetched at `NOW`.
    fn primed(answer: Fetched) -> Self {
        Self::new().primed_with(answer)
    }

    fn primed_with(self, answer: Fetched) -> Self {
        self.answers(answer);
        let ticket = self.told_to_fetch(NOW);
        self.fetch(ticket).unwrap();
        self
    }

    /// From now on the server answers so.
    fn answers(&self, answer: Fetched) {
        self.server.answer.replace(Some(answer));
    }

    fn told_to_fetch(&self, now: UnixMs) -> Ticket {
        match self.remote.look_up(now) {
            Lookup::Fetch(ticket) => ticket,
            other => panic!("not told to fetch: {other:?}"),
        }
    }

    fn fetch(&self, ticket: Ticket) -> Result<(), JwksError> {
        let fetched = block_on(self.remote.refresh(ticket, &self.server));
        fetched.map_err(|unavailable| unavailable.error)
    }

    /// The keys there are without a fetch.
    fn keys(&self, now: UnixMs) -> Keys {
        match self.remote.look_up(now) {
            Lookup::Keys(keys) => keys,
            other => panic!("no keys: {other:?}"),
        }
    }

    fn unavailable(&self, now: UnixMs) -> Unavailable {
        match self.remote.look_up(now) {
            Lookup::Unavailable(unavailable) => unavailable,
            other => panic!("available: {other:?}"),
        }
    }

    /// Does in the background what is due; whether anything was.
    fn works(&self, now: UnixMs) -> bool {
        let ticket = self.remote.take_due(now);
        let due = ticket.is_some();
        let _ = ticket.map(|ticket| self.fetch(ticket));
        due
    }

    /// How often the server has been asked.
    fn asked(&self) -> usize {
        self.server.asked.borrow().len()
    }
}

/// Whether there is a key of that `kid`.
fn has(keys: &Keys, kid: &str) -> bool {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#));
    select(&format!("{header}..AA"), &keys.set, &Policy::default(), NOW).is_ok()
}

fn jwk(kid: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"{kid}","x":"{X}"}}"#)
}

fn body(kids: &[&str]) -> String {
    let keys: Vec<_> = kids.iter().map(|kid| jwk(kid)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn answer(status: u16, fields: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Fetched {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Ok(Response { status, fields, body: body.into() })
}

/// A set of these kids with these fields.
fn set_with(kids: &[&str], fields: &[(&'static str, &str)]) -> Fetched {
    let kind = [("content-type", "application/json")];
    answer(200, &[&kind[..], fields].concat(), body(kids))
}

fn set(kids: &[&str]) -> Fetched {
    set_with(kids, &[])
}

const TIMEOUT: Fetched = Err(FetchError::Timeout { deadline_ms: 3_000 });
const UNREACHABLE: Fetched = Err(FetchError::Unreachable);
