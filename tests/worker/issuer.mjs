// A foreign issuer: a real server on loopback that publishes keys, well or badly, and counts how often it
// is asked. And the tokens it signs.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { signed } from "./forge.mjs";

/** A fresh Ed25519 key: its private JWK. */
export function newKey(kid = randomBytes(6).toString("hex")) {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { ...privateKey.export({ format: "jwk" }), alg: "EdDSA", use: "sig", kid };
}

export const publicPart = ({ d, ...jwk }) => jwk;

/** A good token of `issuer` by that key, with `claims` over it. */
export function tokenOf(issuer, key, claims = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, sub: "somebody", aud: "https://api.example.com", iat, exp: iat + 600, ...claims };
  return signed(key, { alg: "EdDSA", typ: "at+jwt", kid: key.kid }, payload);
}

/**
 * Starts the server. `answer(request, response)` is what it does, and may be replaced at any time; asked
 * holds the request that came, each with its `headers`. `url` is where its keys are.
 */
export async function startIssuer() {
  const issuer = {
    asked: [],
    /** How many answers it has begun and not ended. */
    open: 0,
    answer: (request, response) => response.writeHead(404).end(),
    /** From now on publishes the public parts of these keys, with these header fields. */
    publish(keys, fields = {}) {
      issuer.answer = json(JSON.stringify({ keys: keys.map(publicPart) }), fields);
    },
  };
  const server = createServer((request, response) => {
    issuer.asked.push({ url: request.url, method: request.method, headers: request.headers });
    issuer.open += 1;
    response.on("close", () => (issuer.open -= 1));
    issuer.answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  issuer.url = `http://127.0.0.1:${port}/jwks.json?tenant=qu3ry-s3cret`;
  /** Nobody answers there any more. */
  issuer.stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  /** It is back at the same place. */
  issuer.restart = () => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return issuer;
}

/** Answers with this text as JSON. */
export const json = (text, fields = {}) => (_, response) =>
  response.writeHead(200, { "content-type": "application/json", ...fields }).end(text);
