//! Minting a token for a subject, within what the client is granted.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Guard, GuardError, Listed, require};
use crate::UnixMs;
use crate::config::{AUDIENCES_MAX, Client, Grant};
use crate::jwt::{self, NewToken, is_scope_token};
use crate::store::Store;
use crate::telemetry::Event;

/// Longest subject, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;
/// Longest `scope`, in bytes.
const SCOPE_BYTES_MAX: usize = 1024;
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
    /// Its `sid`.
    pub session_id: String,
}

impl<S: Store> Guard<S> {
    /// Mints a token for `client` as ordered.
    ///
    /// # Errors
    /// [`GuardError::GrantMissing`], [`GuardError::AccessDenied`], [`GuardError::BeyondGrant`] for `scope` and `aud`,
    /// [`GuardError::Invalid`] for a malformed field, [`GuardError::Mint`] when no key is active,
    /// [`GuardError::EntropyUnavailable`].
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
        let (token_id, session_id) = self.new_names()?;
        let token = NewToken {
            issuer: &self.config().issuer,
            subject: &order.subject,
            audience,
            client_id: client.id.as_str(),
            scope,
            token_id: &token_id,
            session_id: &session_id,
            lifetime_s,
            claims,
        };
        let signed = match jwt::unsigned(&token, &self.config().keys, now) {
            Ok(unsigned) => self.sign(unsigned).await,
            Err(error) => Err(error),
        };
        let access_token = signed.map_err(|error| {
            self.telemetry().record(&Event::MintFailed { code: error.code() });
            GuardError::Mint(error)
        })?;
        self.telemetry().record(&Event::TokenIssued);
        let scope = scope.to_owned();
        Ok(Issued { access_token, expires_in_s: lifetime_s, scope, token_id, session_id })
    }

    fn lifetime_s(&self, ordered_s: Option<u64>) -> Result<u64, GuardError> {
        let lifetime_s = ordered_s.unwrap_or(self.config().access_ttl_s);
        if (1..=self.config().lifetime_s_max).contains(&lifetime_s) {
            return Ok(lifetime_s);
        }
        Err(invalid("access_ttl", "must be at least 1 second and at most the configured maximum"))
    }

    /// `jti` and `sid`: 128 random bits each.
    fn new_names(&self) -> Result<(String, String), GuardError> {
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
    let tokens = || scope.split(' ');
    if scope.len() > SCOPE_BYTES_MAX || !tokens().all(is_scope_token) {
        return Err(invalid("scope", "must be scope tokens separated by single spaces"));
    }
    let granted = |token| client.scopes.iter().any(|scope| scope == token);
    if tokens().all(granted) { Ok(()) } else { Err(GuardError::BeyondGrant { field: "scope" }) }
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
