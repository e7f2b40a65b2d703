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
    fn a_second_grained_time_is_compared_with_the_cut_rounded_up() {
        let cut = UnixMs(5_400);
        assert!(IssuedAt::Seconds(5).is_cut(cut));
        assert!(IssuedAt::Seconds(6).is_cut(cut));
        assert!(!IssuedAt::Seconds(7).is_cut(cut));
    }
}
