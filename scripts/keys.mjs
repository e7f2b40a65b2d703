// `npm run --silent keys`: makes signing keys, rotates them, shows the public ones.

import { ALGORITHMS, newKey, newRefreshSecret } from "./lib/credentials.mjs";
import { readJson, writeJson } from "./lib/secret-file.mjs";
import { command, parse, UsageError } from "./lib/usage.mjs";

const USAGE = `usage: npm run --silent keys -- new [--alg ALG] [--file FILE]
       npm run --silent keys -- rotate --file FILE [--alg ALG] [--in 10m] [--max-lifetime 24h]
       npm run --silent keys -- jwks --file FILE
       npm run --silent keys -- refresh-secret

new             a fresh private key as a JWK Set; with --file into that file, which must not be there yet
rotate          a fresh key beside those of the file, which signs in ten minutes (--in, at least 5m: verifiers keep the public set
                that long); the others retire once no token of theirs can live (--max-lifetime, as configured)
jwks            the public set of the file
refresh-secret  a fresh secret for PORTCULLIS_REFRESH_SECRET

FILE is what PORTCULLIS_KEYS is set to: npx wrangler secret put PORTCULLIS_KEYS < FILE. Only its owner can read it.

  --alg  ${ALGORITHMS.join(", ")} [EdDSA]
  --help`;

const HELP = "npm run keys -- --help";
const PUBLISHED_S_MIN = 300;
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];
const OPTIONS = Object.fromEntries(["alg", "file", "in", "max-lifetime"].map((name) => [name, { type: "string" }]));

const commands = { new: create, rotate, jwks, "refresh-secret": refreshSecret };

await command(USAGE, (args) => {
  const { values, positionals } = parse(args, OPTIONS, HELP);
  const [name, ...more] = positionals;
  if (!Object.hasOwn(commands, name ?? "") || more.length) throw new UsageError(`one of ${Object.keys(commands).join(", ")} is needed`, HELP);
  return commands[name](values);
});

function create({ alg, file }) {
  const set = { keys: [key(alg)] };
  if (!file) return JSON.stringify(set, null, 2);
  if (readJson(file) !== undefined) throw new UsageError(`${file} is there already`, `npm run keys -- rotate --file ${file}`);
  writeJson(file, set);
  return `Its key is in ${file}: set PORTCULLIS_KEYS to what is there.`;
}

function rotate({ alg, file, in: wait = "10m", "max-lifetime": lifetime = "24h" }) {
  const { keys } = setIn(file);
  const now_s = Math.floor(Date.now() / 1000);
  const wait_s = seconds("--in", wait);
  if (wait_s < PUBLISHED_S_MIN) throw new UsageError("--in must be at least 5m: verifiers keep the public set that long", HELP);
  const not_before = now_s + wait_s;
  // A token of theirs that was signed last lives so long, and clocks may be off by five minutes.
  const retire_at = not_before + seconds("--max-lifetime", lifetime) + 300;
  const next = { ...key(alg), not_before };
  const secret = ({ kty }) => kty === "oct";
  if (keys.some(secret) !== secret(next)) throw new UsageError("a set is all secret or all with a public part: give --alg of the same kind", HELP);
  const live = keys.filter((old) => !(old.retire_at <= now_s));
  const retiring = live.map((old) => ({ ...old, retire_at: Math.min(old.retire_at ?? Infinity, retire_at) }));
  writeJson(file, { keys: [...retiring, next] });
  const at = (time_s) => new Date(time_s * 1000).toISOString();
  return [
    `${next.kid} (${next.alg}) signs from ${at(not_before)} on; the keys before it verify until ${at(retire_at)}.`,
    ...(live.length < keys.length ? [`${keys.length - live.length} that had retired are gone.`] : []),
    `Set PORTCULLIS_KEYS to what is in ${file} before ${at(not_before - PUBLISHED_S_MIN)}.`,
  ].join("\n");
}

function refreshSecret({ file }) {
  if (file) throw new UsageError("refresh-secret takes no --file: it prints the secret", "npm run --silent keys -- refresh-secret");
  return newRefreshSecret();
}

function jwks({ file }) {
  const open = (jwk) => Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE.includes(name)));
  const { keys } = setIn(file);
  if (keys.some(({ kty }) => kty === "oct")) throw new UsageError("secret keys have no public part", HELP);
  return JSON.stringify({ keys: keys.map(open) }, null, 2);
}

function key(alg = "EdDSA") {
  if (!ALGORITHMS.includes(alg)) throw new UsageError(`--alg must be one of ${ALGORITHMS.join(", ")}`, HELP);
  return newKey(alg);
}

function setIn(file) {
  if (!file) throw new UsageError("--file is needed", HELP);
  const set = readJson(file);
  if (!Array.isArray(set?.keys) || !set.keys.length) throw new UsageError(`${file} holds no keys`, `npm run keys -- new --file ${file}`);
  return set;
}

function seconds(name, text) {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (!count) throw new UsageError(`${name} must be a duration such as 10m, 24h or 30d`, HELP);
  return Number(count) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit];
}
