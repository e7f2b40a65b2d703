//! Portcullis guards the edge: it issues, verifies and revokes JSON Web Tokens and enforces rate
//! limits, natively and in WebAssembly.
//!
//! Imports point one way: `jwt, limit, session <- store <- guard <- http <- {worker, npm}`.
#![cfg_attr(not(test), forbid(unsafe_code))]

pub mod limit;
pub mod store;
pub mod telemetry;
mod time;

pub use time::UnixMs;

#[cfg(all(feature = "worker", feature = "npm"))]
compile_error!(
    "features `worker` and `npm` never meet in one build: worker-build would make every function \
     of the npm surface callable as RPC on the Worker's entrypoint"
);
