//! A signing key of every algorithm. All are published examples: throw-away, known to everyone.

use superboring::mldsa::{Algorithm as ParameterSet, MlDsaPrivateKey};

use super::super::Algorithm;
use super::*;

/// RFC 7515 appendix A.2.1.
const RSA: &str = concat!(
    r#"{"kty":"RSA","e":"AQAB","n":""#,
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt",
    "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX",
    "ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5",
    "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    r#"","d":""#,
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol",
    "2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn43",
    "9X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8",
    "bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    r#"","p":""#,
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_",
    "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    r#"","q":""#,
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7Tje",
    "LQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    r#"","dp":""#,
    "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOK",
    "nu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    r#"","dq":""#,
    "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U",
    "0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    r#"","qi":""#,
    "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5",
    "cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
    r#""}"#
);

/// RFC 7515 appendix A.3.1.
const P256: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 6979 appendix A.2.6.
const P384: &str = r#"{"kty":"EC","crv":"P-384",
    "x":"7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT",
    "y":"gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg",
    "d":"a509rS4bjBwFsZh1tmWfTeI8O2Z78pe6mqR3QHhxN9iW1XJOTHCoJfhyyepg0u31"}"#;

/// The key that signs with `algorithm`, named `k1`.
pub(in crate::jwt) fn signing_jwk(algorithm: Algorithm) -> Jwk {
    use Algorithm as A;
    let jwk = match algorithm {
        A::Hs256 | A::Hs384 | A::Hs512 => {
            Jwk { kty: "oct".into(), k: Some(base64url([b'k'; 64])), ..Jwk::default() }
        }
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => parsed(RSA),
        A::Es256 => parsed(P256),
        A::Es384 => parsed(P384),
        A::EdDsa => private_jwk("k1"),
        A::MlDsa44 => ml_dsa(ParameterSet::MlDsa44),
        A::MlDsa65 => ml_dsa(ParameterSet::MlDsa65),
        A::MlDsa87 => ml_dsa(ParameterSet::MlDsa87),
    };
    Jwk { kid: Some("k1".into()), alg: Some(algorithm.name().into()), ..jwk }
}

/// The key that only verifies what [`signing_jwk`] signs; the same one for HMAC.
pub(in crate::jwt) fn verifying_jwk(algorithm: Algorithm) -> Jwk {
    let jwk = signing_jwk(algorithm);
    Jwk { d: None, p: None, q: None, dp: None, dq: None, qi: None, private: None, ..jwk }
}

fn parsed(text: &str) -> Jwk {
    serde_json::from_str(text).unwrap()
}

/// The key of the all-zero seed, as in RFC 9964.
fn ml_dsa(set: ParameterSet) -> Jwk {
    let seed = [0; 32];
    let key = MlDsaPrivateKey::from_seed(set, &seed).unwrap();
    let public = key.public_key().unwrap().to_bytes().unwrap();
    let (public, private) = (Some(base64url(public)), Some(base64url(seed)));
    Jwk { kty: "AKP".into(), public, private, ..Jwk::default() }
}
