// What is done to a good token, each by a name that the table of differences speaks of. `header` and
// `payload` are JSON texts and are changed before they are signed, `encoded` changes a part's base64url
// before it is signed, and `token` changes the finished token.

import { NOW_S } from "./policies.mjs";

const WRONG_TEXTS = ["1", "null", "true", "{}", '["a"]', "1.5"];
const LONG = "x".repeat(20_000);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Puts a member, written as JSON, in front of the others. */
const put = (text, member) => text.replace("{", text.startsWith("{}") ? `{${member}` : `{${member},`);
/** Replaces a member's value where there is one, else puts it. */
const set = (text, name, value) => {
  const members = JSON.parse(text);
  delete members[name];
  return put(JSON.stringify(members), `${JSON.stringify(name)}:${value}`);
};
const without = (text, name) => JSON.stringify({ ...JSON.parse(text), [name]: undefined });
const shaken = (name, random) => [...name].map((c) => (random.chance(0.5) ? c.toUpperCase() : c.toLowerCase())).join("");

const claim = (names, values) => ({ payload: (text, random) => set(text, random.pick(names), random.pick(values)) });
const member = (name, values) => ({ header: (text, random) => set(text, name, random.pick(values)) });
const whole = (texts) => ({ payload: (text, random) => random.pick(texts)(text) });

export const MUTATIONS = {
  // Times.
  "exp missing": { payload: (text) => without(text, "exp") },
  "exp passed": claim(["exp"], [NOW_S, NOW_S - 1, NOW_S - 10, 0, 1, -1, -NOW_S]),
  "exp of a wrong type": claim(["exp"], ["null", "true", "[]", `[${NOW_S + 60}]`, "{}", '"x"']),
  "exp as text": claim(["exp"], [`"${NOW_S + 60}"`]),
  "exp with a fraction": claim(["exp"], [`${NOW_S}.5`, `${NOW_S}.001`, `${NOW_S + 4}.5`]),
  "exp out of range": claim(["exp"], ["1e300", `${NOW_S + 60}000`, "253402300800", "99999999999999999999"]),
  "number no double holds": claim(["exp", "x"], ["1e999", "-1e400"]),
  "not a number": claim(["exp", "x"], ["NaN", "Infinity", "-Infinity"]),
  "nbf to come": claim(["nbf"], [NOW_S + 1, NOW_S + 10, NOW_S + 600]),
  "nbf with a fraction": claim(["nbf"], [`${NOW_S}.5`, `${NOW_S + 4}.5`]),
  "iat to come": claim(["iat"], [NOW_S + 1, NOW_S + 10, NOW_S + 600, `${NOW_S}.5`]),
  "nbf or iat as text": claim(["nbf", "iat"], [`"${NOW_S}"`]),
  "nbf or iat of a wrong type": claim(["nbf", "iat"], ["null", "[]", "{}", "false"]),
  "nbf or iat out of range": claim(["nbf", "iat"], [-1, "-1e300", -NOW_S]),
  // Parties and other claims.
  "another issuer": claim(["iss"], ['"https://issuer.example/"', '"https://elsewhere.example"', '""']),
  "issuer missing": { payload: (text) => without(text, "iss") },
  "another audience": claim(["aud"], ['"c"', '["c","d"]', "[]", '""']),
  "audience missing": { payload: (text) => without(text, "aud") },
  "one audience of many": claim(["aud"], ['["c","b","d"]', '["b","b"]', '"b"']),
  "audience of a wrong type": claim(["aud"], ['["b",1]', '["b",null]', '["b",["b"]]', '{"b":1}', "1", "null"]),
  "claim of a wrong type": claim(["iss", "sub", "jti"], WRONG_TEXTS),
  "claim of ours of a wrong type": claim(["sid", "client_id", "scope", "iat_ms"], ["null", "true", "{}", "[]"]),
  "claim of another case": claim(["EXP", "Sub", "ISS"], WRONG_TEXTS),
  // Headers.
  "alg of no key": { header: (text, random) => set(text, "alg", JSON.stringify(random.pick(["none", "None", "nOnE", "", "HS1", "ES256K", "RSA-OAEP", "dir"]))) },
  "alg in another case": { header: (text, random) => set(text, "alg", JSON.stringify(shaken(`${JSON.parse(text).alg}x`, random))) },
  "alg missing": { header: (text) => without(text, "alg") },
  "alg of a wrong type": member("alg", ["null", "1", "[]", '["HS256"]', "true", "{}"]),
  "alg spelled with an escape": { header: (text) => text.replace('"alg"', '"\\u0061lg"') },
  "kid of no key": member("kid", ['"k2"', '""', '"K1"', '"../../k1"', `"' or 1=1"`, '"k1\\u0000"', `"${"k".repeat(1000)}"`]),
  "kid of a wrong type": member("kid", WRONG_TEXTS),
  "kid missing": { header: (text) => without(text, "kid") },
  "another typ": member("typ", ['"JWT"', '"logout+jwt"', '""', '"at+jwt; v=1"', '"text/at+jwt"']),
  "typ written otherwise": member("typ", ['"AT+JWT"', '"application/at+jwt"', '"Application/AT+jwt"']),
  "typ of a wrong type": member("typ", WRONG_TEXTS),
  "crit of something unknown": member("crit", ['["x"]', '["exp"]', '["exp","b64"]', '["http://example.com/x"]']),
  "crit malformed": member("crit", ["[]", "null", '"exp"', "{}", "[1]", "true", '["alg"]', '["exp","exp"]']),
  "crit of b64, which is true": { header: (text) => set(set(text, "crit", '["b64"]'), "b64", "true") },
  "b64 false": { header: (text, random) => set(random.chance(0.5) ? set(text, "crit", '["b64"]') : text, "b64", "false") },
  "b64 of a wrong type": member("b64", ["null", '"true"', "1", "[]"]),
  "b64 true": member("b64", ["true"]),
  "zip or enc": { header: (text, random) => put(text, random.pick(['"zip":"DEF"', '"enc":"A128GCM"', '"zip":null'])) },
  "key brought along": { header: (text, random) => put(text, random.pick(['"jwk":{"kty":"oct","k":"AAAA"}', '"jku":"https://evil.example"', '"x5u":"https://evil.example"', '"x5c":["MIIB"]'])) },
  // JSON.
  "header member twice": { header: (text, random) => put(text, random.pick(['"alg":"none"', '"\\u0061lg":"none"', '"typ":"x","typ":"x"', '"x":{"y":1,"y":1}'])) },
  "payload member twice": { payload: (text, random) => put(text, random.pick(['"exp":1', '"\\u0065xp":1', '"x":1,"x":2', '"x":[{"y":1,"y":1}]'])) },
  "payload nested deeply": { payload: (text, random) => { const depth = random.pick([40, 120, 500]); return put(text, `"x":${"[".repeat(depth)}${"]".repeat(depth)}`); } },
  "header nested deeply": { header: (text) => put(text, `"x":${"[".repeat(40)}${"]".repeat(40)}`) },
  "half a surrogate pair": { payload: (text) => put(text, '"x":"\\ud800"') },
  "payload with a byte order mark": whole([(text) => `\ufeff${text}`]),
  "payload in UTF-16": whole([(text) => Buffer.from(text, "utf16le"), (text) => Buffer.from(`\ufeff${text}`, "utf16le")]),
  "payload not UTF-8": whole([(text) => Buffer.from(put(text, '"x":"\xff"'), "latin1"), (text) => Buffer.from(put(text, '"x":"\xc0\x80"'), "latin1")]),
  "payload with a surrogate in bytes": whole([(text) => Buffer.from(put(text, '"x":"\xed\xa0\x80"'), "latin1")]),
  "payload not one object": whole([() => "", () => "[]", () => "null", () => "1", (text) => `[${text}]`, (text) => `${text}{}`, (text) => text.slice(0, -1), (text) => text.replace("}", ",}"), (text) => text.replaceAll('"', "'"), (text) => `${text}\0`, (text) => put(text, '"x":01'), (text) => put(text, '"x":"\n"')]),
  "header not one object": { header: (text, random) => random.pick([() => "", () => "[]", () => "null", () => `[${text}]`, () => `${text}{}`, () => text.slice(0, -1), () => text.replace("}", ",}"), () => `${text}\0`])() },
  "space around": { payload: (text) => ` \r\n\t${text.replace(":", " : ")}\n`, header: (text) => ` ${text}\n` },
  "numbers of every form": { payload: (text) => put(text, '"n=1":1.0,"n=2":1e2,"n=3":9007199254740993,"n=4":123456789012345678901234567890,"n=5":0.1,"n=6":1E-7') },
  "escapes of every form": { payload: (text) => put(text, '"s=1":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00eb\\ud83d\\ude00","\\u00eb=":"ë😀\u2028","":0') },
  // Sizes.
  "header too long": { header: (text) => put(text, `"x":"${LONG.slice(0, 4_000)}"`) },
  "token too long": { payload: (text) => put(text, `"x":"${LONG}"`) },
  // base64url and parts.
  "part padded": { encoded: (part) => `${part}=` },
  "part in the other alphabet": { encoded: (part) => part.replace("-", "+").replace("_", "/") },
  "part with space": { encoded: (part, random) => insert(part, random.pick([" ", "\n", "\t", "\r\n"]), random) },
  "part with stray bits": { encoded: strayBits },
  "part with another character": { encoded: (part, random) => insert(part, random.pick(["!", "*", "\0", "é", "%"]), random) },
  "signature padded": { signature: (part) => `${part}==` },
  "signature with space": { signature: (part, random) => insert(part, random.pick([" ", "\n", "\t"]), random) },
  "signature with stray bits": { signature: strayBits },
  "signature with another character": { signature: (part, random) => insert(part, random.pick(["!", "*", "\0", "é"]), random) },
  "signature cut or drawn out": { signature: (part, random) => random.pick([part.slice(0, -4), part.slice(0, 4), `${part}AAAA`, part + part]) },
  "signature empty": { signature: () => "" },
  "signature of zeros": { signature: (part) => "A".repeat(part.length) },
  "parts missing or more": { token: (token, random) => random.pick([token.slice(0, token.lastIndexOf(".")), `${token}.`, `.${token}`, `${token}.AAAA`, `${token}.AAAA.AAAA`, token.replaceAll(".", ""), "", "..", "....", token.replace(".", "..")]) },
  "more parts, signed": { encoded: (part, random) => insert(part, ".", random) },
  "space around the token": { token: (token, random) => random.pick([` ${token}`, `${token}\n`, `${token} `, `\t${token}`]) },
  // Not the last: of its bits some are to spare, as above.
  "character changed": { token: (token, random) => { const at = random.below(token.length - 1); return token.slice(0, at) + random.pick([...ALPHABET]) + token.slice(at + 1); } },
  "stretch changed": { token: (token, random) => { const at = random.below(token.length); return token.slice(0, at) + ALPHABET.slice(random.below(60), 64) + token.slice(at + random.below(9)); } },
  "JSON serialisation": { token: (token) => { const [header, payload, signature] = token.split("."); return JSON.stringify({ protected: header, payload, signature }); } },
};

function insert(part, text, random) {
  const at = random.below(part.length + 1);
  return part.slice(0, at) + text + part.slice(at);
}

/** The same bytes with the bits set that the last character has to spare. */
function strayBits(part) {
  const spare = { 2: 4, 3: 2 }[part.length % 4];
  if (!spare) return part;
  return part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1)) | (2 ** spare - 1)];
}
