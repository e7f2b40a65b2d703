// Fresh random credentials: a signing key, and one client that may do everything. `npm start` writes
// them to .dev.vars once; every Worker test makes its own.

import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";

const GRANTS = ["tokens:issue", "tokens:revoke", "tokens:introspect", "limits:admin", "metrics:read"];

const random = (bytes) => randomBytes(bytes).toString("base64url");

/** Returns { keys: JWKS with private keys, clients: client records, client: { id, secret } }. */
export function newCredentials() {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const client = { id: `demo-${random(6)}`, secret: random(32) };
  return {
    keys: { keys: [{ kty: jwk.kty, crv: jwk.crv, alg: "EdDSA", use: "sig", kid: random(9), x: jwk.x, d: jwk.d }] },
    clients: [
      {
        id: client.id,
        // The Worker keeps hashes only: the secret has 256 random bits, so a plain hash is enough.
        secret_sha256: [createHash("sha256").update(client.secret, "ascii").digest("base64url")],
        grants: GRANTS,
        scopes: ["read", "write"],
        audiences: ["https://api.example.com"],
      },
    ],
    client,
  };
}

/** The credentials as bindings of the Worker. */
export function credentialBindings({ keys, clients }) {
  return { PORTCULLIS_KEYS: JSON.stringify(keys), PORTCULLIS_CLIENTS: JSON.stringify(clients) };
}

/** The text of .dev.vars: dotenv for wrangler, and a script that sh can source. */
export function devVars(credentials) {
  const variables = {
    ...credentialBindings(credentials),
    DEMO_CLIENT_ID: credentials.client.id,
    DEMO_CLIENT_SECRET: credentials.client.secret,
  };
  // Single quotes are safe in both: neither JSON of ours nor base64url holds one.
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  const comment = "# Local secrets, made by `npm start`; .dev.vars.example explains them. Delete to get new ones.";
  return `${[comment, ...lines].join("\n")}\n`;
}
