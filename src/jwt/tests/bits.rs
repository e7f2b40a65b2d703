//! Given a valid token, no token one bit away from it is valid.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How many tokens differ from `token` in one bit, all of which must be refused.
fn refused_neighbours(token: &str, keys: &KeySet) -> usize {
    assert!(verify(token, keys, &Policy::default()).is_ok());
    let mut refused = 0;
    for place in 0..token.len() {
        for bit in 0..8 {
            let mut bytes = token.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            // The eighth bit makes it no text, which is not even a token.
            let Ok(neighbour) = String::from_utf8(bytes) else { continue };
            let outcome = verify(&neighbour, keys, &Policy::default());
            assert!(outcome.is_err(), "bit {bit} of byte {place}");
            refused += 1;
        }
    }
    refused
}

#[test]
fn no_bit_of_an_hs256_token_can_be_flipped() {
    let keys = hs256();
    let token = signed(&keys, r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#, PAYLOAD);
    assert_eq!(refused_neighbours(&token, &keys), token.len() * 7);
}

#[test]
fn no_bit_of_an_eddsa_token_can_be_flipped() {
    let keys = eddsa();
    let token = signed(&keys, r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#, PAYLOAD);
    assert_eq!(refused_neighbours(&token, &keys), token.len() * 7);
}

/// The characters of a token carry six bits each; here every bit of the signature itself is
/// flipped and encoded canonically again.
#[test]
fn no_bit_of_a_decoded_signature_can_be_flipped() {
    for (keys, header) in [(hs256(), HS256_HEADER), (eddsa(), EDDSA_HEADER)] {
        let token = signed(&keys, header, PAYLOAD);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{input}.{}", base64url(flipped));
            assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "{bit}");
        }
    }
}
