//! Around each piece of work of an isolate: what was told is counted against what went wrong.

use std::cell::Cell;
use std::rc::Rc;

use portcullis::http::HttpResponse;
use portcullis::limit::Policy;
use portcullis::store::{EntryKey, MergeBatch, RevocationScope, Store as _, StoreError, Take};

use super::isolate::Isolate;
use super::model::{Before, Lines};
use super::network::Link;
use super::request::{Kind, Request};
use super::server::{Admitted, OwnedTake, cost_of};
use super::world::{Origin, World, at_once};

/// Events of the log that every simulation must come across.
pub const EVENTS: [&str; 20] = [
    "breaker_opened",
    "journal_full",
    "limit_overflow",
    "revocation_forgotten",
    "revocation_journalled",
    "revocations_replayed",
    "refresh_reused",
    "revoked",
    "secondary_drained",
    "secondary_failed",
    "store_clock_off",
    "store_corrupt",
    "store_failed",
    "store_lost_data",
    "store_recovered",
    "store_unauthorized",
    "takes_merged",
    "takes_unmerged",
    "client_refused",
    "log_line_dropped",
];

impl World {
    pub fn current_isolate(&self) -> Rc<Isolate> {
        Rc::clone(&self.current.borrow().as_ref().expect("work is under way").isolate)
    }

    /// A call goes out.
    pub fn call_begins(&self, origin: &Origin, link: Link, verb: &'static str, deadline_ms: u64) {
        self.note(|| format!("isolate {} sends {verb} to {link:?}", origin.isolate.index));
        let Some(request) = &origin.request else { return };
        request.deadlines_ms.set(request.deadlines_ms.get() + deadline_ms);
        request.calls.set(request.calls.get() + 1);
        let outages = &origin.isolate.instance.outages;
        let breaker = match link {
            Link::Store => &outages.primary,
            Link::Kv => &outages.secondary,
        };
        // The secondary's write is the second half of a call that was let through.
        if breaker.outage().is_some() && verb != "kv_write" {
            self.violated(7, || {
                format!("a request waits for {link:?} ({verb}) while its breaker is open")
            });
        }
    }

    /// Its answer came, or its deadline.
    pub fn call_ended(
        &self,
        origin: &Origin,
        link: Link,
        verb: &'static str,
        error: Option<&StoreError>,
    ) {
        let index = origin.isolate.index;
        self.note(|| {
            format!("isolate {index} hears of {verb}: {}", error.map_or("done", StoreError::cause))
        });
        let failures = match link {
            Link::Store => &origin.isolate.failures,
            Link::Kv => &origin.isolate.kv_failures,
        };
        failures.set(failures.get() + usize::from(error.is_some()));
    }

    /// Takes go out to the store: those of one policy and request once.
    pub fn takes_are_sent(&self, takes: &[OwnedTake]) {
        let Some(request) = self.current_request() else { return };
        for take in takes {
            if !request.sent.borrow_mut().insert(take.policy.name.clone()) {
                self.violated(6, || format!("a take of {} was sent twice", take.policy.name));
            }
        }
    }

    /// The store's decision came back.
    pub fn admitted(&self, admitted: &Admitted) {
        let isolate = self.current_isolate();
        let epoch = admitted.admission.epoch.unwrap_or(0);
        let before = isolate.epoch.replace(epoch);
        isolate.epochs.set(isolate.epochs.get() + usize::from(before != 0 && before != epoch));
        if let Some(request) = self.current_request().filter(|_| admitted.asked) {
            request.admitted.borrow_mut().get_or_insert_with(|| admitted.clone());
            if let (Kind::Present { token, .. }, None) = (&request.kind, admitted.admission.revoked)
            {
                isolate.checked.borrow_mut().insert(token.key(RevocationScope::Token), request.now);
            }
        }
    }

    /// A batch arrived for the first time: no more than its instance admitted and never sent.
    pub fn merged(&self, isolate: &Isolate, batch: &MergeBatch) {
        for owed in batch.entries.iter().filter(|owed| owed.policy.name.as_str() != "failures") {
            let of = (owed.policy.name.clone(), owed.key);
            // A store that lost its data is told again what it had taken.
            let mut merged = isolate.merged.borrow_mut();
            let sum = merged.entry((self.server.epoch.get(), of.clone())).or_default();
            *sum += cost_of(owed.taken.clone(), owed.policy.quota.window_ms());
            let most = isolate.owed.borrow().get(&of).copied().unwrap_or(0);
            if *sum > most {
                let sum = *sum;
                self.violated(6, || {
                    format!("{sum} of {} are merged, {most} were never sent", of.0)
                });
            }
        }
    }

    pub fn before_poll(&self, origin: &Origin) -> Before {
        let isolate = &origin.isolate;
        isolate.failures.set(0);
        isolate.kv_failures.set(0);
        isolate.epochs.set(0);
        let outages = &isolate.instance.outages;
        let outages =
            [&outages.primary, &outages.secondary].map(|breaker| breaker.outage().is_some());
        let left =
            origin.request.as_ref().map(|request| left(isolate, request)).unwrap_or_default();
        Before { outages, left }
    }

    pub fn after_poll(
        self: &Rc<Self>,
        origin: &Origin,
        before: &Before,
        answer: Option<&HttpResponse>,
    ) {
        let isolate = &origin.isolate;
        let lines = Lines::of(isolate);
        for line in &lines.0 {
            self.note(|| format!("isolate {} says {line}", isolate.index));
        }
        for event in EVENTS {
            self.coverage.borrow_mut().events(event, lines.count(event));
        }
        if let Some(request) = &origin.request {
            let told = |event, kept: &Cell<bool>| kept.set(kept.get() || lines.count(event) > 0);
            told("revocation_forgotten", &request.forgotten);
            told("journal_full", &request.journal_full);
        }
        self.check_reports(isolate, before, &lines);
        if let Some(request) = &origin.request {
            owe(isolate, request, before);
        }
        if let (Some(request), Some(answer)) = (&origin.request, answer) {
            self.check_answer(isolate, request, before, answer, &lines);
        }
    }

    /// Every failure is told, once, and nothing is told that did not happen.
    fn check_reports(&self, isolate: &Isolate, before: &Before, lines: &Lines) {
        let expect = |what: &str, told: usize, happened: usize| {
            if told != happened {
                self.violated(8, || format!("{what}: {told} told, {happened} happened"));
            }
        };
        let outages = &isolate.instance.outages;
        let [was_out, kv_was_out] = before.outages;
        let (is_out, kv_is_out) =
            (outages.primary.outage().is_some(), outages.secondary.outage().is_some());
        // That there is no room here is told by the same name.
        let failed = lines.count("store_failed") - lines.count_with("store_failed", "\"full\"");
        expect("failures of the store", failed, isolate.failures.get());
        expect(
            "failures of the secondary",
            lines.count("secondary_failed"),
            isolate.kv_failures.get(),
        );
        let opened = |store| lines.count_with("breaker_opened", store);
        expect("openings of the breaker", opened("\"primary\""), usize::from(!was_out && is_out));
        expect(
            "openings of the secondary's breaker",
            opened("\"secondary\""),
            usize::from(!kv_was_out && kv_is_out),
        );
        expect("recoveries", lines.count("store_recovered"), usize::from(was_out && !is_out));
        expect("losses of data", lines.count("store_lost_data"), isolate.epochs.get());
        expect("log lines that were dropped", lines.count("log_line_dropped"), 0);
    }
}

/// Cost that was counted here in this poll and never sent is what this instance may have merged.
fn owe(isolate: &Isolate, request: &Request, before: &Before) {
    let takes = request.takes.iter().zip(left(isolate, request)).zip(&before.left);
    for (((policy, key, cost), left), before) in takes {
        let name = &isolate.instance.config.limits[*policy].name;
        request.counted.set(request.counted.get() || left != *before);
        if left != *before && !request.sent.borrow().contains(name) {
            *isolate.owed.borrow_mut().entry((name.clone(), *key)).or_default() += cost;
        }
    }
}

/// What is left of an instance's share for each take, and whether it is the overflow bucket's.
pub fn left(isolate: &Isolate, request: &Request) -> Vec<Option<(u64, bool)>> {
    let left = |(policy, key, _): &(usize, EntryKey, u64)| {
        let share = isolate.share(*policy)?;
        Some(peek(isolate, &share, *key, request.now))
    };
    request.takes.iter().map(left).collect()
}

/// What is left for one key of a policy as this instance counts it, and whether in the overflow bucket.
pub fn peek(
    isolate: &Isolate,
    share: &Policy,
    key: EntryKey,
    now: portcullis::UnixMs,
) -> (u64, bool) {
    let take = Take { policy: share, key, cost: 1 };
    let peeked =
        at_once(isolate.instance.memory.peek(&[take], now)).expect("a policy that is configured");
    (peeked[0].decision.remaining, peeked[0].overflow)
}
