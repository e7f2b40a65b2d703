//! The signature port: the runtime's own cryptography, several times as quick as ours where ours is
//! WebAssembly.
//!
//! It does arithmetic and decides nothing else. Which key, whether it may be used and what is signed
//! is settled before; and every key has been taken in by this crate first, so what no key may be is
//! refused whatever the runtime thinks of it. HMAC never goes there: here it is quicker than the call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::Key;

/// What the runtime says, once it does, or why it does not: then we do it ourselves.
pub type Native<'a, T> = Pin<Box<dyn Future<Output = Result<T, NativeFault>> + 'a>>;

/// Why the runtime says nothing of a signature. It is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeFault {
    /// It does not take the key, as was found out just now.
    Refused,
    /// It does not take the key, as is known.
    Lacking,
    /// It takes the key, and failed at this signature.
    Failed,
}

/// Checks and makes signatures by the runtime's own cryptography.
///
/// An exception is no verdict but a [`NativeFault`]. A key that the runtime did not take is not
/// offered to it again.
pub trait Signatures: fmt::Debug + Sync {
    /// Whether `signature` is that of `key` over `input`.
    fn verify<'a>(&'a self, key: &'a Key, input: &'a [u8], signature: &'a [u8])
    -> Native<'a, bool>;

    /// The signature of `key` over `input`, in the form JWS has it.
    fn sign<'a>(&'a self, key: &'a Key, input: &'a [u8]) -> Native<'a, Vec<u8>>;
}

/// Who does the arithmetic of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// This crate.
    Wasm,
    /// The runtime.
    Native,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Wasm, Self::Native];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm",
            Self::Native => "native",
        }
    }
}
