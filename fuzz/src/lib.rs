//! What the targets hold the library to: the same questions, answered slowly and plainly from a tree of
//! JSON. Nothing here is shared with the library but serde_json's reading of single values.

mod compact;
mod strict;
mod verdict;

pub use compact::{decode, encode};
pub use strict::strict_object;
pub use verdict::{Wanted, claims_fault, is_accepted, sign};
