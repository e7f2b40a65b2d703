//! Tokens: those that were minted, and those that nobody should accept.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::HMAC;
use portcullis::UnixMs;
use portcullis::jwt::IssuedAt;
use portcullis::store::{EntryKey, KeySpace, RevocationScope, TokenCheck};
use serde_json::{Value, json};

use super::deployment::{API, ISSUER, KEY};
use super::isolate::Known;
use super::plan::Forgery;

/// A token as it was minted. Its text stands in no trace.
pub struct Token {
    pub text: String,
    pub session: String,
    issued: UnixMs,
    pub expires: UnixMs,
    names: [EntryKey; 3],
}

pub fn subject(index: usize) -> String {
    format!("subject-{index}")
}

pub fn subject_key(index: usize) -> EntryKey {
    EntryKey::new(KeySpace::Subject, ISSUER, &subject(index))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a token of {:?}", self.names)
    }
}

impl Token {
    /// Reads what a mint answered.
    pub fn read(text: &str) -> Self {
        let payload = text.split('.').nth(1).expect("three parts");
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url"))
                .expect("JSON");
        let of = |name: &str| claims[name].as_str().expect("a text claim").to_owned();
        let (subject, session) = (of("sub"), of("sid"));
        let names = [
            EntryKey::new(KeySpace::Token, ISSUER, &format!("jti:{}", of("jti"))),
            EntryKey::new(KeySpace::Session, ISSUER, &session),
            EntryKey::new(KeySpace::Subject, ISSUER, &subject),
        ];
        Self {
            text: text.to_owned(),
            session,
            issued: UnixMs(claims["iat_ms"].as_u64().expect("iat_ms")),
            expires: UnixMs(claims["exp"].as_u64().expect("exp") * 1000),
            names,
        }
    }

    pub fn key(&self, scope: RevocationScope) -> EntryKey {
        match scope {
            RevocationScope::Token => self.names[0],
            RevocationScope::Session => self.names[1],
            _ => self.names[2],
        }
    }

    /// Whether it is of a clock that is ahead of one that says `now` by more than is tolerated.
    pub fn is_ahead(&self, now: UnixMs, tolerance_ms: u64) -> bool {
        self.issued > now.plus(tolerance_ms)
    }

    /// Whether a revocation is of it, clocks being off by as much as is tolerated.
    pub fn is_refused_by(&self, known: &Known, tolerance_ms: u64) -> bool {
        let cut =
            known.scope != RevocationScope::Subject || self.issued.minus(tolerance_ms) <= known.cut;
        self.key(known.scope) == known.key && cut
    }
}

/// The question whether anything of this revocation is known.
pub fn check_of(known: &Known, tolerance_s: u64) -> TokenCheck {
    if let Some(token) = &known.token {
        return TokenCheck {
            token: token.names[0],
            session: Some(token.names[1]),
            subject: Some(token.names[2]),
            issued_at: IssuedAt::Ms(token.issued.minus(tolerance_s * 1000)),
            expires: known.expires,
        };
    }
    let other = EntryKey::new(KeySpace::Token, "", "none");
    let of = |scope| (known.scope == scope).then_some(known.key);
    TokenCheck {
        token: of(RevocationScope::Token).unwrap_or(other),
        session: of(RevocationScope::Session),
        subject: of(RevocationScope::Subject),
        issued_at: IssuedAt::Ms(known.cut),
        expires: known.expires,
    }
}

/// A token that must not be accepted at `now`, whatever happens.
pub fn forged(
    forgery: Forgery,
    genuine: Option<&Token>,
    subject: &str,
    now: UnixMs,
    tolerance_s: u64,
) -> String {
    let at_s = now.seconds();
    let mut header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "hs"});
    let mut claims = json!({"iss": ISSUER, "sub": subject, "aud": [API], "client_id": "web", "jti": "forged",
        "sid": "forged", "iat": at_s - 60, "iat_ms": (at_s - 60) * 1000, "exp": at_s + 600});
    let mut key = URL_SAFE_NO_PAD.decode(KEY).expect("the key");
    match forgery {
        Forgery::SignatureBit => {}
        Forgery::OtherKey => key[0] ^= 1,
        Forgery::NoAlgorithm => header["alg"] = json!("none"),
        Forgery::OtherAlgorithm => header["alg"] = json!("HS384"),
        Forgery::Expired => claims["exp"] = json!(at_s - tolerance_s - 1),
        Forgery::NotYet => claims["nbf"] = json!(at_s + tolerance_s + 2),
        Forgery::OtherIssuer => claims["iss"] = json!("https://other.test"),
        Forgery::OtherAudience => claims["aud"] = json!(["https://other.test"]),
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let mac = URL_SAFE_NO_PAD.encode(HMAC::mac(&input, &key));
    match forgery {
        Forgery::NoAlgorithm => format!("{input}."),
        Forgery::SignatureBit => {
            let good = genuine.map_or_else(|| format!("{input}.{mac}"), |token| token.text.clone());
            let (input, signature) = good.rsplit_once('.').expect("a signature");
            let first = if signature.starts_with('A') { 'B' } else { 'A' };
            format!("{input}.{first}{}", &signature[1..])
        }
        _ => format!("{input}.{mac}"),
    }
}
