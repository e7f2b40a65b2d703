//! A request in the making.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use form_urlencoded::Serializer;
use http::{HeaderName, HeaderValue, Method, Request};
use portcullis::http::HttpRequest;
use serde_json::Value;

use super::setup::secret;

#[derive(Clone)]
pub struct Ask(HttpRequest);

impl Ask {
    pub fn new(method: &str, target: &str) -> Self {
        let mut request = Request::new(Vec::new());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = target.parse().unwrap();
        Self(request)
    }

    pub const fn of(request: HttpRequest) -> Self {
        Self(request)
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// Adds a field, beside any of the same name.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.0.headers_mut().append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.field("authorization", format!("Bearer {token}"))
    }

    /// The credentials of a client of the bench.
    pub fn basic(self, client: &str) -> Self {
        self.credentials(client, &secret(client))
    }

    pub fn credentials(self, id: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{id}:{secret}"));
        self.field("authorization", format!("Basic {pair}"))
    }

    pub fn from(self, address: &str) -> Self {
        self.field("cf-connecting-ip", address)
    }

    pub fn json(self, body: &Value) -> Self {
        self.typed("application/json", body.to_string())
    }

    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.typed("application/x-www-form-urlencoded", form)
    }

    pub fn typed(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.field("content-type", content_type).body(body)
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }

    pub fn request(self) -> HttpRequest {
        self.0
    }
}
