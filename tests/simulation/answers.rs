//! What an answer must not be.

use std::rc::Rc;

use portcullis::http::HttpResponse;
use portcullis::store::outage::RevocationMode;
use portcullis::store::{Durability, RevocationScope};
use serde_json::Value;

use super::isolate::{Isolate, Known};
use super::model::{Before, Lines, Stored};
use super::request::{Kind, Request};
use super::token::{Token, check_of};
use super::world::World;

/// Calls of the stores that one request waits for at most: the primary's and the secondary's two, and
/// the primary's once more for a failed authentication.
const CALLS_MAX: u64 = 4;
/// How far two clocks are apart at most, with all that they jump in a run, in milliseconds.
const CLOCKS_OFF_MS: u64 = 200_000;

impl World {
    pub fn check_answer(
        &self,
        isolate: &Rc<Isolate>,
        request: &Request,
        before: &Before,
        answer: &HttpResponse,
        lines: &Lines,
    ) {
        let status = answer.status().as_u16();
        self.note(|| {
            format!(
                "isolate {} answers step {} with {status} {}",
                isolate.index,
                request.step,
                words(answer)
            )
        });
        self.check_time(request, status);
        match &request.kind {
            Kind::Mint { slot } if status == 201 => {
                let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
                let token = Token::read(body["access_token"].as_str().expect("a token"));
                self.model.borrow_mut().tokens[*slot] = Some(Rc::new(token));
            }
            Kind::Open { slot } if status == 201 => self.opened(*slot, answer),
            Kind::Refresh { slot, session, generation } if status == 200 => {
                let which = (*slot, session, *generation);
                self.check_refreshed(isolate, request, which, answer);
            }
            Kind::Refresh { session, .. } if words(answer) == "ERR_REFRESH_REUSED" => {
                self.saw_killed(isolate, request, session);
            }
            Kind::Forged if status == 200 => {
                self.violated(1, || format!("step {}: a forged token was accepted", request.step));
            }
            Kind::Present { token, .. } if is_accepted(answer) => {
                self.check_accepted(isolate, request, token);
                self.check_degraded(request, answer);
            }
            Kind::Present { token, .. } if is_revoked(answer) => {
                self.saw_revoked(isolate, request, token)
            }
            Kind::Revoke { scope, key, expires } if status == 200 => {
                let known = (*scope, *key, *expires);
                self.acknowledged(isolate, request, known, answer);
            }
            Kind::Take if status == 200 => self.check_degraded(request, answer),
            _ => {}
        }
        self.check_takes(isolate, request, before, answer, lines);
        self.outcome(request, answer);
    }

    /// Within its deadlines, and without a fault of our own.
    fn check_time(&self, request: &Request, status: u16) {
        let took_ms = self.now_ms() - request.begun_ms;
        let (deadlines_ms, calls) = (request.deadlines_ms.get(), request.calls.get());
        if took_ms > deadlines_ms || calls > CALLS_MAX {
            self.violated(7, || {
                format!("{took_ms} ms for {calls} calls with {deadlines_ms} ms of deadlines")
            });
        }
        if status >= 500 && status != 503 {
            self.violated(7, || format!("step {}: an answer {status}", request.step));
        }
    }

    /// In its time, and not revoked as far as this instance or the store that was asked knows.
    fn check_accepted(&self, isolate: &Isolate, request: &Request, token: &Token) {
        let tolerance_ms = self.setup.tolerance_s * 1000;
        if request.now >= token.expires.plus(tolerance_ms) {
            self.violated(1, || {
                format!("step {}: a token was accepted after its end", request.step)
            });
        }
        let known = isolate.known.borrow();
        let of = known
            .iter()
            .find(|known| known.expires > request.now && token.is_refused_by(known, tolerance_ms));
        if let Some(known) = of {
            self.violated(2, || {
                format!("step {}: accepted by the instance that knew {known:?}", request.step)
            });
        }
        let admitted = request.admitted.borrow();
        let Some(admission) = admitted.as_ref().map(|admitted| &admitted.admission) else {
            self.check_exposure(isolate, request, token);
            return;
        };
        let model = self.model.borrow();
        let seen = |stored: &&Stored| {
            Some(stored.epoch) == admission.epoch
                && stored.at_ms <= request.begun_ms
                && self.matters(&stored.known, request.now)
                && token.is_refused_by(&stored.known, tolerance_ms)
        };
        if admission.revoked.is_some() || model.stored.iter().any(|stored| seen(&stored)) {
            self.violated(3, || {
                format!(
                    "step {}: accepted by a store that acknowledged its revocation",
                    request.step
                )
            });
        }
    }

    /// A token is accepted unchecked only where that is configured, and if it ends soon or was checked
    /// lately: what bounds the time in which a revocation elsewhere is not seen.
    fn check_exposure(&self, isolate: &Isolate, request: &Request, token: &Token) {
        let config = &isolate.instance.config.revocation;
        let left_ms = token.expires.plus(self.setup.tolerance_s * 1000).since(request.now);
        let checked = isolate.checked.borrow().get(&token.key(RevocationScope::Token)).copied();
        let fresh = checked.is_some_and(|at| request.now.since(at) < config.stale_ms_max);
        let exposed = left_ms <= config.exposure_ms_max || fresh;
        if config.mode == RevocationMode::Closed || !exposed {
            self.violated(3, || {
                format!("step {}: accepted unchecked with {left_ms} ms to live", request.step)
            });
        }
    }

    /// Whether a revocation has not ended, by any of the clocks: the store counts its end by its own.
    pub fn matters(&self, known: &Known, now: portcullis::UnixMs) -> bool {
        let off_ms = if self.setup.skewed { CLOCKS_OFF_MS } else { 0 };
        now.plus(off_ms) < known.expires
    }

    /// What was decided without the store says so, and nothing else does.
    fn check_degraded(&self, request: &Request, answer: &HttpResponse) {
        let field =
            answer.headers().get("portcullis-degraded").map(|value| value.to_str().expect("text"));
        let says =
            |part: &str| field.is_some_and(|field| field.contains(&format!("{part};reason=")));
        let without = request.admitted.borrow().is_none();
        let token = matches!(request.kind, Kind::Present { .. });
        let expected =
            [("revocation", without && token), ("limits", without && !request.takes.is_empty())];
        for (part, expected) in expected {
            if says(part) != expected {
                self.violated(8, || {
                    format!(
                        "step {}: {part} decided without the store: {without}, said: {field:?}",
                        request.step
                    )
                });
            }
        }
    }

    fn saw_revoked(&self, isolate: &Isolate, request: &Request, token: &Rc<Token>) {
        let admitted = request.admitted.borrow();
        // Fail secure, and no revocation that could be known; or there was no room, which is told.
        let unreadable = admitted.as_ref().is_some_and(|admitted| admitted.admission.unreadable);
        // Or it is of a clock ahead: then any cut of its second refuses it, until that second is over.
        let ahead = token.is_ahead(request.now, self.setup.tolerance_s * 1000);
        if unreadable || ahead || request.forgotten.get() {
            return;
        }
        let seen_in = admitted.as_ref().filter(|admitted| admitted.admission.revoked.is_some());
        let known = Known {
            scope: RevocationScope::Token,
            key: token.key(RevocationScope::Token),
            cut: request.now,
            expires: token.expires.plus(self.setup.tolerance_s * 1000),
            durability: None,
            journalled: false,
            kept: false,
            seen_in: seen_in.and_then(|admitted| admitted.admission.epoch),
            token: Some(Rc::clone(token)),
        };
        let check = check_of(&known, self.setup.tolerance_s);
        let kept = isolate.instance.memory.revoked(&check, request.now).is_some();
        isolate.known.borrow_mut().push(Known { kept, ..known });
    }

    fn acknowledged(
        &self,
        isolate: &Isolate,
        request: &Request,
        (scope, key, expires): (RevocationScope, portcullis::store::EntryKey, portcullis::UnixMs),
        answer: &HttpResponse,
    ) {
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let (durability, holds, invariant) = match body["durability"].as_str() {
            Some("store") => (Durability::Store, request.stored.get().is_some(), 3),
            Some("secondary") => (Durability::Secondary, request.stored_secondary.get(), 4),
            Some("local") => (Durability::Local, !request.journal_full.get(), 9),
            // There was nothing to revoke.
            _ => return,
        };
        if !holds {
            self.violated(invariant, || {
                format!("step {}: acknowledged as {durability}, and is not there", request.step)
            });
        }
        let says = answer.headers().contains_key("portcullis-degraded");
        if says != (durability != Durability::Store) {
            self.violated(8, || {
                format!("step {}: {durability}, and degraded is said: {says}", request.step)
            });
        }
        let known = Known {
            scope,
            key,
            cut: request.now,
            expires,
            durability: Some(durability),
            journalled: !request.journal_full.get(),
            kept: true,
            seen_in: None,
            token: None,
        };
        let mut model = self.model.borrow_mut();
        match durability {
            Durability::Secondary => model.secondary.push(known.clone()),
            Durability::Store => {
                let epoch = request.stored.get().unwrap_or(0);
                model.stored.push(Stored { known: known.clone(), epoch, at_ms: self.now_ms() });
            }
            _ => {}
        }
        drop(model);
        isolate.known.borrow_mut().push(known);
    }

    fn outcome(&self, request: &Request, answer: &HttpResponse) {
        let decided =
            if request.admitted.borrow().is_some() { "by the store" } else { "without it" };
        let kind = match request.kind {
            Kind::Mint { .. } => "mint",
            Kind::Open { .. } => "open",
            Kind::Refresh { .. } => "refresh",
            Kind::Present { introspects: false, .. } => "authorize",
            Kind::Present { introspects: true, .. } => "introspect",
            Kind::Forged => "forged",
            Kind::Revoke { .. } => "revoke",
            Kind::Take => "take",
        };
        let said = match request.kind {
            Kind::Revoke { .. } | Kind::Mint { .. } | Kind::Open { .. } | Kind::Refresh { .. } => {
                words(answer)
            }
            _ => format!("{} {decided}", words(answer)),
        };
        self.coverage.borrow_mut().outcome(format!("{kind}: {} {said}", answer.status().as_u16()));
    }
}

fn is_accepted(answer: &HttpResponse) -> bool {
    let inactive = answer.body().starts_with(b"{\"active\":false");
    answer.status().as_u16() == 200 && !inactive
}

fn is_revoked(answer: &HttpResponse) -> bool {
    words(answer) == "ERR_JWT_REVOKED"
}

/// What an answer's body says in one word: a code, a durability, whether a token is active.
fn words(answer: &HttpResponse) -> String {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    let text = body["code"].as_str().or(body["durability"].as_str()).unwrap_or_default().to_owned();
    match body["active"].as_bool() {
        Some(active) => if active { "active" } else { "inactive" }.to_owned(),
        None => text,
    }
}
