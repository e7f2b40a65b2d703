//! Sessions: a refresh token is exchanged once, or to the same successor within its grace; used otherwise it
//! kills its session.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::UnixMs;
use portcullis::http::HttpResponse;
use portcullis::store::{EntryKey, KeySpace, RevocationScope, Rotated, Rotation};
use serde_json::Value;

use super::deployment::{GRACE_MS, ISSUER};
use super::isolate::{Isolate, Known};
use super::model::Stored;
use super::request::Request;
use super::token::{Token, check_of};
use super::world::World;

/// A session that was opened. The texts of its tokens stand in no trace.
pub struct Session {
    pub name: String,
    pub key: EntryKey,
    subject: EntryKey,
    opened: UnixMs,
    answered_ms: u64,
    /// Its refresh tokens, by generation, as far as they came to the client.
    pub tokens: RefCell<BTreeMap<u64, String>>,
}

/// What the store did to sessions, by the epoch of its data.
#[derive(Default)]
pub struct Rotations {
    /// When a generation was exchanged first, by the store's clock.
    exchanged: BTreeMap<(u64, EntryKey, u64), UnixMs>,
    killed: BTreeSet<(u64, EntryKey)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session {:?}", self.key)
    }
}

impl Session {
    fn read(answer: &Value, at_ms: u64) -> Self {
        let text = answer["refresh_token"].as_str().expect("a refresh token");
        let claims = claims(text);
        let of = |name: &str| claims[name].as_str().expect("a text claim").to_owned();
        Self {
            key: EntryKey::new(KeySpace::Session, ISSUER, &of("sid")),
            subject: EntryKey::new(KeySpace::Subject, ISSUER, &of("sub")),
            name: of("sid"),
            opened: UnixMs(claims["iat_ms"].as_u64().expect("iat_ms")),
            answered_ms: at_ms,
            tokens: RefCell::new(BTreeMap::from([(0, text.to_owned())])),
        }
    }

    /// The refresh token that was given `age` before the last, and its generation.
    pub fn token(&self, age: usize) -> Option<(u64, String)> {
        let tokens = self.tokens.borrow();
        let (generation, text) = tokens.iter().rev().nth(age)?;
        Some((*generation, text.clone()))
    }

    /// Whether a revocation is of it, clocks being off by as much as is tolerated.
    fn is_refused_by(&self, known: &Known, tolerance_ms: u64) -> bool {
        match known.scope {
            RevocationScope::Session => known.key == self.key,
            RevocationScope::Subject => {
                known.key == self.subject && self.opened.minus(tolerance_ms) <= known.cut
            }
            _ => false,
        }
    }
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

impl World {
    /// The store has carried out a rotation.
    pub fn rotated(&self, rotation: &Rotation, rotated: &Rotated) {
        let Rotation::Advance(presented) = rotation else { return };
        let (epoch, now) = (self.server.epoch.get(), self.server_now());
        let (session, generation) = (presented.session, presented.generation);
        let mut model = self.model.borrow_mut();
        let Rotations { exchanged, killed } = &mut model.rotations;
        match rotated {
            Rotated::Current(_) => {
                let next = exchanged.contains_key(&(epoch, session, generation + 1));
                let first = *exchanged.entry((epoch, session, generation)).or_insert(now);
                let late = !self.setup.skewed && now.since(first) >= GRACE_MS;
                if late || next || killed.contains(&(epoch, session)) {
                    self.violated(10, || {
                        format!("generation {generation} of {session:?} was exchanged again")
                    });
                }
            }
            Rotated::Reused => drop(killed.insert((epoch, session))),
            _ => {}
        }
    }

    /// A session was opened: its access token takes a token's place.
    pub fn opened(&self, slot: usize, answer: &HttpResponse) {
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let token = Token::read(body["access_token"].as_str().expect("a token"));
        let mut model = self.model.borrow_mut();
        model.tokens[slot] = Some(Rc::new(token));
        model.sessions[slot] = Some(Rc::new(Session::read(&body, self.now_ms())));
    }

    /// A refresh token was exchanged: by the store, to its one successor, and its session stands as far as this
    /// instance or that store knows.
    pub fn check_refreshed(
        &self,
        isolate: &Isolate,
        request: &Request,
        (slot, session, generation): (usize, &Rc<Session>, u64),
        answer: &HttpResponse,
    ) {
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let text = body["refresh_token"].as_str().expect("a refresh token").to_owned();
        let step = request.step;
        let Some((epoch, Rotated::Current(_))) = request.rotated.get() else {
            self.violated(10, || format!("step {step}: refreshed without the store"));
            return;
        };
        let mut tokens = session.tokens.borrow_mut();
        if tokens.contains_key(&(generation + 1)) {
            self.coverage.borrow_mut().outcome("refreshed again, to the same successor".to_owned());
        }
        let successor = tokens.entry(generation + 1).or_insert_with(|| text.clone());
        if *successor != text {
            self.violated(10, || format!("step {step}: another successor than before"));
        }
        drop(tokens);
        let tolerance_ms = self.setup.tolerance_s * 1000;
        let known = isolate.known.borrow();
        let mut living = known.iter().filter(|known| known.expires > request.now);
        if let Some(known) = living.find(|known| session.is_refused_by(known, tolerance_ms)) {
            self.violated(2, || format!("step {step}: refreshed by who knew {known:?}"));
        }
        let mut model = self.model.borrow_mut();
        let seen = |stored: &&Stored| {
            let by_subject = stored.known.scope == RevocationScope::Subject;
            // By the store's clock it was opened before: then its answer came before the cut.
            let before = session.answered_ms <= stored.known.cut.0 && !self.setup.skewed;
            stored.epoch == epoch
                && stored.at_ms <= request.begun_ms
                && self.matters(&stored.known, request.now)
                && session.is_refused_by(&stored.known, 0)
                && (!by_subject || before)
        };
        if model.stored.iter().any(|stored| seen(&stored)) {
            self.violated(3, || format!("step {step}: refreshed by a store that had ended it"));
        }
        let token = Token::read(body["access_token"].as_str().expect("a token"));
        model.tokens[slot] = Some(Rc::new(token));
    }

    /// A session was killed: its access tokens are revoked, by the store and here.
    pub fn saw_killed(&self, isolate: &Isolate, request: &Request, session: &Session) {
        let Some((epoch, Rotated::Reused)) = request.rotated.get() else {
            self.violated(10, || format!("step {}: killed without the store", request.step));
            return;
        };
        let life_ms = isolate.instance.config.acceptance_ms_max();
        let known = Known {
            scope: RevocationScope::Session,
            key: session.key,
            cut: request.now,
            expires: request.now.plus(life_ms),
            durability: None,
            journalled: false,
            kept: false,
            seen_in: Some(epoch),
            token: None,
        };
        let check = check_of(&known, self.setup.tolerance_s);
        let kept = isolate.instance.memory.revoked(&check, request.now).is_some();
        if !kept && !request.forgotten.get() {
            self.violated(2, || format!("step {}: a reuse was not remembered", request.step));
        }
        let stored = Stored { known: known.clone(), epoch, at_ms: self.now_ms() };
        self.model.borrow_mut().stored.push(stored);
        if kept {
            isolate.known.borrow_mut().push(Known { kept, ..known });
        }
    }
}
