//! What every store promises: one suite, run over each of them.
//!
//! A store's test module implements [`Bench`] and calls [`store_contract!`]. A store with weaker
//! promises names the checks it keeps instead of taking all of them. Checks share no keys and no
//! policies, so they may run over one shared store; waits are short enough for real time.

// Native only: the time is real, and the store somewhere else.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod in_workerd;
mod limits;
mod merge;
mod records;
mod revocations;
mod rules;
mod sessions;

use std::sync::Arc;

use crate::UnixMs;
use crate::limit::{Algorithm, KeyPart, OnOutage, Policy, PolicyName, Quota, Trigger};
use crate::store::{EntryKey, KeySpace, Store, Take};
pub(crate) use limits::*;
pub(crate) use merge::*;
pub(crate) use records::*;
pub(crate) use revocations::*;
pub(crate) use rules::*;
pub(crate) use sessions::*;
/// A store on the bench: with the time it goes by, simulated or real.
pub(crate) trait Bench {
    type Store: Store;
    fn store(&self) -> &Self::Store;
    fn now(&self) -> UnixMs;
    async fn pass(&self, ms: u64);
}

/// A test for each check of the contract, each over a bench of its own. `ignored: "why", bench` marks them so:
/// for a bench that something else must start.
macro_rules! store_contract {
    (ignored: $why:literal, $bench:expr) => {
        $crate::store::contract::store_contract!(@all [#[ignore = $why]] $bench);
    };
    (ignored: $why:literal, $bench:expr; $($check:ident),+) => {
        $crate::store::contract::store_contract!(@each [#[ignore = $why]] $bench; $($check),+);
    };
    (@all $marks:tt $bench:expr) => {
        $crate::store::contract::store_contract!(
            @each $marks $bench;
            a_quota_admits_its_limit_and_no_more,
            a_refusal_ends_when_it_was_said_to,
            a_denied_take_takes_nothing_from_any_policy,
            a_key_taken_from_twice_in_one_call_is_counted_twice,
            a_cost_out_of_range_is_denied_for_good,
            peeking_takes_nothing,
            a_shadow_counts_and_never_denies,
            keys_and_policies_are_counted_apart,
            reset_forgets_one_key_of_one_policy,
            cost_is_counted_after_the_fact_or_given_back_within_what_the_quota_holds,
            an_adjustment_lifts_no_penalty,
            a_penalty_denies_for_its_time_and_a_shorter_one_does_not_end_it,
            merged_cost_counts_against_the_quota,
            a_repeated_batch_counts_once,
            a_sequence_below_the_last_one_counts_nothing,
            a_batch_of_several_keys_and_policies_counts_each,
            a_batch_too_large_is_refused_whole,
            windows_that_are_over_are_not_merged,
            merging_never_unblocks,
            a_revoked_token_is_named_by_its_scope_and_takes_nothing,
            a_subjects_cut_refuses_what_was_issued_up_to_it,
            a_replayed_cut_spares_what_was_issued_after_it_was_acknowledged,
            a_revocation_only_ever_extends,
            a_generation_is_exchanged_once_or_again_within_its_grace,
            a_session_is_exchanged_for_its_own_subject_alone,
            a_generation_used_twice_outside_its_grace_kills_the_session,
            a_session_that_is_killed_takes_its_access_tokens_along,
            a_session_opens_once_and_ends,
            a_session_ends_unless_it_is_refreshed_in_time,
            revoking_a_session_or_subject_ends_what_was_open,
            a_revoked_session_is_not_opened_by_a_call_that_arrives_late,
            a_replayed_cut_spares_sessions_opened_after_it_was_acknowledged,
            a_subjects_sessions_are_listed_oldest_first_until_they_end,
            a_record_lives_until_its_end_and_is_replaced_whole,
            rules_replace_the_version_they_were_made_of_and_no_other,
            every_admission_says_which_rules_there_are
        );
    };
    (@each $marks:tt $bench:expr; $($check:ident),+) => {
        $($crate::store::contract::store_contract!(@one $marks $bench; $check);)+
    };
    (@one [$($mark:tt)*] $bench:expr; $check:ident) => {
        #[test]
        $($mark)*
        fn $check() {
            pollster::block_on($crate::store::contract::$check(&$bench));
        }
    };
    ($bench:expr) => {
        $crate::store::contract::store_contract!(@all [] $bench);
    };
    ($bench:expr; $($check:ident),+) => {
        $crate::store::contract::store_contract!(@each [] $bench; $($check),+);
    };
}
pub(crate) use store_contract;

pub(crate) fn policy(name: &str, limit: u64, window_ms: u64) -> Policy {
    Policy {
        name: PolicyName::new(name).unwrap(),
        key: [KeyPart::Subject].into(),
        applies: Arc::default(),
        algorithm: Algorithm::SlidingWindow,
        quota: Quota::new(limit, window_ms).unwrap(),
        trigger: Trigger::Request,
        shadow: false,
        on_outage: OnOutage::default(),
    }
}

pub(crate) fn key(value: &str) -> EntryKey {
    EntryKey::new(KeySpace::Subject, "https://contract", value)
}

pub(crate) fn take<'a>(policy: &'a Policy, value: &str, cost: u64) -> Take<'a> {
    Take { policy, key: key(value), cost }
}
