//! The algorithms, by their names.

use serde::Deserialize;

/// How a policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Algorithm {
    /// One counter for windows that follow each other.
    FixedWindow,
    /// Two counters, the previous window's weighted by how much of it still overlaps.
    SlidingWindow,
    /// Every take that still counts.
    SlidingLog,
    /// Tokens that are refilled evenly, of which a burst can be saved up.
    TokenBucket,
    /// The generic cell rate algorithm: decides as a token bucket does, of one instant.
    Gcra,
}

impl Algorithm {
    /// What stands for it in a script's arguments and in a stored state.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::FixedWindow => "f",
            Self::SlidingWindow => "s",
            Self::SlidingLog => "l",
            Self::TokenBucket => "b",
            Self::Gcra => "g",
        }
    }

    /// The algorithm of that letter.
    pub(crate) fn from_letter(letter: &str) -> Option<Self> {
        let all = [
            Self::FixedWindow,
            Self::SlidingWindow,
            Self::SlidingLog,
            Self::TokenBucket,
            Self::Gcra,
        ];
        all.into_iter().find(|algorithm| algorithm.letter() == letter)
    }

    /// Whether it takes a burst of its own.
    #[must_use]
    pub const fn has_burst(self) -> bool {
        matches!(self, Self::TokenBucket | Self::Gcra)
    }
}
