//! admit and peek: one call, one answer.

use super::keys::KeyPrefix;
use super::limit;
use super::reply::{Answer, UNEXPECTED};
use super::script::{ADMIT, Call, number};
use super::time::Clocks;
use crate::limit::Decision;
use crate::store::{Admission, Admit, Outcome, RevocationScope, StoreError, Take, TokenCheck};

pub(super) fn admit(prefix: &KeyPrefix, admit: &Admit<'_>, clocks: Clocks) -> Call {
    call("admit", prefix, admit.token.as_ref(), &admit.takes, clocks)
}

pub(super) fn peek(prefix: &KeyPrefix, takes: &[Take<'_>], clocks: Clocks) -> Call {
    call("peek", prefix, None, takes, clocks)
}

fn call(
    mode: &str,
    prefix: &KeyPrefix,
    check: Option<&TokenCheck>,
    takes: &[Take<'_>],
    clocks: Clocks,
) -> Call {
    let mut keys = vec![prefix.epoch(), prefix.rules()];
    let mut scopes = String::new();
    for (scope, name) in check.into_iter().flat_map(TokenCheck::names) {
        scopes.push(letter(scope));
        keys.push(prefix.revoked(scope, name));
    }
    let earliest_cut = check.map_or(0, |check| check.issued_at.earliest_cut().0);
    let mut args =
        vec![mode.to_owned(), clocks.decided_by(), clocks.caller(), scopes, number(earliest_cut)];
    for take in takes {
        let quota = take.policy.quota;
        keys.push(prefix.limit(&take.policy.name, take.key));
        // The script never sees a cost no wait would satisfy, nor one beyond a double.
        let cost = if quota.accepts(take.cost) { take.cost } else { 0 };
        let shadow = u64::from(take.policy.shadow);
        args.extend(limit::algorithm(take.policy.algorithm, quota));
        args.extend([cost, shadow].map(|number| number.to_string()));
    }
    Call { script: &ADMIT, keys, args }
}

/// Stands for a scope in the script's arguments.
const fn letter(scope: RevocationScope) -> char {
    match scope {
        RevocationScope::Token => 't',
        RevocationScope::Session => 's',
        RevocationScope::Subject => 'u',
    }
}

/// Reads the answer to [`admit`].
pub(super) fn admission(asked: &Admit<'_>, mut answer: Answer) -> Result<Admission, StoreError> {
    let revoked = match answer.integer()? {
        0 => None,
        1 => Some(RevocationScope::Token),
        2 => Some(RevocationScope::Session),
        3 => Some(RevocationScope::Subject),
        _ => return Err(UNEXPECTED),
    };
    let unreadable = answer.flag()?;
    let repaired = u32::try_from(answer.integer()?).map_err(|_| UNEXPECTED)?;
    let epoch = Some(answer.number()?);
    let rules = Some(answer.number()?);
    let clock_ahead_ms = answer.integer()?;
    let asked_for =
        |scope| asked.token.is_some_and(|check| check.names().any(|(named, _)| named == scope));
    let outcomes = match revoked {
        Some(scope) if !asked_for(scope) => return Err(UNEXPECTED),
        None if unreadable => return Err(UNEXPECTED),
        Some(_) => Vec::new(),
        None => outcomes(&asked.takes, &mut answer)?,
    };
    answer.end()?;
    Ok(Admission {
        revoked,
        unreadable,
        unchecked: None,
        outcomes,
        repaired,
        epoch,
        rules,
        clock_ahead_ms,
    })
}

/// Reads the answer to [`peek`].
pub(super) fn peeked(takes: &[Take<'_>], mut answer: Answer) -> Result<Vec<Outcome>, StoreError> {
    for _ in 0..6 {
        answer.integer()?;
    }
    let outcomes = outcomes(takes, &mut answer)?;
    answer.end()?;
    Ok(outcomes)
}

fn outcomes(takes: &[Take<'_>], answer: &mut Answer) -> Result<Vec<Outcome>, StoreError> {
    takes.iter().map(|take| outcome(take, answer)).collect()
}

pub(super) fn outcome(take: &Take<'_>, answer: &mut Answer) -> Result<Outcome, StoreError> {
    let quota = take.policy.quota;
    let allowed = answer.flag()?;
    let remaining = answer.number()?;
    let reset_ms = answer.number()?;
    let retry_after_ms = match answer.integer()? {
        -1 => None,
        wait_ms => Some(u64::try_from(wait_ms).map_err(|_| UNEXPECTED)?),
    };
    // An answer that contradicts itself is not the script's, and must not be taken for a yes.
    let out_of_range = !quota.accepts(take.cost);
    if remaining > quota.burst() || (allowed && (retry_after_ms.is_some() || out_of_range)) {
        return Err(UNEXPECTED);
    }
    let decision = Decision { allowed, limit: quota.limit(), remaining, reset_ms, retry_after_ms };
    Ok(Outcome { decision, shadow: take.policy.shadow, overflow: false, degraded: None })
}
