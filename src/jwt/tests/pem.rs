//! Keys from PEM, as OpenSSL writes them: the examples of `test_keys`, encoded by Node 24.

use base64::engine::general_purpose::STANDARD;
use superboring::reexports::rsa::pkcs8::EncodePrivateKey as _;
use superboring::reexports::rsa::{BigUint, RsaPrivateKey};

use super::super::{Algorithm, Key};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// RFC 7515 appendix A.2.1, PKCS #8.
const RSA_PRIVATE: &str = concat!(
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXOjS1lYmM2K5J9vinh8CR3/BYlzJ",
    "ChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxLaYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8",
    "bpvfbr3SvaNnjuygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5ROjtZMEQxrZHYJ",
    "qkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkftoaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62E",
    "WQwuz3WTOTY8BwNNb2BvniHgVFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPE",
    "AeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/GO+pWJ1O0BkTGoVEn2bKVRUCgu+Gj",
    "BVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt",
    "4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR/RQyGWS",
    "eWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0KpLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2Ji",
    "uoF2yzWXnwFDcqGigp5BNr0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqElMGA",
    "g+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6kqa0finGG0KgeqlaZPxgCZnFp7AeAc",
    "CMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAPrq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54",
    "Xrrz2uNwkgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp5u9SN0Ai3Ya6hNnvWJ",
    "Mb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds29+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV",
    "7Jr5MR0AHWKNAoGBAIf/evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcGyoAe9f",
    "a65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZjOYiIDktVWZzmevJuv6WywUqd57LE3Zar",
    "3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fh",
    "d/QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A5603k2+ZQwVK0JKSHuLFku",
    "Q3U="
);
/// Its public key.
const RSA_PUBLIC: &str = concat!(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9",
    "k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b3269",
    "0r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665",
    "xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91",
    "kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB"
);
/// RFC 7515 appendix A.3.1, PKCS #8.
const P256_PRIVATE: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9L",
    "KhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiF",
    "iOWt"
);
/// Its public key.
const P256_PUBLIC: &str = concat!(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfo",
    "cs3+257rn0s2ldbqkLJK2KRiMohYjlrQ=="
);
/// The same key in the form of SEC 1.
const P256_SEC1: &str = concat!(
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49AwEHoUQDQgAEf83OJ3D2xF1Bg8",
    "vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ=="
);
/// RFC 6979 appendix A.2.6, PKCS #8.
const P384_PRIVATE: &str = concat!(
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBrnT2tLhuMHAWxmHW2ZZ9N4jw7Znvyl7qapHdAeHE32J",
    "bVck5McKgl+HLJ6mDS7fWhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4GquUoazAMZN748OqQVYZgZKJUUVSA",
    "vBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1TKhLPxydsSiLIxw64NT+c0T9JTMmRyA="
);
/// Its public key.
const P384_PUBLIC: &str = concat!(
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7DpOQVtOGaRWhhgCn0J/pdqai8SukuAuBqrlKGswDGTe+PDqkFWGYGSiVF",
    "FUgLwTgBXZty19VyROqO+awMYhiWcIpZNn+d+59UyoSz8cnbEoiyMcOuDU/nNE/SUzJkcg"
);
/// RFC 8037 appendix A.1, PKCS #8.
const ED25519_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
/// Its public key.
const ED25519_PUBLIC: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn pem(label: &str, body: &str) -> String {
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn pem_of(label: &str, der: &[u8]) -> String {
    pem(label, &STANDARD.encode(der))
}

/// A DER element of this tag.
fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match content.len() {
        0..=127 => vec![length[1]],
        128..=255 => vec![0x81, length[1]],
        _ => vec![0x82, length[0], length[1]],
    };
    [vec![tag], length, content].concat()
}

/// The algorithm identifier of ML-DSA-44 (`last` 17), ML-DSA-65 (18) or ML-DSA-87 (19).
fn ml_dsa_identifier(last: u8) -> Vec<u8> {
    element(0x30, &[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last]])
}

fn ml_dsa_private(last: u8, key: &[u8]) -> String {
    let parts = [vec![2, 1, 0], ml_dsa_identifier(last), element(4, &[key])];
    pem_of("PRIVATE KEY", &element(0x30, &parts.each_ref().map(Vec::as_slice)))
}

fn ml_dsa_public(last: u8, key: &[u8]) -> String {
    let parts = [ml_dsa_identifier(last), element(3, &[&[0], key])];
    pem_of("PUBLIC KEY", &element(0x30, &parts.each_ref().map(Vec::as_slice)))
}

/// Every algorithm that has PEM, its private key and its public key.
fn every_pem() -> Vec<(Algorithm, String, String)> {
    use Algorithm as A;
    let pair = |private, public| (pem("PRIVATE KEY", private), pem("PUBLIC KEY", public));
    let seed = [&[0x80, 32][..], &[0; 32]].concat();
    let ml_dsa = |algorithm, last| {
        let public = verifying_jwk(algorithm).public.unwrap();
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        (ml_dsa_private(last, &seed), ml_dsa_public(last, &public))
    };
    Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| {
            let (private, public) = match algorithm {
                A::Hs256 | A::Hs384 | A::Hs512 => return None,
                A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
                    pair(RSA_PRIVATE, RSA_PUBLIC)
                }
                A::Es256 => pair(P256_PRIVATE, P256_PUBLIC),
                A::Es384 => pair(P384_PRIVATE, P384_PUBLIC),
                A::EdDsa => pair(ED25519_PRIVATE, ED25519_PUBLIC),
                A::MlDsa44 => ml_dsa(algorithm, 17),
                A::MlDsa65 => ml_dsa(algorithm, 18),
                A::MlDsa87 => ml_dsa(algorithm, 19),
            };
            Some((algorithm, private, public))
        })
        .collect()
}

fn refused(algorithm: Algorithm, pem: &str) -> &'static str {
    Key::from_pem("k1", algorithm, pem).unwrap_err()
}

#[test]
fn a_key_read_from_pem_is_the_key_read_from_its_jwk() {
    for (algorithm, private, public) in every_pem() {
        let [from_pem, from_jwk] = [
            Key::from_pem("k1", algorithm, &private).unwrap(),
            Key::from_jwk(&signing_jwk(algorithm)).unwrap(),
        ];
        assert_eq!(from_pem.private_jwk(), from_jwk.private_jwk(), "{algorithm:?}");
        let public = Key::from_pem("k1", algorithm, &public).unwrap();
        assert!(!public.can_sign());
        assert_eq!(public.thumbprint(), from_jwk.thumbprint(), "{algorithm:?}");
    }
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    for (algorithm, private, public) in every_pem() {
        let others = Algorithm::ALL
            .into_iter()
            .filter(|other| *other != algorithm && !(other.is_rsa() && algorithm.is_rsa()));
        for other in others {
            refused(other, &private);
            refused(other, &public);
        }
    }
}

#[test]
fn other_forms_of_pem_are_refused_by_name() {
    let form = "the PEM must be a PRIVATE KEY (PKCS #8) or a PUBLIC KEY (SPKI)";
    for label in ["EC PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(refused(Algorithm::Es256, &pem(label, P256_SEC1)), form, "{label}");
    }
    assert_eq!(
        refused(Algorithm::Es256, &pem("PRIVATE KEY", P256_SEC1)),
        "not a private key of P-256"
    );
    assert_eq!(
        refused(Algorithm::Es256, &pem("PUBLIC KEY", P256_PRIVATE)),
        "not a public key of P-256"
    );
    let secret = refused(Algorithm::Hs256, &pem("PRIVATE KEY", P256_PRIVATE));
    assert_eq!(secret, "a secret is not written as PEM");
}

#[test]
fn text_that_is_not_pem_or_too_long_is_refused() {
    for text in ["", "-----BEGIN PUBLIC KEY-----", P256_PUBLIC, "\u{feff}"] {
        assert_eq!(refused(Algorithm::Es256, text), "not PEM", "{text}");
    }
    let label = "PUBLIC KEY";
    for body in [&P256_PUBLIC[1..], &P256_PUBLIC.replace('=', ""), "", "!!!!"] {
        refused(Algorithm::Es256, &pem(label, body));
    }
    let long = format!("{}{}", pem(label, P256_PUBLIC), " ".repeat(8192));
    assert_eq!(refused(Algorithm::Es256, &long), "the PEM is too long");
}

#[test]
fn anything_behind_a_key_is_refused() {
    for (algorithm, private, public) in every_pem() {
        for (label, text) in [("PRIVATE KEY", private), ("PUBLIC KEY", public)] {
            let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
            let mut der = STANDARD.decode(body).unwrap();
            der.push(0);
            refused(algorithm, &pem_of(label, &der));
        }
    }
}

#[test]
fn an_rsa_key_in_pem_is_held_to_the_same_bounds() {
    let public = |bytes: usize, e: &[u8]| {
        let n = [&[0][..], &vec![0xff; bytes]].concat();
        let key = element(0x30, &[&element(2, &[&n]), &element(2, &[e])]);
        let rsa = element(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 1], &[5, 0]]);
        pem_of("PUBLIC KEY", &element(0x30, &[&rsa, &element(3, &[&[0], &key])]))
    };
    let e = [1, 0, 1];
    let taken = |bytes| Key::from_pem("k1", Algorithm::Rs256, &public(bytes, &e)).is_ok();
    assert!(taken(256) && taken(512));
    let short = refused(Algorithm::Rs256, &public(255, &e));
    assert_eq!(short, "n is too short: at least 2048 bits");
    refused(Algorithm::Rs256, &public(513, &e));
    assert_eq!(refused(Algorithm::Rs256, &public(256, &[3])), "e must be 65537 (AQAB)");
}

/// Of numbers that are no primes, which nobody looks for: what counts is the length.
#[test]
fn a_private_rsa_key_in_pem_has_4096_bits_at_most() {
    let private = |bits: usize| {
        let odd = |bits: usize| (BigUint::from(1_u8) << bits) + 1_u8;
        let (p, q) = (odd(bits / 2), odd(bits / 2 - 1));
        let key = RsaPrivateKey::from_p_q(p, q, BigUint::from(65_537_u32)).unwrap();
        pem_of("PRIVATE KEY", key.to_pkcs8_der().unwrap().as_bytes())
    };
    assert!(Key::from_pem("k1", Algorithm::Rs256, &private(4096)).is_ok());
    assert_eq!(refused(Algorithm::Rs256, &private(4098)), "n is too long");
}

/// A key of X25519 looks like one of Ed25519 but for its name.
#[test]
fn a_key_of_the_same_length_and_another_name_is_refused() {
    for (label, body, name) in
        [("PUBLIC KEY", ED25519_PUBLIC, 8), ("PRIVATE KEY", ED25519_PRIVATE, 11)]
    {
        let mut der = STANDARD.decode(body).unwrap();
        assert_eq!(std::mem::replace(&mut der[name], 0x6e), 0x70);
        refused(Algorithm::EdDsa, &pem_of(label, &der));
    }
}

#[test]
fn an_ml_dsa_key_in_pem_has_its_seed() {
    let octets = |length| element(4, &[&vec![0; length]]);
    let expanded = octets(2560);
    let both = element(0x30, &[&octets(32), &expanded]);
    let key = Key::from_pem("k1", Algorithm::MlDsa44, &ml_dsa_private(17, &both)).unwrap();
    let expected = Key::from_jwk(&signing_jwk(Algorithm::MlDsa44)).unwrap();
    assert_eq!(key.private_jwk(), expected.private_jwk());
    for no_seed in [
        expanded.clone(),
        element(0x30, &[&octets(31), &expanded]),
        element(0x30, &[&octets(32)]),
        element(0x30, &[&octets(32), &expanded, &expanded]),
        [&[0x80, 31][..], &[0; 31]].concat(),
        vec![],
    ] {
        let refused = refused(Algorithm::MlDsa44, &ml_dsa_private(17, &no_seed));
        assert_eq!(refused, "the private key must have its seed");
    }
}

/// RFC 5958 allows a public key beside the private one; it must be its own.
#[test]
fn an_ed25519_key_beside_a_foreign_public_key_is_refused() {
    let with_public = |public: &[u8]| {
        let seed = element(4, &[&element(4, &[&URL_SAFE_NO_PAD.decode(D).unwrap()])]);
        let name = element(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
        let public = element(0x81, &[&[0], public]);
        pem_of("PRIVATE KEY", &element(0x30, &[&[2, 1, 1], &name, &seed, &public]))
    };
    let own = URL_SAFE_NO_PAD.decode(X).unwrap();
    assert!(Key::from_pem("k1", Algorithm::EdDsa, &with_public(&own)).is_ok());
    let reason = "the private key does not belong to the public one";
    assert_eq!(refused(Algorithm::EdDsa, &with_public(&[1; 32])), reason);
}
