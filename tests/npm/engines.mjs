// Keys, tokens and forgeries by which engines are compared.

import { constants, createHash, generateKeyPairSync, sign } from "node:crypto";

export const NOW_MS = 1_800_000_000_000;
export const PAYLOAD = JSON.stringify({ sub: "canary", exp: 1_800_000_060 });

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
export const headerOf = (alg) => base64url(JSON.stringify({ alg, kid: "k" }));
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

/** { alg, jwk: the public one, privateJwk, sign(input, over other options) } of a fresh key. */
export function newKey(alg) {
  const { make, hash, options } = ALGORITHMS[alg];
  const { publicKey, privateKey } = generateKeyPairSync(...make);
  const named = (key) => ({ ...key.export({ format: "jwk" }), kid: "k", alg });
  return {
    alg,
    jwk: named(publicKey),
    privateJwk: named(privateKey),
    sign: (input, other = {}) => sign(other.hash ?? hash, Buffer.from(input), { key: privateKey, ...options, ...other }),
  };
}

export function tokenOf(key, { payload = PAYLOAD, header = headerOf(key.alg), signature } = {}) {
  const input = `${header}.${base64url(payload)}`;
  return `${input}.${base64url(signature?.(input) ?? key.sign(input))}`;
}

/** Every token an engine is asked about: { what: token }. Its name says what is wrong with it. */
export function cases(key) {
  const by = (change) => tokenOf(key, { signature: (input) => change(key.sign(input), input) });
  const good = tokenOf(key);
  const [header, , signature] = good.split(".");
  const flipped = (at) => by((bytes) => ((bytes.at(at) === undefined ? bytes : (bytes[bytes.length + (at < 0 ? at : at - bytes.length)] ^= 1)), bytes));
  return {
    good,
    "another payload": `${header}.${base64url(JSON.stringify({ sub: "admin", exp: 1_800_000_060 }))}.${signature}`,
    "the first byte changed": flipped(0),
    "the middle changed": flipped(30),
    "the last byte changed": flipped(-1),
    "a byte less": by((bytes) => bytes.subarray(0, -1)),
    "a byte more": by((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    "a zero before": by((bytes) => Buffer.concat([Buffer.of(0), bytes])),
    "half": by((bytes) => bytes.subarray(0, bytes.length / 2)),
    "no signature": `${header}.${base64url(PAYLOAD)}.`,
    "one byte": by(() => Buffer.of(1)),
    "all zeros": by((bytes) => Buffer.alloc(bytes.length)),
    "all ones": by((bytes) => Buffer.alloc(bytes.length, 255)),
    "not canonical base64url": `${good}=`,
    "the signature of another key": tokenOf(key, { signature: newKey(key.alg).sign }),
    "another alg in its header": tokenOf(key, { header: headerOf(key.alg === "ES256" ? "ES384" : "ES256") }),
    "alg none": tokenOf(key, { header: headerOf("none") }),
    "HMAC with the public key": tokenOf(key, { header: headerOf("HS256") }),
    "an end that is over": tokenOf(key, { payload: '{"exp":1}' }),
    ...particular(key, by),
  };
}

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

/** A good token of `key` whose signature `fits`: some payload has one. */
function found(key, fits) {
  for (let count = 0; count < 4000; count++) {
    const payload = JSON.stringify({ exp: 1_800_000_060, count });
    const input = `${headerOf(key.alg)}.${base64url(payload)}`;
    const signature = key.sign(input);
    if (fits(signature)) return { payload, signature };
  }
  throw new Error("no payload has such a signature");
}

function reduced(key, n) {
  const { payload, signature } = found(key, (bytes) => toNumber(bytes) + n < 1n << 2048n);
  return tokenOf(key, { payload, signature: () => toBytes(toNumber(signature) + n, 256) });
}

function shortened(key) {
  const { payload, signature } = found(key, (bytes) => bytes[0] === 0);
  return tokenOf(key, { payload, signature: () => signature.subarray(1) });
}

const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const P = (1n << 255n) - 19n;
const little = (bytes) => toNumber(Buffer.from(bytes).reverse());
const littleBytes = (number) => toBytes(number, 32).reverse();

function ed25519Cases(key, by) {
  const [seed, A] = [key.privateJwk.d, key.jwk.x].map((text) => Buffer.from(text, "base64url"));
  const digest = createHash("sha512").update(seed).digest().subarray(0, 32);
  [digest[0], digest[31]] = [digest[0] & 248, (digest[31] & 127) | 64];
  const a = little(digest);
  /** What its holder alone can make: S for this very R, whose discrete logarithm is taken to be zero. */
  const withR = (R) =>
    by((bytes, input) => {
      const h = little(createHash("sha512").update(R).update(A).update(input).digest()) % L;
      return Buffer.concat([R, littleBytes((h * a) % L)]);
    });
  const order4 = littleBytes(0n);
  const order8 = Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex");
  return {
    "S and the order": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(little(bytes.subarray(32)) + L)])),
    "S of the order": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(L)])),
    "S of zero": by((bytes) => Buffer.concat([bytes.subarray(0, 32), littleBytes(0n)])),
    "R that is no point": by((bytes) => Buffer.concat([littleBytes(2n), bytes.subarray(32)])),
    "the sign of R changed": by((bytes) => ((bytes[31] ^= 128), bytes)),
    "its holder: R of the neutral point": withR(littleBytes(1n)),
    "its holder: R of the neutral point, not canonical": withR(littleBytes(P + 1n)),
    "its holder: R of order 2": withR(littleBytes(P - 1n)),
    "its holder: R of order 4": withR(order4),
    "its holder: R of order 4, not canonical": withR(littleBytes(P)),
    "its holder: R of order 8": withR(order8),
  };
}
