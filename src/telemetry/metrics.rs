//! Counters in the Prometheus text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Event;
use super::facts::Metric;

/// Most label sets a metric keeps; labels come from fixed words and configured names, so this is
/// a backstop and not a working limit.
const SERIES_MAX: usize = 256;

/// Every counter of one instance.
#[derive(Debug, Default)]
pub(super) struct Counters(BTreeMap<&'static str, Family>);

#[derive(Debug)]
struct Family {
    help: &'static str,
    /// By rendered label set.
    series: BTreeMap<String, u64>,
}

impl Counters {
    pub(super) fn count(&mut self, event: &Event<'_>) {
        self.count_many(event, event.amount());
        if let Some((metric, amount)) = event.measure() {
            self.add(metric, String::new(), amount);
        }
    }

    /// Counts an event that happened `count` times, or that adds so much.
    pub(super) fn count_many(&mut self, event: &Event<'_>, count: u64) {
        self.add(event.metric(), render(&event.labels()), count);
    }

    fn add(&mut self, metric: Metric, labels: String, amount: u64) {
        let family = self
            .0
            .entry(metric.name)
            .or_insert_with(|| Family { help: metric.help, series: BTreeMap::new() });
        if family.series.len() >= SERIES_MAX && !family.series.contains_key(&labels) {
            return;
        }
        let count = family.series.entry(labels).or_insert(0);
        *count = count.saturating_add(amount);
    }

    pub(super) fn prometheus(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.0 {
            let name = format!("portcullis_{name}_total");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} counter", family.help);
            for (labels, count) in &family.series {
                let _ = writeln!(text, "{name}{labels} {count}");
            }
        }
        text
    }
}

/// What stands at a value, in the same format: name without prefix, what it tells, the value.
pub(crate) fn gauges(gauges: &[(&str, &str, u64)]) -> String {
    let mut text = String::new();
    for (name, help, value) in gauges {
        let name = format!("portcullis_{name}");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    text
}

/// Label values are fixed words or configured names of `[a-z0-9._-]`: nothing to escape.
fn render(labels: &[(&'static str, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{{{}}}", pairs.join(","))
}
