// Keys that WebCrypto holds: a CryptoKey signs and verifies by itself, extractable or not.

const rsa = (name, hash, saltLength) => ({ name, hash, params: { name, saltLength } });
const ec = (namedCurve, hash) => ({ name: "ECDSA", namedCurve, params: { name: "ECDSA", hash } });
const hmac = (hash, bits) => ({ name: "HMAC", hash, bits, params: { name: "HMAC" } });
const only = (name) => ({ name, params: { name } });

/** WebCrypto's names for our algorithms: what the key must be, and what it is used with. */
const ALGORITHMS = {
  HS256: hmac("SHA-256", 256),
  HS384: hmac("SHA-384", 384),
  HS512: hmac("SHA-512", 512),
  RS256: rsa("RSASSA-PKCS1-v1_5", "SHA-256"),
  RS384: rsa("RSASSA-PKCS1-v1_5", "SHA-384"),
  RS512: rsa("RSASSA-PKCS1-v1_5", "SHA-512"),
  PS256: rsa("RSA-PSS", "SHA-256", 32),
  PS384: rsa("RSA-PSS", "SHA-384", 48),
  PS512: rsa("RSA-PSS", "SHA-512", 64),
  ES256: ec("P-256", "SHA-256"),
  ES384: ec("P-384", "SHA-384"),
  EdDSA: only("Ed25519"),
  "ML-DSA-44": only("ML-DSA-44"),
  "ML-DSA-65": only("ML-DSA-65"),
  "ML-DSA-87": only("ML-DSA-87"),
};

/**
 * { kid, alg, cryptoKey } with verifyAsync() and signAsync(), whatever of them the key allows; both to be awaited. Throws an
 * Error with code ERR_JWK_INVALID where the key is not one for `alg` and `use`, or is too short: what we ask of
 * our own keys.
 */
export function heldKey({ kid, alg, cryptoKey }, use) {
  const algorithm = Object.hasOwn(ALGORITHMS, alg) ? ALGORITHMS[alg] : undefined;
  const fault = algorithm === undefined ? "alg is not supported" : faultOf(cryptoKey, algorithm, use);
  if (fault !== undefined) throw Object.assign(new Error(fault), { code: "ERR_JWK_INVALID" });
  const { params } = algorithm;
  const { modulusLength } = cryptoKey.algorithm;
  const rsaBytes = modulusLength === undefined ? undefined : Math.ceil(modulusLength / 8);
  return {
    kid,
    alg,
    cryptoKey,
    canSign: cryptoKey.usages.includes("sign"),
    verifyAsync: (input, signature) => {
      // Runtimes differ in whether a leading zero may be left out; RFC 8017 section 8 says no.
      if (rsaBytes !== undefined && signature.length !== rsaBytes) return false;
      return crypto.subtle.verify(params, cryptoKey, signature, input);
    },
    signAsync: async (input) => new Uint8Array(await crypto.subtle.sign(params, cryptoKey, input)),
  };
}

/** In fixed words, why the key will not do. */
function faultOf(cryptoKey, { name, hash, namedCurve, bits }, use) {
  const is = cryptoKey?.algorithm;
  if (is === undefined || !Array.isArray(cryptoKey.usages)) return "cryptoKey is not a CryptoKey";
  if (is.name !== name) return "cryptoKey is of another algorithm than alg";
  if (hash !== undefined && is.hash?.name !== hash) return "cryptoKey is for another hash than alg";
  if (namedCurve !== undefined && is.namedCurve !== namedCurve) return "cryptoKey is of another curve than alg";
  if (bits !== undefined && is.length < bits) return "cryptoKey is too short: it needs as many bits as its hash";
  if (is.modulusLength !== undefined && !(is.modulusLength >= 2048 && is.modulusLength <= 4096)) {
    return "cryptoKey must have a modulus of 2048 to 4096 bits";
  }
  return cryptoKey.usages.includes(use) ? undefined : `cryptoKey must be allowed to ${use}`;
}
