//! What leaves a key: its public JWK, its private one, and names made of it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_simple::reexports::zeroize::Zeroizing;

use super::{Key, Material};
use crate::jwt::Jwk;

impl Key {
    /// The public JWK; `None` for a symmetric key, which has no public part, and for one held
    /// elsewhere.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        let Material::Pair(pair) = &self.material else { return None };
        Some(self.described(pair.public_jwk()))
    }

    /// The JWK with everything secret, as JSON text that is wiped when dropped; `None` for a key
    /// that cannot sign or is held elsewhere.
    #[must_use]
    pub fn private_jwk(&self) -> Option<Zeroizing<String>> {
        let (public, private) = match &self.material {
            Material::Secret(secret) => {
                (Jwk { kty: "oct".into(), ..Jwk::default() }, vec![("k", secret.bytes())])
            }
            Material::Pair(pair) => (pair.public_jwk(), pair.private_members()?),
            Material::Elsewhere { .. } => return None,
        };
        let public = serde_json::to_string(&self.described(public)).ok()?;
        // Room for all at once: growing would leave an unwiped copy behind. A member is its bytes
        // as base64url, its name, and quotes around both.
        let room = private.iter().fold(public.len(), |room, (name, bytes)| {
            room.saturating_add(bytes.len().saturating_mul(2)).saturating_add(name.len() | 16)
        });
        let mut text = Zeroizing::new(String::with_capacity(room));
        text.push_str(public.strip_suffix('}')?);
        for (name, bytes) in &private {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":\"");
            URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
            text.push('"');
        }
        text.push('}');
        Some(text)
    }

    /// The JWK thumbprint by SHA-256 (RFC 7638), which holders of the public key agree on; `None`
    /// for a symmetric key, of whose secret it would tell, and for one held elsewhere.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        self.public_jwk()?.thumbprint()
    }

    fn described(&self, material: Jwk) -> Jwk {
        Jwk {
            kid: Some(self.kid.clone()).filter(|kid| !kid.is_empty()),
            alg: Some(self.algorithm.name().into()),
            key_use: Some("sig".into()),
            ..material
        }
    }
}
