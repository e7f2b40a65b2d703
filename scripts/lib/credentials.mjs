// Fresh random credentials: a signing key, and one client that may do everything. `npm start` writes
// them to .dev.vars once; every Worker test makes its own.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { GRANTS, hashOf, newSecret } from "./client-record.mjs";

const random = (bytes) => randomBytes(bytes).toString("base64url");

// What node:crypto generates for each `alg`. An RSA key needs a size, ECDSA a curve.
const RSA = ["rsa", { modulusLength: 2048 }];
const PAIRS = {
  EdDSA: ["ed25519"],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  ...Object.fromEntries(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map((alg) => [alg, RSA])),
  "ML-DSA-44": ["ml-dsa-44"],
  "ML-DSA-65": ["ml-dsa-65"],
  "ML-DSA-87": ["ml-dsa-87"],
};
const SECRET_BYTES = { HS256: 32, HS384: 48, HS512: 64 };

/** The names of the algorithms there are keys for. */
export const ALGORITHMS = [...Object.keys(PAIRS), ...Object.keys(SECRET_BYTES)];

/** A private key as a JWK, with a name of its own. */
export function newKey(alg) {
  const { kty, crv, ...material } = materialFor(alg);
  return { kty, crv, alg, use: "sig", kid: random(9), ...material };
}

function materialFor(alg) {
  if (alg in SECRET_BYTES) return { kty: "oct", k: random(SECRET_BYTES[alg]) };
  const [type, options] = PAIRS[alg];
  return generateKeyPairSync(type, options).privateKey.export({ format: "jwk" });
}

/** What refresh tokens are derived with. */
export const newRefreshSecret = () => random(32);

/** Returns { keys: JWKS with private keys, clients: client records, refreshSecret, client: { id, secret } }. */
export function newCredentials(alg = "EdDSA") {
  const client = { id: `demo-${random(6)}`, secret: newSecret() };
  return {
    keys: { keys: [newKey(alg)] },
    clients: [
      {
        id: client.id,
        secret_sha256: [hashOf(client.secret)],
        grants: GRANTS,
        scopes: ["read", "write"],
        audiences: ["https://api.example.com"],
      },
    ],
    refreshSecret: newRefreshSecret(),
    client,
  };
}

/** The credentials as bindings of the Worker. */
export function credentialBindings({ keys, clients, refreshSecret }) {
  return {
    PORTCULLIS_KEYS: JSON.stringify(keys),
    PORTCULLIS_CLIENTS: JSON.stringify(clients),
    PORTCULLIS_REFRESH_SECRET: refreshSecret,
  };
}

const line = ([name, value]) => `${name}='${value}'`;

/** A line of .dev.vars with a fresh secret for refresh tokens. */
export const refreshSecretLine = () => line(["PORTCULLIS_REFRESH_SECRET", newRefreshSecret()]);

/** The text of .dev.vars: dotenv for wrangler, and a script that sh can source. */
export function devVars(credentials) {
  const variables = {
    ...credentialBindings(credentials),
    DEMO_CLIENT_ID: credentials.client.id,
    DEMO_CLIENT_SECRET: credentials.client.secret,
  };
  // Single quotes are safe in both: neither JSON of ours nor base64url holds one.
  const lines = Object.entries(variables).map(line);
  const comment = "# Local secrets, made by `npm start`; .dev.vars.example explains them. Delete to get new ones.";
  return `${[comment, ...lines].join("\n")}\n`;
}
