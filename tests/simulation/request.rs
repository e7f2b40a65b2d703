//! A request on its way through an isolate, and what the model has to know of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use form_urlencoded::Serializer;
use portcullis::UnixMs;
use portcullis::guard::Address;
use portcullis::http::{HttpRequest, handle};
use portcullis::limit::PolicyName;
use portcullis::store::{EntryKey, KeySpace, RevocationScope, Rotated};

use super::deployment::{ISSUER, secret};
use super::isolate::Isolate;
use super::plan::{Action, Target};
use super::server::Admitted;
use super::sessions::Session;
use super::token::{Token, forged, subject, subject_key};
use super::world::World;

pub struct Request {
    pub step: u64,
    pub kind: Kind,
    /// The isolate's time when it came.
    pub now: UnixMs,
    pub begun_ms: u64,
    /// The deadlines of its calls, added up, and how many there were.
    pub deadlines_ms: Cell<u64>,
    pub calls: Cell<u64>,
    /// By index of the policy: key and cost.
    pub takes: Vec<(usize, EntryKey, u64)>,
    /// Policies of which takes were sent to the store.
    pub sent: RefCell<BTreeSet<PolicyName>>,
    /// What the store decided, if its answer came.
    pub admitted: RefCell<Option<Admitted>>,
    /// Its revocation was written by the store, by the epoch of its data, and by the secondary.
    pub stored: Cell<Option<u64>>,
    pub stored_secondary: Cell<bool>,
    /// What the store made of its refresh token, and by the epoch of which data.
    pub rotated: Cell<Option<(u64, Rotated)>>,
    /// It was told of a revocation that there was no room for.
    pub forgotten: Cell<bool>,
    /// Something was counted for it by its instance.
    pub counted: Cell<bool>,
    /// And that the journal had none.
    pub journal_full: Cell<bool>,
}

pub enum Kind {
    Mint {
        slot: usize,
    },
    Open {
        slot: usize,
    },
    Refresh {
        slot: usize,
        session: Rc<Session>,
        generation: u64,
    },
    /// A token that was minted.
    Present {
        token: Rc<Token>,
        introspects: bool,
    },
    Forged,
    Revoke {
        scope: RevocationScope,
        key: EntryKey,
        expires: UnixMs,
    },
    Take,
}

/// A request in the making: what is sent, and what is known of it beforehand.
struct Draft {
    http: HttpRequest,
    kind: Kind,
    takes: Vec<(usize, EntryKey, u64)>,
}

impl World {
    /// Sends the request of a step, unless it is about a token that was never minted.
    pub fn send(self: &Rc<Self>, step: u64, index: usize, action: Action) {
        let isolate = self.isolate(index);
        let now = isolate.now(self);
        let Some(Draft { http, kind, takes }) = self.draft(&isolate, action, now) else {
            return;
        };
        let request = Request {
            step,
            kind,
            now,
            begun_ms: self.now_ms(),
            deadlines_ms: Cell::new(0),
            calls: Cell::new(0),
            takes,
            sent: RefCell::default(),
            admitted: RefCell::new(None),
            stored: Cell::new(None),
            stored_secondary: Cell::new(false),
            rotated: Cell::new(None),
            forgotten: Cell::new(false),
            counted: Cell::new(false),
            journal_full: Cell::new(false),
        };
        let guard = isolate.guard(self);
        let work = Box::pin(async move { Some(handle(&guard, &http, now).await) });
        self.spawn(&isolate, step, Some(Rc::new(request)), work);
    }

    fn draft(&self, isolate: &Isolate, action: Action, now: UnixMs) -> Option<Draft> {
        let token = |slot: usize| self.model.borrow().tokens[slot].clone();
        let no_takes = Vec::new;
        Some(match action {
            Action::Mint { token: slot, subject: of, life_s, .. } => {
                let order =
                    serde_json::json!({"sub": subject(of), "access_ttl": life_s}).to_string();
                let http = post("/v1/tokens", Some("web"), "application/json", order);
                Draft { http, kind: Kind::Mint { slot }, takes: no_takes() }
            }
            Action::Open { session: slot, subject: of, .. } => {
                let order = serde_json::json!({"sub": subject(of), "refresh": true}).to_string();
                let http = post("/v1/tokens", Some("web"), "application/json", order);
                Draft { http, kind: Kind::Open { slot }, takes: no_takes() }
            }
            Action::Refresh { session: slot, age, .. } => {
                let session = self.model.borrow().sessions[slot].clone()?;
                let (generation, token) = session.token(age)?;
                let form_of = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                let http = form("/oauth/token", "web", &form_of);
                Draft { http, kind: Kind::Refresh { slot, session, generation }, takes: no_takes() }
            }
            Action::Authorize { token: slot, address, .. } => {
                let token = token(slot)?;
                let client = EntryKey::new(KeySpace::Client, ISSUER, "web");
                let takes = vec![(0, token.key(RevocationScope::Subject), 1), (1, client, 1)];
                let http = bearer(&token.text, address);
                Draft { http, kind: Kind::Present { token, introspects: false }, takes }
            }
            Action::Forged { token: slot, address, forgery, .. } => {
                let text = forged(
                    forgery,
                    token(slot).as_deref(),
                    &subject(slot % 3),
                    now,
                    self.setup.tolerance_s,
                );
                Draft { http: bearer(&text, address), kind: Kind::Forged, takes: no_takes() }
            }
            Action::Introspect { token: slot, .. } => {
                let token = token(slot)?;
                let http = form("/oauth/introspect", "web", &[("token", &token.text)]);
                Draft { http, kind: Kind::Present { token, introspects: true }, takes: no_takes() }
            }
            Action::Revoke { target, .. } => self.revocation(isolate, target, now)?,
            Action::Take { subject: of, cost, .. } => {
                let order = serde_json::json!({"key": subject(of), "cost": cost}).to_string();
                let http = post("/v1/limits/per-subject", Some("admin"), "application/json", order);
                Draft { http, kind: Kind::Take, takes: vec![(0, subject_key(of), cost)] }
            }
            Action::HangUp { .. } | Action::Drain { .. } | Action::Fault(_) => return None,
        })
    }

    fn revocation(&self, isolate: &Isolate, target: Target, now: UnixMs) -> Option<Draft> {
        let config = &isolate.instance.config;
        let all_end = now.plus(config.acceptance_ms_max());
        let token = |slot: usize| self.model.borrow().tokens[slot].clone();
        let (http, scope, key, expires) = match target {
            Target::Token(slot) => {
                let token = token(slot)?;
                let expires = token.expires.plus(self.setup.tolerance_s * 1000);
                let http = form("/oauth/revoke", "web", &[("token", &token.text)]);
                (http, RevocationScope::Token, token.key(RevocationScope::Token), expires)
            }
            Target::SessionOf(slot) => {
                let token = token(slot)?;
                let http = form("/oauth/revoke", "admin", &[("session", &token.session)]);
                (http, RevocationScope::Session, token.key(RevocationScope::Session), all_end)
            }
            Target::Opened(slot) => {
                let session = self.model.borrow().sessions[slot].clone()?;
                let http = form("/oauth/revoke", "admin", &[("session", &session.name)]);
                (http, RevocationScope::Session, session.key, all_end)
            }
            Target::Subject(of) => {
                let http = form("/oauth/revoke", "admin", &[("subject", &subject(of))]);
                (http, RevocationScope::Subject, subject_key(of), all_end)
            }
        };
        Some(Draft { http, kind: Kind::Revoke { scope, key, expires }, takes: Vec::new() })
    }

    pub fn current_request(&self) -> Option<Rc<Request>> {
        self.current.borrow().as_ref().and_then(|origin| origin.request.clone())
    }
}

fn address_of(index: usize) -> String {
    format!("192.0.2.{}", index + 1)
}

fn bearer(token: &str, address: usize) -> HttpRequest {
    let request = http::Request::get("/v1/authorize")
        .header("authorization", format!("Bearer {token}"))
        .header("cf-connecting-ip", address_of(address));
    request.body(Vec::new()).expect("a request")
}

fn form(path: &str, client: &str, pairs: &[(&str, &str)]) -> HttpRequest {
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    post(path, Some(client), "application/x-www-form-urlencoded", form)
}

fn post(path: &str, client: Option<&str>, kind: &str, body: String) -> HttpRequest {
    let mut request = http::Request::post(path)
        .header("content-type", kind)
        .header("cf-connecting-ip", address_of(0));
    if let Some(client) = client {
        let pair = STANDARD.encode(format!("{client}:{}", secret(client)));
        request = request.header("authorization", format!("Basic {pair}"));
    }
    request.body(body.into_bytes()).expect("a request")
}

/// The keys of all addresses that requests come from.
pub fn addresses() -> impl Iterator<Item = EntryKey> {
    (0..super::plan::ADDRESSES).map(|index| Address::key(Address::parse(&address_of(index))))
}
