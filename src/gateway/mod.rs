//! What stands before an upstream: which requests may pass, and as what they are passed on. Pure: a platform
//! carries out what is decided here.

mod cookie;
mod fields;
mod rule;
mod settings;
mod target;

pub use cookie::{CSRF_FIELDS, Repeated, TokenCookie};
pub(crate) use fields::only;
pub use fields::{asks_for_websocket, check_framing, passed_on, takes_claim};
pub use rule::{RouteRule, RouteRules, RuleFault};
pub use settings::{Gateway, Upstream};
pub use target::unambiguous;
