//! What the targets hold the library to: the same questions, answered slowly and plainly from a tree of
//! JSON. Nothing here is shared with the library but serde_json's reading of single values.

mod compact;
mod keys;
mod strict;
mod verdict;

pub use compact::{decode, encode};
pub use keys::{pem, sign_and_verify, signs_what_it_verifies};
pub use strict::strict_object;
pub use verdict::{Wanted, claims_fault, is_accepted, sign};
