// Claims come back through the npm module as they were signed, character for character: numbers that no
// double holds, their spelling, escapes, white space, order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { newKeys } from "./keys.mjs";
import { seeded } from "./random.mjs";
import { NOW_S } from "./policies.mjs";

const { TokenVerifier } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));

const PAYLOADS = 100;
const WORDS = ["1.0", "1e2", "1E+2", "-0", "0.10", "9007199254740993", "123456789012345678901234567890", "1e-400"];
const STRINGS = ['"é€😀\u2028"', '"\\u00e9\\ud83d\\ude00"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0041A"', '""', '" "'];
const SPACES = ["", " ", "\n", "\r\n\t"];

function value(random, depth) {
  const kind = random.below(depth > 0 ? 4 : 2);
  if (kind === 0) return random.pick(WORDS);
  if (kind === 1) return random.pick(STRINGS);
  const space = random.pick(SPACES);
  const values = Array.from({ length: random.below(4) }, () => value(random, depth - 1));
  if (kind === 2) return `[${space}${values.join(`${space},`)}${space}]`;
  return `{${values.map((one, name) => `${space}"m${name}"${space}:${one}`).join(",")}}`;
}

for (const key of newKeys()) {
  test(`${key.alg}: a payload comes back as it was signed`, () => {
    const verifier = new TokenVerifier(JSON.stringify({ keys: [key.jwk] }), {});
    const random = seeded(8259);
    for (let made = 0; made < PAYLOADS; made++) {
      const members = Array.from({ length: random.below(5) }, (_, name) => `,"c${name}":${value(random, 3)}`);
      const payload = `{${random.pick(SPACES)}"exp":${NOW_S + 60}.0,"aud":["b","a","b"]${members.join("")}}${random.pick(SPACES)}`;
      const input = [JSON.stringify({ alg: key.alg }), payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
      const token = `${input}.${key.sign(Buffer.from(input)).toString("base64url")}`;
      assert.equal(verifier.verify(token, NOW_S * 1000), payload);
    }
  });
}
