//! Signing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{error, options, read_key, refusal};
use crate::jwt::{Algorithm, JwtError, Key, check_json_object};

/// Most bytes of claims: what no verifier would take as a token need not be made one.
const CLAIMS_BYTES_MAX: usize = 64 * 1024;
/// Room for them, and for a character more, so that longer ones show: of text that does not fit whole characters are
/// left out.
const CLAIMS_ROOM_BYTES: usize = CLAIMS_BYTES_MAX + 4;
/// Most bytes of a token behind its header and dot: claims, a dot and a signature. Base64url takes four
/// for three.
const MADE_BYTES_MAX: usize =
    (CLAIMS_BYTES_MAX * 4).div_ceil(3) + 1 + (Algorithm::SIGNATURE_BYTES_MAX * 4).div_ceil(3);

/// Signs claims with one key.
#[wasm_bindgen]
pub struct TokenSigner {
    key: Key,
    /// The encoded header and the dot behind it, which every token begins with.
    header_bytes: usize,
    /// First the token, then the claims it is made of. It never moves.
    room: Box<[u8]>,
    /// Where the claims begin.
    claims_at: usize,
    refused: Option<JsValue>,
}

#[wasm_bindgen]
impl TokenSigner {
    /// `jwk`: a JWK that can sign, as JSON text. `options`: an object with `typ`, the header's
    /// (`"JWT"`). `held`: in place of `jwk`, a key the runtime holds, as JSON `{kid, alg, canSign}`.
    ///
    /// # Errors
    /// An `Error` with code `ERR_JWK_INVALID` or `ERR_CONFIG_INVALID`.
    #[wasm_bindgen(constructor)]
    pub fn new(jwk: &str, options: JsValue, held: Option<String>) -> Result<TokenSigner, JsValue> {
        let key = read_key(jwk, held.as_deref())?;
        if !key.can_sign() {
            return Err(error("ERR_JWK_INVALID", "the key cannot sign"));
        }
        let options::Signing { typ } = options::read(options)?;
        let (alg, kid) = (key.algorithm().name(), key.kid());
        let header = serde_json::json!({ "alg": alg, "typ": typ, "kid": kid }).to_string();
        let mut header = URL_SAFE_NO_PAD.encode(header);
        header.push('.');
        let claims_at = header.len().saturating_add(MADE_BYTES_MAX);
        let mut room = vec![0; claims_at.saturating_add(CLAIMS_ROOM_BYTES)].into_boxed_slice();
        room.iter_mut().zip(header.bytes()).for_each(|(byte, new)| *byte = new);
        Ok(Self { key, header_bytes: header.len(), room, claims_at, refused: None })
    }

    /// The address of the room, at which a token stands once it is made.
    #[wasm_bindgen(js_name = roomAt)]
    pub fn room_at(&self) -> *const u8 {
        self.room.as_ptr()
    }

    /// How many bytes of it the token may take.
    #[wasm_bindgen(js_name = claimsAt)]
    pub fn claims_at(&self) -> usize {
        self.claims_at
    }

    /// How many bytes follow, for the claims.
    #[wasm_bindgen(js_name = claimsRoomBytes)]
    pub fn claims_room_bytes(&self) -> usize {
        CLAIMS_ROOM_BYTES
    }

    /// Makes a token of the claims that are the first `claims_bytes` bytes of their part of the
    /// room: one JSON object, signed as it is written. Its length in bytes; 0 for a refusal, which
    /// [`TokenSigner::take_refusal`] then has.
    #[wasm_bindgen(js_name = signInRoom)]
    pub fn sign_in_room(&mut self, claims_bytes: usize) -> usize {
        let made = self.input(claims_bytes).and_then(|input_bytes| {
            let input = self.room.get(..input_bytes).unwrap_or_default();
            let signature = self.key.sign(input).ok_or(if self.key.is_elsewhere() {
                JwtError::NotSupported { what: "this key, here" }
            } else {
                JwtError::NoSigningKey
            })?;
            let place = self.room.get_mut(input_bytes..).unwrap_or_default();
            let (dot, place) = place.split_first_mut().ok_or(ROOM)?;
            *dot = b'.';
            let encoded = URL_SAFE_NO_PAD.encode_slice(signature, place).map_err(|_| ROOM)?;
            Ok(input_bytes.saturating_add(1).saturating_add(encoded))
        });
        self.leave(made)
    }

    /// The same without the signature: what it is to be over, for the runtime to sign.
    #[wasm_bindgen(js_name = inputInRoom)]
    pub fn input_in_room(&mut self, claims_bytes: usize) -> usize {
        let made = self.input(claims_bytes);
        self.leave(made)
    }

    /// Why the last claims were refused: an `Error`.
    #[wasm_bindgen(js_name = takeRefusal)]
    pub fn take_refusal(&mut self) -> Option<JsValue> {
        self.refused.take()
    }

    fn input(&mut self, claims_bytes: usize) -> Result<usize, JwtError> {
        let (token, claims) = self.room.split_at_mut(self.claims_at.min(self.room.len()));
        let fits = claims_bytes <= CLAIMS_BYTES_MAX;
        let claims = claims.get(..claims_bytes).filter(|_| fits).ok_or(ROOM)?;
        let text = str::from_utf8(claims)
            .map_err(|_| JwtError::ClaimsSetInvalid { reason: "not UTF-8" })?;
        check_json_object(text).map_err(|reason| JwtError::ClaimsSetInvalid { reason })?;
        let place = token.get_mut(self.header_bytes..).ok_or(ROOM)?;
        let encoded = URL_SAFE_NO_PAD.encode_slice(claims, place).map_err(|_| ROOM)?;
        Ok(self.header_bytes.saturating_add(encoded))
    }

    fn leave(&mut self, made: Result<usize, JwtError>) -> usize {
        made.unwrap_or_else(|refused| {
            self.refused = Some(refusal(&refused));
            0
        })
    }
}

const ROOM: JwtError = JwtError::ClaimsSetInvalid { reason: "too long" };
