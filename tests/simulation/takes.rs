//! What an answer must not have taken from the limits.

use std::rc::Rc;

use portcullis::http::HttpResponse;
use portcullis::limit::OnOutage;

use super::isolate::Isolate;
use super::model::{Before, Lines};
use super::request::Request;
use super::server::Admitted;
use super::world::World;

impl World {
    /// Limits: what was admitted is within the quota or the share, what was refused took nothing.
    pub fn check_takes(
        &self,
        isolate: &Rc<Isolate>,
        request: &Request,
        before: &Before,
        answer: &HttpResponse,
        lines: &Lines,
    ) {
        let admitted = answer.status().is_success();
        if !admitted {
            if request.counted.get() {
                self.violated(6, || format!("step {}: refused, and counted here", request.step));
            }
            return;
        }
        let decided = request.admitted.borrow();
        match decided.as_ref() {
            Some(decided) => self.admitted_by_store(decided),
            None => self.admitted_here(isolate, request, before, lines),
        }
    }

    fn admitted_by_store(&self, decided: &Admitted) {
        let epoch = decided.admission.epoch.unwrap_or(0);
        for (index, take) in decided.takes.iter().enumerate() {
            let denied = decided
                .admission
                .outcomes
                .get(index)
                .is_none_or(|outcome| !outcome.decision.allowed);
            let window = decided.windows.get(index).copied();
            let at = (epoch, take.policy.name.clone(), take.key, window.unwrap_or(0));
            let mut model = self.model.borrow_mut();
            let sum = model.admitted.entry(at).or_default();
            *sum += take.cost;
            let (sum, limit) = (*sum, take.policy.quota.limit());
            if sum > limit || denied {
                let name = &take.policy.name;
                self.violated(5, || format!("{sum} of {name} admitted in a window of {limit}, the store denying: {denied}"));
            }
        }
    }

    fn admitted_here(&self, isolate: &Isolate, request: &Request, before: &Before, lines: &Lines) {
        for ((policy, key, cost), left) in request.takes.iter().zip(&before.left) {
            let configured = &isolate.instance.config.limits[*policy];
            if configured.on_outage == OnOutage::Closed {
                self.violated(5, || {
                    format!("{} is closed in an outage, and admitted", configured.name)
                });
            }
            let (Some(share), Some((_, overflow))) = (isolate.share(*policy), left) else {
                continue;
            };
            let of = (share.name.clone(), (!overflow).then_some(*key));
            let mut counts = isolate.counts.borrow_mut();
            let sum =
                counts.entry(of).or_default().add(share.quota.window_ms(), request.now, *cost);
            if sum > share.quota.limit() {
                let (name, limit) = (&share.name, share.quota.limit());
                self.violated(5, || {
                    format!("{sum} of {name} admitted by one instance, whose share is {limit}")
                });
            }
            if *overflow && lines.count("limit_overflow") == 0 {
                self.violated(9, || format!("{} overflowed, and nothing was said", share.name));
            }
        }
    }
}
