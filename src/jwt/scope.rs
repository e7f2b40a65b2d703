//! The grammar of `scope` (RFC 6749 section 3.3).

/// Whether `scope` is one scope token: printable ASCII without space, quote or backslash.
#[must_use]
pub fn is_scope_token(scope: &str) -> bool {
    let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(allowed)
}
