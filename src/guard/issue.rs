//! Minting a token for a subject, within what the client is granted.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Guard, GuardError, Listed, Refresh, require};
use crate::UnixMs;
use crate::config::{AUDIENCES_MAX, Client, Grant};
use crate::jwt::{self, NewToken, is_scope_token};
use crate::session::RefreshToken;
use crate::store::Store;
use crate::telemetry::Event;

/// Longest subject, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;
/// Longest `scope`, in bytes.
const SCOPE_BYTES_MAX: usize = 1024;
const SCOPE_MALFORMED: GuardError =
    invalid("scope", "must be scope tokens separated by single spaces");
/// Most bytes of further claims, as JSON.
const CLAIMS_BYTES_MAX: usize = 4096;

/// Claims an order may not set: registered ones (RFC 7519 section 4.1) and those other services
/// take decisions by (RFC 7800, 8693, 9068, OpenID Connect Core section 2).
const RESERVED_CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "iat_ms",
    "sid",
    "scope",
    "client_id",
    "azp",
    "cnf",
    "act",
    "may_act",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "at_hash",
    "c_hash",
    "events",
    "authorization_details",
    "roles",
    "groups",
    "entitlements",
    "scp",
    "permissions",
    "role",
    "email_verified",
    "s_hash",
    "sub_jwk",
    "sub_id",
    "__proto__",
];

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct TokenOrder {
    /// Whom the token is about: 1 to 255 bytes without control characters.
    pub subject: String,
    /// Space-separated scopes, within the client's; `None`: no scope.
    pub scope: Option<String>,
    /// Audiences, within the client's; `None`: all of the client's.
    pub audience: Option<Vec<String>>,
    /// Further claims: a JSON object as text, which goes into the token exactly as it is written;
    /// at most 4,096 bytes, none of a registered name.
    pub claims: Option<String>,
    /// Lifetime in seconds, at most the configured maximum; `None`: the configured default.
    pub lifetime_s: Option<u64>,
    /// Whether a session is opened, with a refresh token.
    pub refresh: bool,
}

/// A minted token. It has no `Debug`: it must not reach a log.
pub struct Issued {
    /// The token.
    pub access_token: String,
    /// Its lifetime in seconds.
    pub expires_in_s: u64,
    /// Its scope, empty for none.
    pub scope: String,
    /// Its `jti`.
    pub token_id: String,
    /// Its `sid`; `None` for one that a client minted for itself.
    pub session_id: Option<String>,
    /// Its session's refresh token, if it has one.
    pub refresh: Option<Refresh>,
}

/// An access token to be minted, all of which was checked.
pub(super) struct Minting<'a> {
    pub token_id: &'a str,
    pub subject: &'a str,
    pub audience: &'a [String],
    pub scope: &'a str,
    pub session_id: Option<&'a str>,
    pub lifetime_s: u64,
    pub claims: &'a str,
}

impl<S: Store> Guard<S> {
    /// Mints a token for `client` as ordered.
    ///
    /// # Errors
    /// [`GuardError::GrantMissing`], [`GuardError::AccessDenied`], [`GuardError::BeyondGrant`] for `scope` and `aud`,
    /// [`GuardError::Invalid`] for a malformed field, [`GuardError::Mint`] when no key is active,
    /// [`GuardError::EntropyUnavailable`]; with a session [`GuardError::SessionsUnavailable`],
    /// [`GuardError::SessionRefused`] and [`GuardError::Store`].
    pub async fn issue(
        &self,
        order: &TokenOrder,
        client: &Client,
        now: UnixMs,
    ) -> Result<Issued, GuardError> {
        require(client, Grant::TokensIssue)?;
        check_subject("sub", &order.subject)?;
        let [subject, own] = [Listed::Subject(&order.subject), Listed::Client(client.id.as_str())];
        self.refuse_denied_names(&[subject, own], now)?;
        let scope = order.scope.as_deref().unwrap_or_default();
        check_scope(scope, client)?;
        let audience = order.audience.as_ref().unwrap_or(&client.audiences);
        check_audience(audience, client)?;
        let claims = order.claims.as_deref().unwrap_or("{}");
        check_claims(claims)?;
        let lifetime_s = self.lifetime_s(order.lifetime_s)?;
        if self.config().clients.has(&order.subject) {
            // A client's own tokens have its id as their subject (RFC 9068 section 5).
            return Err(invalid("sub", "is the id of a client"));
        }
        let (token_id, session_id) = self.new_names()?;
        let minting = Minting {
            token_id: &token_id,
            subject: &order.subject,
            audience,
            scope,
            session_id: Some(&session_id),
            lifetime_s,
            claims,
        };
        let access_token = self.mint(&minting, client, now).await?;
        let refresh = match order.refresh {
            // Only now: nothing of the order is wrong, and the access token is there.
            true => Some(self.open_session(&self.first(order, &minting, client, now)?, now).await?),
            false => None,
        };
        self.telemetry().record(&Event::TokenIssued);
        let (expires_in_s, scope) = (lifetime_s, scope.to_owned());
        let session_id = Some(session_id);
        Ok(Issued { access_token, expires_in_s, scope, token_id, session_id, refresh })
    }

    /// Mints a token for the client itself (RFC 6749 section 4.4), whose subject is the client's id.
    ///
    /// `scope`: within the client's; `None`: no scope. `audience`: one of the client's; `None`: all of them.
    ///
    /// # Errors
    /// [`GuardError::AccessDenied`], [`GuardError::BeyondGrant`] for `scope` and `aud`,
    /// [`GuardError::Invalid`] for a client without audiences, [`GuardError::Mint`],
    /// [`GuardError::EntropyUnavailable`].
    pub async fn issue_to_client(
        &self,
        scope: Option<&str>,
        audience: Option<&str>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Issued, GuardError> {
        let own = client.id.as_str();
        self.refuse_denied_names(&[Listed::Subject(own), Listed::Client(own)], now)?;
        let scope = scope.unwrap_or_default();
        check_scope(scope, client)?;
        let one = audience.map(|audience| [audience.to_owned()]);
        let audience = one.as_ref().map_or(client.audiences.as_slice(), |one| one);
        check_audience(audience, client)?;
        let (token_id, _) = self.new_names()?;
        let lifetime_s = self.config().access_ttl_s;
        let minting = Minting {
            token_id: &token_id,
            subject: own,
            audience,
            scope,
            session_id: None,
            lifetime_s,
            claims: "{}",
        };
        let access_token = self.mint(&minting, client, now).await?;
        self.telemetry().record(&Event::TokenIssued);
        let (scope, refresh, session_id) = (scope.to_owned(), None, None);
        let expires_in_s = lifetime_s;
        Ok(Issued { access_token, expires_in_s, scope, token_id, session_id, refresh })
    }

    /// The first refresh token of the session that is opened with this token.
    fn first(
        &self,
        order: &TokenOrder,
        minting: &Minting<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<RefreshToken, GuardError> {
        let lifetime_ms = self.sessions()?.times.lifetime_ms;
        let claims = order.claims.clone().map(serde_json::value::RawValue::from_string);
        let claims = claims.transpose().map_err(|_| invalid("claims", "must be a JSON object"))?;
        Ok(RefreshToken {
            issuer: self.config().issuer.clone(),
            subject: order.subject.clone(),
            audience: minting.audience.to_vec(),
            client_id: client.id.as_str().to_owned(),
            scope: minting.scope.to_owned(),
            session_id: minting.session_id.unwrap_or_default().to_owned(),
            generation: 0,
            iat: now.seconds(),
            iat_ms: now,
            exp: now.plus(lifetime_ms).seconds(),
            access_ttl: order.lifetime_s,
            claims,
        })
    }

    /// The token of a client. It counts as issued once it is answered.
    pub(super) async fn mint(
        &self,
        minting: &Minting<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<String, GuardError> {
        let token = NewToken {
            issuer: &self.config().issuer,
            subject: minting.subject,
            audience: minting.audience,
            client_id: client.id.as_str(),
            scope: minting.scope,
            token_id: minting.token_id,
            session_id: minting.session_id,
            lifetime_s: minting.lifetime_s,
            claims: minting.claims,
        };
        let not_minted = |error| self.not_minted(error);
        let unsigned = jwt::unsigned(&token, &self.config().keys, now).map_err(not_minted)?;
        self.sign(unsigned).await.map_err(not_minted)
    }

    pub(super) fn not_minted(&self, error: jwt::JwtError) -> GuardError {
        self.telemetry().record(&Event::MintFailed { code: error.code() });
        GuardError::Mint(error)
    }

    fn lifetime_s(&self, ordered_s: Option<u64>) -> Result<u64, GuardError> {
        let lifetime_s = ordered_s.unwrap_or(self.config().access_ttl_s);
        if (1..=self.config().lifetime_s_max).contains(&lifetime_s) {
            return Ok(lifetime_s);
        }
        Err(invalid("access_ttl", "must be at least 1 second and at most the configured maximum"))
    }

    /// `jti` and `sid`: 128 random bits each.
    pub(super) fn new_names(&self) -> Result<(String, String), GuardError> {
        let Some(random) = (self.entropy)() else {
            self.telemetry().record(&Event::EntropyUnavailable);
            return Err(GuardError::EntropyUnavailable);
        };
        let (token, session) = random.split_at(16);
        Ok((URL_SAFE_NO_PAD.encode(token), URL_SAFE_NO_PAD.encode(session)))
    }
}

/// Refuses a subject that is empty, too long, or could not stand in a header field.
pub(super) fn check_subject(field: &'static str, subject: &str) -> Result<(), GuardError> {
    if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX {
        return Err(invalid(field, "must have 1 to 255 bytes"));
    }
    // The replacement character stands for text that was lost: several subjects would become one.
    let unfit = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    if subject.chars().any(unfit) || subject.trim() != subject {
        let reason = "must have no control or replacement characters and no space around it";
        return Err(invalid(field, reason));
    }
    Ok(())
}

fn check_scope(scope: &str, client: &Client) -> Result<(), GuardError> {
    if scope.is_empty() {
        return Ok(());
    }
    check_each(scope, |token| client.scopes.iter().any(|scope| scope == token))
}

/// Refuses `wanted`, unless all of its scopes are among the space-separated `scopes`.
pub(super) fn check_within(wanted: &str, scopes: &str) -> Result<(), GuardError> {
    check_each(wanted, |token| scopes.split(' ').any(|scope| scope == token))
}

fn check_each(wanted: &str, is_granted: impl Fn(&str) -> bool) -> Result<(), GuardError> {
    if wanted.len() > SCOPE_BYTES_MAX || !wanted.split(' ').all(is_scope_token) {
        return Err(SCOPE_MALFORMED);
    }
    if wanted.split(' ').all(is_granted) {
        Ok(())
    } else {
        Err(GuardError::BeyondGrant { field: "scope" })
    }
}

/// Those of the space-separated `scopes` that the client still has.
pub(super) fn narrowed(scopes: &str, client: &Client) -> String {
    let has = |token: &&str| client.scopes.iter().any(|scope| scope == token);
    scopes.split(' ').filter(has).collect::<Vec<_>>().join(" ")
}

fn check_audience(audience: &[String], client: &Client) -> Result<(), GuardError> {
    if audience.is_empty() || audience.len() > AUDIENCES_MAX {
        return Err(invalid("aud", "must name 1 to 16 audiences"));
    }
    let granted = |audience| client.audiences.contains(audience);
    if audience.iter().all(granted) {
        Ok(())
    } else {
        Err(GuardError::BeyondGrant { field: "aud" })
    }
}

fn check_claims(claims: &str) -> Result<(), GuardError> {
    if claims.len() > CLAIMS_BYTES_MAX {
        return Err(invalid("claims", "must be at most 4,096 bytes of JSON"));
    }
    let names = jwt::member_names(claims).map_err(|reason| invalid("claims", reason))?;
    let reserved = |name: &String| {
        // Some readers (Go's encoding/json) match names whatever their case, long s and Kelvin sign
        // included, and take the last one: `Sub` would be the subject.
        let folded = name.to_lowercase().to_uppercase();
        RESERVED_CLAIMS.iter().any(|reserved| reserved.eq_ignore_ascii_case(&folded))
    };
    let unfit = |name: &String| name.chars().any(char::is_control) || name.trim() != name;
    if names.iter().any(unfit) {
        return Err(invalid("claims", "a name has control characters or space around it"));
    }
    if names.iter().any(reserved) {
        return Err(invalid("claims", "must not set a registered or security claim"));
    }
    Ok(())
}

const fn invalid(field: &'static str, reason: &'static str) -> GuardError {
    GuardError::Invalid { field, reason }
}
