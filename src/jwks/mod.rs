//! The key sets of other issuers, fetched from where they publish them (RFC 7517 section 5).
//!
//! Pure: time comes in, and bytes come and go by [`crate::fetch`]. A set is kept while it is fresh,
//! refreshed in the background when it no longer is, and served beyond that while its server does not
//! answer, up to a stated age. How often a server is asked does not depend on how many tokens come.

mod answer;
mod error;
mod name;
mod remote;
mod set;
mod settings;
#[cfg(test)]
mod tests;

pub use error::{JwksError, Unavailable};
pub use name::IssuerName;
pub use remote::{Keys, Lookup, RemoteJwks, Ticket};
pub use settings::{JwksUrl, RemoteSettings};
