// A JWK as the runtime's own key, so that no library imports it anew for each token.

const ALGORITHMS = {
  HS256: { name: "HMAC", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** Resolves to the CryptoKey that verifies. */
export function importKey({ alg, kid, ...jwk }) {
  return crypto.subtle.importKey("jwk", jwk, ALGORITHMS[alg], false, ["verify"]);
}

/** What WebCrypto is given beside the key to verify: a bare name where that is enough, as it is read faster. */
export const verifyParameters = (alg) => (alg === "ES256" ? ALGORITHMS.ES256 : ALGORITHMS[alg].name);
