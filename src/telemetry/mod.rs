//! What happened: typed events, each a counter, the notable ones a log line too.
//!
//! An event is built from fixed words and configured names only, so no token, secret, key,
//! subject or address can reach a metric or a log through here.

mod event;
mod facts;
mod metrics;
mod tally;

pub use event::{Event, Level, StoreRole};

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::UnixMs;
use metrics::Counters;
pub(crate) use metrics::gauges;
use tally::Tallies;

/// Most log lines kept until the platform writes them; more are counted as dropped.
const LINES_MAX: usize = 256;

/// One instance's counters and pending log lines.
#[derive(Debug, Default)]
pub struct Telemetry {
    counters: Mutex<Counters>,
    tallies: Tallies,
    lines: Mutex<VecDeque<LogLine>>,
    /// When the store failed to answer, in Unix milliseconds; 0 while it answers.
    store_failed_ms: AtomicU64,
}

/// A line for the platform's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// One JSON object.
    pub json: String,
}

impl Telemetry {
    /// Counts an event, and keeps its log line if it has one.
    pub fn record(&self, event: &Event<'_>) {
        if self.tallies.count(event) {
            return;
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.count(event);
        let Some(level) = event.level() else { return };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            counters.count(&Event::LogLineDropped);
        } else {
            lines.push_back(LogLine { level, json: event.json(level) });
        }
    }

    /// The pending log lines, oldest first; the platform writes them after each request.
    #[must_use]
    pub fn take_lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// All counters in the Prometheus text format, version 0.0.4.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        self.tallies.tell(&mut counters);
        counters.prometheus()
    }

    /// Notes whether the store answered a call at `now`.
    pub(crate) fn store_answered(&self, answered: bool, now: UnixMs) {
        let failed_ms = if answered { 0 } else { now.0.max(1) };
        self.store_failed_ms.store(failed_ms, Ordering::Relaxed);
    }

    /// Whether the store answered its last call; true before the first.
    #[must_use]
    pub fn store_answers(&self) -> bool {
        self.store_failed_ms.load(Ordering::Relaxed) == 0
    }

    /// Whether the store failed to answer at least `wait_ms` before `now`. True for one caller, who
    /// is to ask it again; the next ones wait as long again.
    pub(crate) fn store_is_to_be_asked(&self, wait_ms: u64, now: UnixMs) -> bool {
        let failed_ms = self.store_failed_ms.load(Ordering::Relaxed);
        if failed_ms == 0 || now.since(UnixMs(failed_ms)) < wait_ms {
            return false;
        }
        let (relaxed, again) = (Ordering::Relaxed, now.0);
        self.store_failed_ms.compare_exchange(failed_ms, again, relaxed, relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jwt::{Algorithm, Engine};
    use crate::store::StoreError;

    #[test]
    fn every_event_is_counted_and_a_failure_is_logged_with_its_cause() {
        let telemetry = Telemetry::default();
        let error = StoreError::Timeout { deadline_ms: 300 };
        telemetry.record(&Event::StoreFailed { verb: "admit", error: &error });
        telemetry.record(&Event::TokenAccepted);
        let lines = telemetry.take_lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(
            lines[0].json,
            r#"{"level":"error","event":"store_failed","verb":"admit","cause":"timeout"}"#
        );
        assert!(telemetry.take_lines().is_empty());
        let text = telemetry.prometheus();
        assert!(
            text.contains("portcullis_store_failures_total{verb=\"admit\",cause=\"timeout\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("portcullis_tokens_accepted_total 1\n"), "{text}");
    }

    #[test]
    fn what_every_good_request_counts_is_there_with_its_labels_and_only_once_each() {
        let telemetry = Telemetry::default();
        let (engine, algorithm) = (Engine::Native, Algorithm::EdDsa);
        telemetry.record(&Event::SignatureChecked { engine, algorithm });
        telemetry.record(&Event::SignatureChecked { engine, algorithm });
        telemetry.record(&Event::SignatureChecked { engine: Engine::Wasm, algorithm });
        for _ in 0..2 {
            let text = telemetry.prometheus();
            for sample in [
                "{engine=\"native\",algorithm=\"EdDSA\"} 2\n",
                "{engine=\"wasm\",algorithm=\"EdDSA\"} 1\n",
            ] {
                let sample = format!("portcullis_signature_checks_total{sample}");
                assert!(text.contains(&sample), "{text}");
            }
            assert_eq!(text.matches("signature_checks_total{").count(), 2, "{text}");
        }
        telemetry.record(&Event::TokenCacheHit);
        telemetry.record(&Event::TokenCacheMiss);
        telemetry.record(&Event::TokenCacheHit);
        let text = telemetry.prometheus();
        assert!(text.contains("portcullis_token_cache_hits_total 2\n"), "{text}");
        assert!(text.contains("portcullis_token_cache_misses_total 1\n"), "{text}");
    }

    #[test]
    fn pending_lines_are_bounded_and_the_excess_is_counted() {
        let telemetry = Telemetry::default();
        for _ in 0..LINES_MAX + 3 {
            telemetry.record(&Event::ClientRefused);
        }
        assert_eq!(telemetry.take_lines().len(), LINES_MAX);
        assert!(telemetry.prometheus().contains("portcullis_log_lines_dropped_total 3\n"));
    }

    #[test]
    fn every_metric_has_help_and_type_before_its_samples() {
        let telemetry = Telemetry::default();
        telemetry.record(&Event::TokenAccepted);
        let text = telemetry.prometheus();
        let position = |needle: &str| text.find(needle).unwrap();
        let help = position("# HELP portcullis_tokens_accepted_total ");
        let kind = position("# TYPE portcullis_tokens_accepted_total counter");
        assert!(help < kind && kind < position("\nportcullis_tokens_accepted_total "));
    }
}
