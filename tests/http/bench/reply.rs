//! An answer, taken apart.

use http::{HeaderMap, Response};
use portcullis::http::HttpRequest;
use serde_json::Value;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub fields: HeaderMap,
    pub text: String,
    /// What was asked, for messages: method and path.
    pub asked: String,
}

impl Reply {
    pub fn new(request: &HttpRequest, response: Response<Vec<u8>>) -> Self {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body).unwrap();
        Self { status: parts.status.as_u16(), fields: parts.headers, text, asked }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The value of a field that is there at most once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.get_all(name).iter();
        let value = values.next()?.to_str().unwrap();
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        Some(value)
    }

    /// Expects this refusal; its form is checked for every answer by the walk.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.json()["code"].as_str()), (status, Some(code)), "{self:?}");
        self
    }

    /// Expects a refusal whose detail contains `words`.
    #[track_caller]
    pub fn saying(&self, words: &str) -> &Self {
        let body = self.json();
        let detail = body["detail"].as_str().or(body["error_description"].as_str());
        assert!(detail.is_some_and(|detail| detail.contains(words)), "{self:?}");
        self
    }

    /// Expects this `error` of OAuth.
    #[track_caller]
    pub fn oauth(&self, error: &str) -> &Self {
        assert_eq!(self.json()["error"], error, "{self:?}");
        self
    }

    /// Expects this challenge.
    #[track_caller]
    pub fn challenged(&self, challenge: &str) -> &Self {
        assert_eq!(self.field("www-authenticate"), Some(challenge), "{self:?}");
        self
    }
}
