//! The core from request to answer, natively: guard, http, config and telemetry over a memory
//! store, beside one that can be made to fail, lie or hang.
//!
//! Every answer of every test passes [`bench::walk`]: the form of a refusal, that it was counted
//! once, and that nothing secret stands in it, in a log line or in a metric.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a panic here fails the test, as it should"
)]
#![allow(unreachable_pub, reason = "a test crate has no public interface")]

mod addresses;
mod administration;
mod authorization;
mod bench;
mod bodies;
mod chain;
mod clients;
mod configuration;
mod cors;
mod cuts;
mod engines;
mod events;
mod failed_authentication;
mod foreign;
mod forged_tokens;
mod gateway;
mod introspection;
mod keys;
mod known_denials;
mod limits;
mod operations;
mod orders;
mod outages;
mod properties;
mod public_keys;
mod revocation;
mod routes;
mod rules;
mod secret_configuration;
mod sessions;
mod token_cache;
mod token_endpoint;
