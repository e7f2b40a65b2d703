// Keys, tokens and forgeries by which engines are compared: whoever does the arithmetic of a signature, every
// one of these tokens has the same verdict and code.

import { constants, createHash, createHmac, generateKeyPairSync, sign, verify as verifies } from "node:crypto";

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const rsa = (hash) => ({ make: ["rsa", { modulusLength: 2048 }], hash, options: {} });
const pss = (hash, saltLength) => ({
  ...rsa(hash),
  options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
});
const ec = (namedCurve, hash) => ({ make: ["ec", { namedCurve }], hash, options: { dsaEncoding: "ieee-p1363" } });
const mlDsa = (name) => ({ make: [name, {}], hash: null, options: {} });

export const ALGORITHMS = {
  RS256: rsa("sha256"),
  RS384: rsa("sha384"),
  RS512: rsa("sha512"),
  PS256: pss("sha256", 32),
  PS384: pss("sha384", 48),
  PS512: pss("sha512", 64),
  ES256: ec("P-256", "sha256"),
  ES384: ec("P-384", "sha384"),
  EdDSA: { make: ["ed25519", {}], hash: null, options: {} },
  "ML-DSA-44": mlDsa("ml-dsa-44"),
  "ML-DSA-65": mlDsa("ml-dsa-65"),
  "ML-DSA-87": mlDsa("ml-dsa-87"),
};

/**
 * { alg, jwk: the public one, privateJwk, sign(input, over other options) } of a fresh key. form: what its tokens look
 * like, { claims: of a good one, typ }.
 */
export function newKey(alg, form, kid = "k") {
  const { make, hash, options } = ALGORITHMS[alg];
  const { publicKey, privateKey } = generateKeyPairSync(...make);
  const named = (key) => ({ ...key.export({ format: "jwk" }), kid, alg });
  return {
    alg,
    kid,
    form,
    jwk: named(publicKey),
    privateJwk: named(privateKey),
    publicKey,
    sign: (input, other = {}) => sign(other.hash ?? hash, Buffer.from(input), { key: privateKey, ...options, ...other }),
  };
}

/** A good token, but for what is given: claims over its own, another alg in its header, a signature over the input. */
export function tokenOf({ alg, kid, form, sign }, { claims, headerAlg = alg, signature = sign } = {}) {
  const parts = [{ alg: headerAlg, kid, typ: form.typ }, { ...form.claims, ...claims }];
  const input = parts.map((part) => base64url(JSON.stringify(part))).join(".");
  return `${input}.${base64url(signature(input))}`;
}

/** Whether node:crypto takes the token's signature for the key's. */
export function verify({ alg, publicKey }, token) {
  const { hash, options } = ALGORITHMS[alg];
  const [, input, signature] = /^(.*)\.([^.]*)$/.exec(token);
  return verifies(hash, Buffer.from(input), { key: publicKey, ...options }, Buffer.from(signature, "base64url"));
}

/** What is made of a token of this name: it is accepted, or this is the code of its refusal. */
export function expected(what) {
  if (ACCEPTED.has(what)) return "accepted";
  return OTHER_CODES[what] ?? "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
}

const ACCEPTED = new Set(["good", "the other s, n - s", "its holder: any R"]);
const OTHER_CODES = {
  "not canonical base64url": "ERR_JWS_INVALID",
  "another alg in its header": "ERR_JWKS_NO_MATCHING_KEY",
  "alg none": "ERR_JOSE_ALG_NOT_ALLOWED",
  "HMAC with the public key": "ERR_JOSE_ALG_NOT_ALLOWED",
  "an end that is over": "ERR_JWT_EXPIRED",
};

/** Every token an engine is asked about: { what: token }. Its name says what is wrong with it. */
export function cases(key) {
  const by = (change) => tokenOf(key, { signature: (input) => change(key.sign(input), input) });
  const good = tokenOf(key);
  const [header, payload, signature] = good.split(".");
  const [, otherPayload] = tokenOf(key, { claims: { sub: "admin" } }).split(".");
  const flipped = (at) =>
    by((bytes) => {
      bytes[at < 0 ? bytes.length + at : at] ^= 1;
      return bytes;
    });
  return {
    good,
    "another payload": `${header}.${otherPayload}.${signature}`,
    "the first byte changed": flipped(0),
    "the middle changed": flipped(30),
    "the last byte changed": flipped(-1),
    "a byte less": by((bytes) => bytes.subarray(0, -1)),
    "a byte more": by((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    "a zero before": by((bytes) => Buffer.concat([Buffer.of(0), bytes])),
    "half": by((bytes) => bytes.subarray(0, bytes.length / 2)),
    "no signature": `${header}.${payload}.`,
    "one byte": by(() => Buffer.of(1)),
    "all zeros": by((bytes) => Buffer.alloc(bytes.length)),
    "all ones": by((bytes) => Buffer.alloc(bytes.length, 255)),
    "not canonical base64url": `${good}=`,
    "the signature of another key": tokenOf(key, { signature: newKey(key.alg, key.form).sign }),
    "another alg in its header": tokenOf(key, { headerAlg: key.alg === "ES256" ? "ES384" : "ES256" }),
    "alg none": tokenOf(key, { headerAlg: "none" }),
    "HMAC with the public key": tokenOf(key, { headerAlg: "HS256", signature: hmacOf(key.jwk) }),
    "an end that is over": tokenOf(key, { claims: { exp: key.form.claims.exp - 100_000 } }),
    ...particular(key, by),
  };
}

const hmacOf = (jwk) => (input) => createHmac("sha256", JSON.stringify(jwk)).update(input).digest();

/** What only signatures of its kind can have. */
function particular(key, by) {
  if (key.alg.startsWith("ES")) return ecdsaCases(key, by);
  if (key.alg.startsWith("PS") || key.alg.startsWith("RS")) return rsaCases(key, by);
  return key.alg === "EdDSA" ? ed25519Cases(key, by) : {};
}

const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
const toBytes = (number, length) => Buffer.from(number.toString(16).padStart(length * 2, "0"), "hex");

const ORDERS = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};

function ecdsaCases(key, by) {
  const n = ORDERS[key.alg];
  const made = (change) =>
    by((bytes) => {
      const half = bytes.length / 2;
      const [r, s] = [toNumber(bytes.subarray(0, half)), toNumber(bytes.subarray(half))];
      return Buffer.concat(change(r, s).map((number) => toBytes(number, half)));
    });
  return {
    "r of zero": made((r, s) => [0n, s]),
    "s of zero": made((r) => [r, 0n]),
    "r of the order": made((r, s) => [n, s]),
    "s of the order": made((r) => [r, n]),
    "s beyond the order": made((r) => [r, n + 1n]),
    "r and s of one": made(() => [1n, 1n]),
    // ECDSA has two signatures for each, and JWS asks for neither in particular (RFC 7518 section 3.4).
    "the other s, n - s": made((r, s) => [r, n - s]),
    "as DER": by((bytes, input) => key.sign(input, { dsaEncoding: "der" })),
  };
}

function rsaCases(key, by) {
  const n = toNumber(Buffer.from(key.jwk.n, "base64url"));
  const { hash } = ALGORITHMS[key.alg];
  const other = hash === "sha256" ? "sha512" : "sha256";
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;
  const again = (options) => by((bytes, input) => key.sign(input, options));
  const padding = key.alg.startsWith("PS") ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
  const general = {
    "the modulus": by(() => toBytes(n, 256)),
    "a signature of one": by(() => toBytes(1n, 256)),
    "the modulus less one": by(() => toBytes(n - 1n, 256)),
    "another hash": again({ hash: other }),
    "the other padding": again({ padding, ...(padding === RSA_PKCS1_PSS_PADDING ? { saltLength: 32 } : {}) }),
    // A number that is the signature's remainder, where there is room for one.
    "the signature and the modulus": reduced(key, n),
    "a leading zero left out": shortened(key),
  };
  if (padding === RSA_PKCS1_PSS_PADDING) return general;
  return {
    ...general,
    "no salt": again({ saltLength: 0 }),
    "a salt of 20 bytes": again({ saltLength: 20 }),
    "the longest salt": again({ saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN }),
  };
}

/** A token whose signature is what `change` makes of one that `fits`: some claims have such a one. */
function found(key, fits, change) {
  for (let count = 0; count < 8000; count++) {
    let isFit;
    const signature = (input) => {
      const bytes = key.sign(input);
      isFit = fits(bytes);
      return change(bytes);
    };
    const token = tokenOf(key, { claims: { count }, signature });
    if (isFit) return token;
  }
  throw new Error("no claims have such a signature");
}

const reduced = (key, n) =>
  found(key, (bytes) => toNumber(bytes) + n < 1n << 2048n, (bytes) => toBytes((toNumber(bytes) + n) % (1n << 2048n), 256));

const shortened = (key) => found(key, (bytes) => bytes[0] === 0, (bytes) => bytes.subarray(1));

const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const P = (1n << 255n) - 19n;
const little = (bytes) => toNumber(Buffer.from(bytes).reverse());
const littleBytes = (number) => toBytes(number, 32).reverse();

/** The scalar of an Ed25519 seed (RFC 8032 section 5.1.5). */
function scalarOf(d) {
  const bytes = createHash("sha512").update(Buffer.from(d, "base64url")).digest().subarray(0, 32);
  [bytes[0], bytes[31]] = [bytes[0] & 248, (bytes[31] & 127) | 64];
  return little(bytes);
}

function ed25519Cases(key, by) {
  const A = Buffer.from(key.jwk.x, "base64url");
  const a = scalarOf(key.privateJwk.d);
  /** What its holder alone can make: S for this very R, as if it were r times the base point. */
  const withR = (R, r = 0n) =>
    by((bytes, input) => {
      const h = little(createHash("sha512").update(R).update(A).update(input).digest()) % L;
      return Buffer.concat([R, littleBytes((r + h * a) % L)]);
    });
  const order8 = Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex");
  const other = newKey("EdDSA", key.form);
  const R = Buffer.from(other.jwk.x, "base64url");
  const r = scalarOf(other.privateJwk.d);
  return {
    "S and the order": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(little(bytes.subarray(32)) + L)])),
    "S of the order": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(L)])),
    "S of zero": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(0n)])),
    "R that is no point": by((bytes) => Buffer.concat([littleBytes(2n), bytes.subarray(32)])),
    "the sign of R changed": by((bytes) => ((bytes[31] ^= 128), bytes)),
    "its holder: any R": withR(R, r),
    "its holder: R and a point of order 2": withR(andOrder2(R), r),
    "its holder: R of the neutral point": withR(littleBytes(1n)),
    "its holder: R of the neutral point, not canonical": withR(littleBytes(P + 1n)),
    "its holder: R of order 2": withR(littleBytes(P - 1n)),
    "its holder: R of order 4": withR(littleBytes(0n)),
    "its holder: R of order 4, not canonical": withR(littleBytes(P)),
    "its holder: R of order 8": withR(order8),
  };
}

/** (x, y) and (0, -1) are (-x, -y). */
function andOrder2(point) {
  const bytes = Buffer.from(point);
  const sign = bytes[31] & 128;
  bytes[31] &= 127;
  const negated = littleBytes(P - little(bytes));
  negated[31] |= sign ^ 128;
  return negated;
}

/**
 * Where engines differ: in Ed25519 signatures that RFC 8032 section 5.1.7 leaves open, of a kind that none but the
 * holder of the key can make, who could as well have made a good one. See "Two engines" in ARCHITECTURE.md.
 */
export const WASM_ALONE_ACCEPTS = new Set(["its holder: R and a point of order 2"]);
export const WORKERD_ALONE_ACCEPTS = new Set(["its holder: R of the neutral point"]);
