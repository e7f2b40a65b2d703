//! Bugs the simulation plants to prove that it finds them: behind the feature `planted-bugs`, which goes
//! with no platform's feature, so with nothing that is released. Without it none is ever there, and
//! the compiler leaves the question out.
#![cfg_attr(
    not(feature = "planted-bugs"),
    allow(unreachable_pub, reason = "public where the simulation names them")
)]

#[cfg(feature = "planted-bugs")]
use std::cell::Cell;

/// A mistake somebody could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A token is accepted after its end.
    ExpiredAccepted,
    /// What a store says is revoked is not remembered.
    PositiveForgotten,
    /// A store that lost its data is not told again.
    LossNotRetold,
    /// Any token is accepted unchecked, however long it lives.
    ExposureIgnored,
    /// A revocation whose outcome is unknown is acknowledged as stored.
    UnknownAcknowledged,
    /// The journal is never replayed.
    JournalNotReplayed,
    /// The drain passes over entries.
    DrainSkips,
    /// In an outage an instance counts against the whole quota.
    ShareIgnored,
    /// A denial is not enforced.
    DenialIgnored,
    /// A call that is denied takes from the limits that would have allowed it.
    DeniedCharged,
    /// Cost whose outcome is unknown is merged.
    UnknownMerged,
    /// Requests wait for a store while its breaker is open.
    OpenWaits,
    /// An open breaker lets no probe through.
    OpenForEver,
    /// An answer does not say that it was decided without the store.
    DegradedUnsaid,
    /// A failure of the store is not told.
    FailureUntold,
    /// A full map drops an entry that lives for a newcomer.
    LivingEvicted,
    /// A count in the overflow bucket lifts a block.
    BlockLifted,
    /// A revocation is acknowledged that a full journal did not take.
    FullAcknowledged,
    /// A refresh token is given its successor again however late.
    GraceIgnored,
    /// A refresh token that is used twice leaves its session alone.
    ReuseSpared,
    /// A request that is sent again has another refresh token.
    SuccessorVaries,
    /// A session that this instance knows as revoked is refreshed.
    EndedRefreshed,
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// From now on there is this bug, or none, in all that this thread runs.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether the bug is there.
#[cfg(feature = "planted-bugs")]
pub(crate) fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether the bug is there: it is not.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
