//! Rate limits: policies, quotas and the pure decision.
//!
//! [`decide`] is the one definition of every algorithm. Stores keep the [`State`]; they never
//! reimplement the arithmetic (the Redis script mirrors it and is held to it by tests).

mod algorithm;
mod applies;
mod decide;
mod error;
mod field;
mod fixed_window;
mod gcra;
mod key;
mod policy;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
mod quota;
mod route;
mod sliding_log;
mod sliding_window;
mod standing;
mod state;
mod token_bucket;

pub use algorithm::Algorithm;
pub use applies::{Applies, Target};
pub(crate) use applies::{is_method, of_get};
pub use decide::{Decision, decide, peek};
pub use error::LimitError;
pub use field::{legacy_fields, rate_limit_field, rate_limit_policy_field, retry_after_seconds};
pub use key::{IPV6_PREFIX, KeyPart};
pub use policy::{OnOutage, Policy, PolicyName, Trigger};
pub use quota::Quota;
pub use route::{Path, Route};
pub use sliding_log::LOG_LIMIT_MAX;
pub use state::{Adjustment, State};
