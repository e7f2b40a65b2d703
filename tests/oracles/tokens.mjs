// Random tokens: good ones, and good ones with something done to them.

import { MUTATIONS } from "./mutations.mjs";
import { NOW_S, POLICIES } from "./policies.mjs";

const MOST_MUTATIONS = 2;

/** A case: { token, alg, policy: its place in POLICIES, mutations: names of what changed it }. */
export function newCase(keys, random) {
  const key = random.pick(keys);
  const policy = random.below(POLICIES.length);
  return { ...newToken(key, chosen(random), random), alg: key.alg, policy };
}

function chosen(random) {
  const count = random.pick([0, 1, 1, 1, 1, MOST_MUTATIONS]);
  const names = Array.from({ length: count }, () => random.pick(Object.keys(MUTATIONS)));
  return [...new Set(names)];
}

function newToken(key, names, random) {
  const mutations = new Set();
  const change = (stage, value) =>
    names.reduce((value, name) => {
      const { [stage]: change } = MUTATIONS[name];
      // What another change has made no JSON text of is left as it is.
      if (!change || !isText(stage, value)) return value;
      const changed = change(value, random);
      if (changed !== value) mutations.add(name);
      return changed;
    }, value);
  const header = encode(change("header", goodHeader(key, random)));
  const payload = encode(change("payload", goodPayload(random)));
  const encoded = random.chance(0.5) ? `${change("encoded", header)}.${payload}` : `${header}.${change("encoded", payload)}`;
  const signature = change("signature", encode(key.sign(Buffer.from(encoded))));
  const token = change("token", `${encoded}.${signature}`);
  return { token, mutations: [...mutations] };
}

function isText(stage, value) {
  if (stage !== "header" && stage !== "payload") return true;
  try {
    const members = JSON.parse(value);
    return typeof value === "string" && members !== null && !Array.isArray(members) && typeof members === "object";
  } catch {
    return false;
  }
}

const encode = (part) => Buffer.from(part).toString("base64url");

function goodHeader({ alg, jwk }, random) {
  const header = { alg };
  if (random.chance(0.7)) header.kid = jwk.kid;
  if (random.chance(0.7)) header.typ = "at+jwt";
  return JSON.stringify(header);
}

function goodPayload(random) {
  const claims = { sub: text(random), exp: NOW_S + random.pick([1, 60, 900, 86_400]) };
  if (random.chance(0.9)) claims.iss = "https://issuer.example";
  if (random.chance(0.9)) claims.aud = random.pick(["a", ["a"], ["b", "c"], ["c", "a", "c"]]);
  if (random.chance(0.5)) claims.iat = NOW_S - random.below(1000);
  if (random.chance(0.3)) claims.nbf = NOW_S - random.below(1000);
  if (random.chance(0.3)) claims.jti = text(random);
  for (let more = random.below(4); more > 0; more--) claims[`~${text(random)}`] = value(random, 3);
  return JSON.stringify(claims);
}

const CHARACTERS = [..."abcxyz019 _-./:\"\\\n\t\u0000\u007f\u00e9\u20ac\u{1f600}\u2028"];
const text = (random) => Array.from({ length: 1 + random.below(12) }, () => random.pick(CHARACTERS)).join("");

function value(random, depth) {
  const kinds = [() => null, () => random.chance(0.5), () => random.below(2 ** 32), () => random.below(1e9) / 1e4, () => text(random)];
  const list = () => Array.from({ length: random.below(4) }, () => value(random, depth - 1));
  if (depth > 0) kinds.push(list, () => Object.fromEntries(list().map((one) => [text(random), one])));
  return random.pick(kinds)();
}
