//! One published key set as an instance keeps it: which keys there are now, and whether it is time to
//! ask for them.
//!
//! No promise is shared between requests: the runtime forbids it. That somebody fetches is a deadline
//! that lies ahead, so one who is gone before the answer came stands in nobody's way for long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answer::{self, Answer, Published};
use super::{JwksError, RemoteSettings, Unavailable};
use crate::UnixMs;
use crate::fetch::{AnyFetch, Request};
use crate::jwt::KeySet;

/// How many requests fetch at once when there is no set to go on with. The rest are refused for a
/// second rather than kept: an instance that starts under load costs the issuer that many fetches,
/// and no more.
const FETCHES_MAX: usize = 8;
/// Longest time without a fetch, in milliseconds, while there is no set to go on with: waiting for a
/// whole cooldown would refuse every token for that long after one fault.
const WAIT_WITHOUT_SET_MS: u64 = 5_000;

/// The key set of one issuer.
#[derive(Debug)]
pub struct RemoteJwks {
    settings: RemoteSettings,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cached: Option<Cached>,
    /// When each fetch under way has missed its deadline.
    fetching: Vec<UnixMs>,
    /// Until when nothing is fetched.
    quiet_until: UnixMs,
    /// How the last fetch failed; `None` when it did not.
    failure: Option<JwksError>,
    /// The set is to be refreshed in the background.
    due: bool,
}

#[derive(Debug)]
struct Cached {
    keys: Arc<KeySet>,
    digest: [u8; 32],
    etag: Option<String>,
    /// When the server last said that this is the set.
    confirmed: UnixMs,
    fresh_until: UnixMs,
}

impl Cached {
    fn confirm(&mut self, at: UnixMs, fresh_until: UnixMs) {
        (self.confirmed, self.fresh_until) = (at, fresh_until);
    }
}

/// Keys to verify with.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The keys.
    pub set: Arc<KeySet>,
    /// Why they are older than they should be, when they are.
    pub stale: Option<JwksError>,
}

/// What there is to verify with now.
#[derive(Debug)]
pub enum Lookup {
    /// These keys.
    Keys(Keys),
    /// Nothing: whoever asks is to fetch, by [`RemoteJwks::refresh`].
    Fetch(Ticket),
    /// Nothing, and nothing is to be fetched now.
    Unavailable(Unavailable),
}

/// The right to fetch once.
#[derive(Debug)]
pub struct Ticket {
    started: UnixMs,
    ends: UnixMs,
    /// Names the set that is known.
    etag: Option<String>,
}

impl RemoteJwks {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(settings: RemoteSettings) -> Self {
        Self { settings, state: Mutex::default() }
    }

    /// How it is fetched and kept.
    #[must_use]
    pub const fn settings(&self) -> &RemoteSettings {
        &self.settings
    }

    /// The keys at `now`. A set that is not fresh is due for a refresh, and goes on until its age
    /// ends; without one, a few callers are told to fetch. So they are where a set is over by more than
    /// [`RemoteSettings::max_age_ms`] and nothing is known against its server: on an idle instance a key that was withdrawn since would
    /// be accepted once more.
    pub fn look_up(&self, now: UnixMs) -> Lookup {
        let mut state = self.state();
        state.forget_missed(now);
        if let Some(keys) = state.at_hand(&self.settings, now) {
            let may_fetch = now >= state.quiet_until && state.fetching.len() < FETCHES_MAX;
            let well = state.failure.is_none();
            if !(may_fetch && well && state.is_long_over(&self.settings, now)) {
                state.due |= !state.is_fresh(now);
                return Lookup::Keys(keys);
            }
        }
        if now < state.quiet_until {
            return Lookup::Unavailable(state.wait(now));
        }
        if state.fetching.len() >= FETCHES_MAX {
            return Lookup::Unavailable(Unavailable::BUSY);
        }
        Lookup::Fetch(self.begin(&mut state, now))
    }

    /// The keys there are at `now`, whatever is due: once somebody has fetched.
    pub fn at_hand(&self, now: UnixMs) -> Option<Keys> {
        self.state().at_hand(&self.settings, now)
    }

    /// Whether there may be newer keys than those at hand, which lack the one that a token names:
    /// the right to fetch them, once in a cooldown, or `None` when they have just been fetched.
    ///
    /// # Errors
    /// [`Unavailable`] while that cannot be told: others fetch, or the last fetch failed.
    pub fn look_for_newer(&self, now: UnixMs) -> Result<Option<Ticket>, Unavailable> {
        let mut state = self.state();
        state.forget_missed(now);
        if !state.fetching.is_empty() {
            return Err(Unavailable::BUSY);
        }
        if now >= state.quiet_until {
            return Ok(Some(self.begin(&mut state, now)));
        }
        if state.failure.is_some() { Err(state.wait(now)) } else { Ok(None) }
    }

    /// The right to fetch in the background, if that is due.
    pub fn take_due(&self, now: UnixMs) -> Option<Ticket> {
        let mut state = self.state();
        if !std::mem::take(&mut state.due) {
            return None;
        }
        state.forget_missed(now);
        let idle = state.fetching.is_empty() && now >= state.quiet_until;
        idle.then(|| self.begin(&mut state, now))
    }

    /// Fetches the set, and keeps what comes of it. After an error [`RemoteJwks::look_up`] says what
    /// there is to go on with.
    ///
    /// # Errors
    /// [`Unavailable`] when no set came that can be used: why, and for how long from the ticket's start
    /// nobody asks again.
    pub async fn refresh(&self, ticket: Ticket, fetch: &dyn AnyFetch) -> Result<(), Unavailable> {
        let RemoteSettings { url, algorithms, deadline_ms, .. } = &self.settings;
        let accept = "application/jwk-set+json, application/json;q=0.9".to_owned();
        let known = ticket.etag.clone().map(|etag| ("if-none-match", etag));
        let request = Request {
            method: "GET",
            url: url.as_str(),
            fields: [("accept", accept)].into_iter().chain(known).collect(),
            body: String::new(),
            deadline_ms: Some(*deadline_ms),
            answer_fields: answer::FIELDS,
            answer_bytes_max: answer::BYTES_MAX,
        };
        let answer = match fetch.fetch_any(request).await {
            Ok(response) => answer::read(&response, ticket.etag.is_some(), algorithms),
            Err(error) => Err(error.into()),
        };
        self.finish(&ticket, answer)
    }

    /// Keeps what came of a fetch, unless what is there was fetched after it.
    fn finish(
        &self,
        ticket: &Ticket,
        answer: Result<Answer, JwksError>,
    ) -> Result<(), Unavailable> {
        let mut state = self.state();
        if let Some(at) = state.fetching.iter().position(|ends| *ends == ticket.ends) {
            state.fetching.swap_remove(at);
        }
        match answer {
            Ok(answer) => {
                self.keep(&mut state, ticket, answer);
                Ok(())
            }
            Err(error) => {
                self.fail(&mut state, ticket, error);
                let retry_after_ms = state.quiet_until.since(ticket.started);
                Err(Unavailable { error, retry_after_ms })
            }
        }
    }

    fn keep(&self, state: &mut State, ticket: &Ticket, answer: Answer) {
        let RemoteSettings { max_age_ms, cooldown_ms, .. } = self.settings;
        let fresh_ms = answer.fresh_ms.unwrap_or(max_age_ms).min(max_age_ms).max(cooldown_ms);
        let (confirmed, fresh_until) = (ticket.started, ticket.started.plus(fresh_ms));
        let newer = |cached: &Cached| cached.confirmed > ticket.started;
        match (answer.set, &mut state.cached) {
            (_, Some(cached)) if newer(cached) => return,
            // The same keys stay the keys they are: whatever is remembered by them still counts.
            (Some(Published { digest, .. }), Some(cached)) if cached.digest == digest => {
                cached.etag = answer.etag;
                cached.confirm(confirmed, fresh_until);
            }
            (Some(Published { keys, digest }), _) => {
                let (keys, etag) = (Arc::new(keys), answer.etag);
                state.cached = Some(Cached { keys, digest, etag, confirmed, fresh_until });
            }
            (None, Some(cached)) if cached.etag == ticket.etag => {
                cached.confirm(confirmed, fresh_until);
            }
            // Confirmed is a set that is not here any more.
            (None, _) => return,
        }
        state.failure = None;
        state.quiet_until = ticket.started.plus(cooldown_ms);
    }

    fn fail(&self, state: &mut State, ticket: &Ticket, error: JwksError) {
        let RemoteSettings { cooldown_ms, stale_ms_max, .. } = self.settings;
        let cached = state.cached.as_ref();
        if cached.is_some_and(|cached| cached.confirmed >= ticket.started) {
            return;
        }
        // One that missed its deadline took that long.
        let ended = match error {
            JwksError::Timeout { deadline_ms } => ticket.started.plus(deadline_ms),
            _ => ticket.started,
        };
        let goes_on = cached.is_some_and(|cached| ended.since(cached.confirmed) < stale_ms_max);
        let wait_ms = if goes_on { cooldown_ms } else { cooldown_ms.min(WAIT_WITHOUT_SET_MS) };
        state.failure = Some(error);
        state.quiet_until = state.quiet_until.max(ended.plus(wait_ms));
    }

    fn begin(&self, state: &mut State, now: UnixMs) -> Ticket {
        let ends = now.plus(self.settings.deadline_ms);
        state.fetching.push(ends);
        state.due = false;
        let etag = state.cached.as_ref().and_then(|cached| cached.etag.clone());
        Ticket { started: now, ends, etag }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_fresh(&self, now: UnixMs) -> bool {
        self.cached.as_ref().is_some_and(|cached| now < cached.fresh_until)
    }

    fn is_long_over(&self, settings: &RemoteSettings, now: UnixMs) -> bool {
        let over_ms = self.cached.as_ref().map(|cached| now.since(cached.fresh_until));
        over_ms.is_some_and(|over_ms| over_ms > settings.max_age_ms)
    }

    fn at_hand(&self, settings: &RemoteSettings, now: UnixMs) -> Option<Keys> {
        let cached = self.cached.as_ref()?;
        let is_fresh = self.is_fresh(now);
        let goes_on = is_fresh || now.since(cached.confirmed) < settings.stale_ms_max;
        let stale = if is_fresh { None } else { self.failure };
        goes_on.then(|| Keys { set: Arc::clone(&cached.keys), stale })
    }

    /// A fetch that has missed its deadline, or whose request is gone, is none any more.
    fn forget_missed(&mut self, now: UnixMs) {
        self.fetching.retain(|ends| now < *ends);
    }

    fn wait(&self, now: UnixMs) -> Unavailable {
        let retry_after_ms = self.quiet_until.since(now);
        self.failure.map_or(Unavailable::BUSY, |error| Unavailable { error, retry_after_ms })
    }
}
