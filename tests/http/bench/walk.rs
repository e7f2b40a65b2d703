//! What holds of every answer, whatever was asked.

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::http::HttpRequest;
use portcullis::store::Store;
use portcullis::telemetry::LogLine;

use super::setup::{ED_D, HS_K, SUBJECT, secret};
use super::{Bench, Reply};

/// Counters of which exactly one moves for each refusal.
const REFUSALS: [&str; 3] = ["tokens_refused", "clients_refused", "requests_refused"];

#[derive(Default)]
pub struct Walk {
    /// What was sent and must not come out again other than by being asked for.
    private: RefCell<BTreeSet<String>>,
    lines: RefCell<Vec<LogLine>>,
}

/// The refusals counted before a request: in all, and by the code it is then answered with.
pub struct Before(String);

impl Walk {
    pub fn before<S: Store>(&self, bench: &Bench<S>, request: &HttpRequest) -> Before {
        self.private.borrow_mut().extend(private_parts(request));
        Before(bench.guard.telemetry().prometheus())
    }

    pub fn after<S: Store>(
        &self,
        bench: &Bench<S>,
        request: &HttpRequest,
        reply: &Reply,
        before: &Before,
    ) {
        let Before(before) = before;
        let after = bench.guard.telemetry().prometheus();
        let refused = reply.status >= 400 && !is_an_answer(reply);
        if refused {
            check_refusal(request, reply);
        }
        let counted = refusals(&after, "") - refusals(before, "");
        assert_eq!(counted, u64::from(refused), "counted {counted} times: {reply:?}");
        if refused && request.method() != "HEAD" {
            let code = reply.json()["code"].as_str().unwrap().to_owned();
            // A client that is refused has one code, and a counter of its own.
            let label = if code == "ERR_CLIENT_INVALID" { "clients_refused" } else { &code };
            let counted = refusals(&after, label) - refusals(before, label);
            assert_eq!(counted, 1, "not counted as {code}: {reply:?}");
        }
        let lines = bench.guard.telemetry().take_lines();
        for line in &lines {
            serde_json::from_str::<serde_json::Value>(&line.json).expect("a log line is JSON");
            self.assert_keeps_quiet(&line.json);
        }
        self.lines.borrow_mut().extend(lines);
        self.assert_keeps_quiet(&after);
        check_secrets(reply);
        let whole = format!("{:?}{}", reply.fields, reply.text);
        if reply.status >= 400 {
            self.assert_keeps_quiet(&whole);
        }
    }

    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.borrow().clone()
    }

    fn assert_keeps_quiet(&self, text: &str) {
        for private in self.private.borrow().iter() {
            assert!(!text.contains(private), "{private:?} in {text}");
        }
        assert!(!text.contains(SUBJECT), "the subject in {text}");
    }
}

/// Not a refusal: what readiness says.
fn is_an_answer(reply: &Reply) -> bool {
    reply.asked.ends_with(" /readyz") && reply.status == 503
}

fn check_refusal(request: &HttpRequest, reply: &Reply) {
    assert!(reply.status < 600);
    let oauth = request.uri().path().starts_with("/oauth/");
    let kind = if oauth { "application/json" } else { "application/problem+json" };
    assert_eq!(reply.field("content-type"), Some(kind), "{reply:?}");
    assert_eq!(reply.field("cache-control"), Some("no-store"), "{reply:?}");
    assert_eq!(reply.field("x-content-type-options"), Some("nosniff"), "{reply:?}");
    let challenged = reply.status == 401 || reply.text.contains("ERR_SCOPE_INSUFFICIENT");
    assert_eq!(reply.field("www-authenticate").is_some(), challenged, "{reply:?}");
    assert_eq!(reply.field("allow").is_some(), reply.status == 405, "{reply:?}");
    if request.method() == "HEAD" {
        return assert_eq!(reply.text, "");
    }
    let passes = [
        "ERR_STORE_UNAVAILABLE",
        "ERR_ENTROPY_UNAVAILABLE",
        "ERR_JWKS_UNAVAILABLE",
        "ERR_JWKS_TIMEOUT",
        "ERR_JWKS_INVALID",
    ];
    let retry = reply.status == 429 || passes.iter().any(|code| reply.text.contains(code));
    let retry_after = reply.field("retry-after").map(|value| value.parse::<u64>().unwrap());
    assert_eq!(retry_after.is_some_and(|seconds| seconds >= 1), retry, "{reply:?}");
    let body = reply.json();
    let documented = documented_status(body["code"].as_str().unwrap());
    // RFC 6749 section 5.2 has one status for all that is not the client's authentication.
    let at_token = request.uri().path() == "/oauth/token" && reply.status == 400;
    let documented = if at_token { documented.map(|_| 400) } else { documented };
    assert_eq!(documented, Some(reply.status), "docs/errors.md says otherwise: {reply:?}");
    assert!(reply.text.len() < 1024, "{reply:?}");
    if oauth {
        // RFC 6749 section 5.2: neither quote nor backslash nor anything but ASCII.
        let description = body["error_description"].as_str().unwrap();
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{reply:?}");
        assert!(body["error"].is_string());
    } else {
        assert_eq!(body["status"], reply.status);
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{reply:?}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{reply:?}");
    }
}

/// The status that docs/errors.md gives a code: in its row, else in the heading over it.
fn documented_status(code: &str) -> Option<u16> {
    let status = |text: &str| text.split([' ', ',', ':']).find_map(|word| word.parse().ok());
    let mut heading = None;
    for line in include_str!("../../../docs/errors.md").lines() {
        if line.starts_with("## ") {
            heading = status(line);
        }
        let mut cells = line.split('|').map(str::trim).skip(1);
        if cells.next().is_some_and(|codes| codes.contains(&format!("`{code}`"))) {
            return heading.or_else(|| status(cells.next()?));
        }
    }
    None
}

/// No answer holds key material or a client's secret, a good one no more than a bad one.
fn check_secrets(reply: &Reply) {
    let whole = format!("{:?}{}", reply.fields, reply.text);
    let secrets = ["web", "other", "auditor", "admin", "bare"].map(secret);
    for private in secrets.iter().map(String::as_str).chain([ED_D, HS_K]) {
        assert!(!whole.contains(private), "{reply:?}");
    }
}

/// Credentials, tokens and addresses of a request: words long enough not to be found by chance.
fn private_parts(request: &HttpRequest) -> Vec<String> {
    let mut parts = Vec::new();
    for name in ["authorization", "cf-connecting-ip", "x-forwarded-for"] {
        for value in request.headers().get_all(name) {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            for word in text.split([' ', ',']) {
                let decoded = STANDARD.decode(word).ok();
                let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                parts.extend(decoded.iter().filter_map(|pair| pair.split(':').nth(1)).map(into));
                parts.push(word.to_owned());
            }
        }
    }
    let form = form_urlencoded::parse(request.body()).into_owned();
    let named = ["token", "session", "subject", "client_secret"];
    parts.extend(form.filter(|(name, _)| named.contains(&&**name)).map(|(_, value)| value));
    parts.retain(|part| part.len() >= 8 && part != "unknown");
    parts
}

fn into(text: &str) -> String {
    text.to_owned()
}

fn refusals(metrics: &str, label: &str) -> u64 {
    let counted = |name: &str| {
        REFUSALS.iter().any(|metric| name.starts_with(&format!("portcullis_{metric}_total")))
    };
    samples(metrics)
        .filter(|(name, _)| counted(name) && name.contains(label))
        .map(|(_, count)| count)
        .sum()
}

/// The samples of a text in Prometheus' format: name with labels, and count.
pub fn samples(metrics: &str) -> impl Iterator<Item = (&str, u64)> {
    let samples = metrics.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| {
        let (name, count) = line.rsplit_once(' ').unwrap();
        (name, count.parse().unwrap())
    })
}
