//! The issue time a subject's cut is compared with.

use crate::UnixMs;

/// When a token was issued, and how well that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuedAt {
    /// To the millisecond: a token of ours.
    Ms(UnixMs),
    /// To the second (`iat`): a foreign token.
    Seconds(u64),
    /// Not said: any cut of its subject refuses it.
    Unknown,
}

impl IssuedAt {
    /// Whether a subject's cut at `cut` refuses a token issued then: everything issued up to the
    /// cut. Second-grained times are compared with the cut rounded up.
    #[must_use]
    pub const fn is_cut(self, cut: UnixMs) -> bool {
        match self {
            Self::Ms(issued) => issued.0 <= cut.0,
            Self::Seconds(seconds) => seconds <= cut.0.div_ceil(1000),
            Self::Unknown => true,
        }
    }

    /// The earliest cut that refuses a token issued then: for a store that compares one number.
    #[must_use]
    pub const fn earliest_cut(self) -> UnixMs {
        match self {
            Self::Ms(issued) => issued,
            Self::Seconds(0) | Self::Unknown => UnixMs(0),
            Self::Seconds(seconds) => {
                UnixMs(seconds.saturating_sub(1).saturating_mul(1000).saturating_add(1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_cut_refuses_what_was_issued_up_to_it() {
        let cut = UnixMs(5_400);
        assert!(IssuedAt::Ms(UnixMs(5_400)).is_cut(cut));
        assert!(!IssuedAt::Ms(UnixMs(5_401)).is_cut(cut));
        assert!(IssuedAt::Unknown.is_cut(cut));
    }

    #[test]
    fn the_earliest_cut_is_the_first_that_refuses() {
        for issued in [0, 1, 5, 5_400] {
            for issued_at in [IssuedAt::Ms(UnixMs(issued)), IssuedAt::Seconds(issued)] {
                let earliest = issued_at.earliest_cut();
                assert!(issued_at.is_cut(earliest), "{issued_at:?}");
                assert!(earliest.0 == 0 || !issued_at.is_cut(earliest.minus(1)), "{issued_at:?}");
            }
        }
        assert_eq!(IssuedAt::Unknown.earliest_cut(), UnixMs(0));
    }

    #[test]
    fn a_second_grained_time_is_compared_with_the_cut_rounded_up() {
        let cut = UnixMs(5_400);
        assert!(IssuedAt::Seconds(5).is_cut(cut));
        assert!(IssuedAt::Seconds(6).is_cut(cut));
        assert!(!IssuedAt::Seconds(7).is_cut(cut));
    }
}
