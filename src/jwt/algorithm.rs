//! The signature algorithms (RFC 7518, RFC 8037, RFC 9964).

/// A JWS algorithm Portcullis signs and verifies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 section 3.2).
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, in its mask too, and a salt as long (RFC 7518 section 3.5).
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519 (RFC 8037 section 3.1).
    EdDsa,
    /// ML-DSA-44 (RFC 9964, FIPS 204).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl Algorithm {
    /// All of them, each at the place of its discriminant.
    pub const ALL: [Self; 15] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The algorithm of a JOSE `alg` value; `None` for any other, `none` in any case included.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        // By bytes: matched as text, each arm would be a call that compares memory.
        Some(match name.as_bytes() {
            b"HS256" => Self::Hs256,
            b"HS384" => Self::Hs384,
            b"HS512" => Self::Hs512,
            b"RS256" => Self::Rs256,
            b"RS384" => Self::Rs384,
            b"RS512" => Self::Rs512,
            b"PS256" => Self::Ps256,
            b"PS384" => Self::Ps384,
            b"PS512" => Self::Ps512,
            b"ES256" => Self::Es256,
            b"ES384" => Self::Es384,
            b"EdDSA" => Self::EdDsa,
            b"ML-DSA-44" => Self::MlDsa44,
            b"ML-DSA-65" => Self::MlDsa65,
            b"ML-DSA-87" => Self::MlDsa87,
            _ => return None,
        })
    }

    /// The JOSE `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// The most bytes a signature of any has: ML-DSA-87's.
    pub const SIGNATURE_BYTES_MAX: usize = 4627;

    /// How many bytes each of its signatures has; `None` for RSA, where it is the key that says.
    #[must_use]
    pub const fn signature_bytes(self) -> Option<usize> {
        Some(match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 | Self::Es256 | Self::EdDsa => 64,
            Self::Es384 => 96,
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => Self::SIGNATURE_BYTES_MAX,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                return None;
            }
        })
    }

    /// Whether the verifying key can also sign, and so must stay secret.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Whether its keys are RSA's, which six algorithms share.
    pub(super) const fn is_rsa(self) -> bool {
        matches!(
            self,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512
        )
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_algorithm_is_listed_at_its_place_and_known_by_its_name_alone() {
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            assert_eq!(algorithm as usize, place);
            let name = algorithm.name();
            assert_eq!(Algorithm::from_name(name), Some(algorithm));
            for other in [name.to_lowercase(), format!("{name} "), format!("{name}\0")] {
                assert_eq!(Algorithm::from_name(&other), None, "{other:?}");
            }
        }
    }

    #[test]
    fn an_algorithm_we_do_not_have_is_none_of_ours() {
        for name in ["", "none", "None", "NONE", "nOnE", "ES512", "ES256K", "Ed25519", "HS1"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }
}
