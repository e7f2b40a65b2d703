//! Introspection (RFC 7662).

use serde::Serialize;

use super::rules::Presented;
use super::{Caller, Degraded, Guard, GuardError, require};
use crate::UnixMs;
use crate::config::{Client, Grant};
use crate::jwt::Claims;
use crate::store::Store;

/// The answer of RFC 7662 section 2.2. Anything but an active token the client may see is
/// `{"active": false}` and nothing else.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Introspection {
    /// Whether the token holds now.
    pub active: bool,
    /// What it says, when it does.
    #[serde(flatten)]
    pub token: Option<TokenInfo>,
    /// What was decided without the store.
    #[serde(skip)]
    pub degraded: Degraded,
}

/// What an active token says.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    iss: String,
    sub: String,
    aud: Vec<String>,
    client_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    exp: u64,
    iat: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    sid: String,
    token_type: &'static str,
}

impl<S: Store> Guard<S> {
    /// What `token` says, if it is active and `client` issued it or is an audience of it.
    ///
    /// # Errors
    /// [`GuardError::GrantMissing`], [`GuardError::Store`]: whether it is active cannot be told.
    pub async fn introspect(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Introspection, GuardError> {
        require(client, Grant::TokensIntrospect)?;
        let inactive = Introspection::default();
        let Some(signed) = self.own_token(token, now).await else {
            return self.introspect_refresh(token, client, now).await;
        };
        let Ok(claims) = signed.claims(&self.config().own, now) else { return Ok(inactive) };
        if !may_see(client, &claims) {
            return Ok(inactive);
        }
        self.instance.tokens.keep(&signed);
        let check = self.check_of(&claims, &signed, now);
        let admission = self.ask(check, &claims, &[], false, now).await;
        let presented = Presented {
            subject: check.subject,
            issuer: &self.config().issuer,
            client: claims.client_id.as_deref(),
        };
        let caller = Caller { address: None, now };
        let denied = Self::pass_rules(&self.rules(), &presented, &caller).is_err();
        match admission {
            Ok(_) if denied => Ok(inactive),
            Ok(admission) => Ok(Introspection {
                active: true,
                token: Some(token_info(&claims)),
                degraded: Degraded::new(admission.unchecked, &[]),
            }),
            Err(refusal @ GuardError::Revoked) => {
                self.forget(token, &refusal);
                Ok(inactive)
            }
            Err(error) => Err(error),
        }
    }
}

impl<S: Store> Guard<S> {
    /// What a refresh token says, if it can be exchanged and `client` is the one it was issued to.
    async fn introspect_refresh(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Introspection, GuardError> {
        let token = self.refresh_info(token, client, now).await?.map(|token| TokenInfo {
            iss: token.issuer,
            sub: token.subject,
            aud: token.audience,
            client_id: token.client_id,
            scope: token.scope,
            exp: token.exp,
            iat: token.iat,
            jti: String::new(),
            sid: token.session_id,
            token_type: "refresh_token",
        });
        Ok(Introspection { active: token.is_some(), token, degraded: Degraded::default() })
    }
}

fn may_see(client: &Client, claims: &Claims<'_>) -> bool {
    let issued_it = claims.client_id.as_deref() == Some(client.id.as_str());
    let is_audience = |audience: &_| client.audiences.iter().any(|own| own == audience);
    issued_it || claims.audience.iter().any(is_audience)
}

fn token_info(claims: &Claims<'_>) -> TokenInfo {
    let text = |claim: &Option<_>| claim.as_deref().map(str::to_owned).unwrap_or_default();
    TokenInfo {
        iss: text(&claims.issuer),
        sub: text(&claims.subject),
        aud: claims.audience.iter().map(|audience| audience.to_string()).collect(),
        client_id: text(&claims.client_id),
        scope: text(&claims.scope),
        exp: claims.expires.unwrap_or_default().seconds(),
        iat: claims.issued_at.unwrap_or_default().seconds(),
        jti: text(&claims.token_id),
        sid: text(&claims.session_id),
        token_type: "Bearer",
    }
}
