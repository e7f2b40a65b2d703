//! Deterministic simulation: many isolates run the real guard over a simulated store and network, in
//! virtual time, by a schedule of requests and faults that a seed gives. docs/simulation.md says what
//! is checked.
//!
//! ```text
//! cargo test --test simulation                      2,000 seeds
//! cargo test --test simulation -- seed=7            one, with its trace if it fails
//! cargo test --test simulation -- seeds=9 from=100  some
//! cargo test --features planted-bugs --test simulation -- planted
//! ```
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a panic here fails the test, as it should, and what is printed is its report"
)]
#![allow(unreachable_pub, reason = "a test crate has no public interface")]

mod answers;
mod coverage;
mod deployment;
mod invariants;
mod isolate;
mod kv;
mod model;
mod network;
mod plan;
#[cfg(feature = "planted-bugs")]
mod planted;
mod polls;
mod primary;
mod report;
mod request;
mod rng;
mod run;
mod server;
mod sessions;
mod shrink;
mod takes;
mod token;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    report::main(std::env::args().skip(1).collect())
}
