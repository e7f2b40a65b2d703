//! Portcullis guards the edge: it issues, verifies and revokes JSON Web Tokens and enforces rate
//! limits, natively and in WebAssembly.
//!
//! Imports point one way: `jwt, limit, session <- store <- guard <- http <- {worker, npm}`.
// wasm-bindgen generates unsafe glue; without it there is none, and none can be let in.
#![cfg_attr(not(any(feature = "worker", feature = "npm")), forbid(unsafe_code))]

pub mod background;
pub mod config;
pub mod fallback;
pub mod fetch;
pub mod gateway;
pub mod guard;
pub mod http;
pub mod instance;
mod json_fault;
pub mod jwks;
pub mod jwt;
pub mod limit;
#[cfg(all(feature = "npm", target_arch = "wasm32"))]
mod npm;
#[cfg(feature = "planted-bugs")]
pub mod planted;
#[cfg(not(feature = "planted-bugs"))]
mod planted;
pub mod rules;
pub mod session;
pub mod store;
pub mod telemetry;
mod time;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
mod worker;

pub use time::UnixMs;

#[cfg(all(feature = "worker", feature = "npm"))]
compile_error!(
    "features `worker` and `npm` never meet in one build: worker-build would make every function \
     of the npm surface callable as RPC on the Worker's entrypoint"
);

#[cfg(all(
    feature = "planted-bugs",
    any(feature = "worker", feature = "npm", not(debug_assertions))
))]
compile_error!("feature `planted-bugs` is for the simulation alone and part of nothing released");

/// The examples of the README run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
