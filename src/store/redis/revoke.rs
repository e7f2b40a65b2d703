//! revoke.

use super::keys::KeyPrefix;
use super::script::{Call, REVOKE, number};
use super::sessions;
use super::time::Clocks;
use crate::store::{Revocation, RevocationScope};

pub(super) fn call(prefix: &KeyPrefix, revocation: &Revocation, clocks: Clocks) -> Call {
    let Revocation { scope, key, expires, acknowledged } = *revocation;
    let entry = prefix.revoked(scope, key);
    let how = [
        number(revocation.cut(clocks.now()).0),
        clocks.life_ms(expires),
        number(u64::from(acknowledged.is_some())),
    ];
    match scope {
        RevocationScope::Token => {
            let args = std::iter::once(clocks.decided_by()).chain(how).collect();
            Call { script: &REVOKE, keys: vec![entry], args }
        }
        RevocationScope::Session => sessions::end(prefix, key, entry, clocks, &how),
        RevocationScope::Subject => sessions::cut(prefix, key, entry, clocks, &how),
    }
}
