// `npm run --silent client`: makes a client, or changes its secret. What is printed is the only copy of the secret.

import { check, GRANTS, hashOf, newSecret } from "./lib/client-record.mjs";
import { readJson, writeJson } from "./lib/secret-file.mjs";
import { command, parse, UsageError } from "./lib/usage.mjs";

const USAGE = `usage: npm run --silent client -- --id ID [--grants A,B] [--scopes A,B] [--audiences A,B] [--file FILE]
       npm run --silent client -- --rotate ID --file FILE
       npm run --silent client -- --finish ID --file FILE

Makes a client with a fresh secret of 256 random bits, and prints both: the secret for whoever is the client, the record
for PORTCULLIS_CLIENTS. With --file the record goes into that file, a JSON list of records that only its owner can read, which is what
PORTCULLIS_CLIENTS is set to: npx wrangler secret put PORTCULLIS_CLIENTS < FILE

  --grants     of ${GRANTS.join(", ")}
  --scopes     what it may put into tokens
  --audiences  whom it may mint tokens for
  --rotate     a second secret for a client, beside the one it has: both are valid until --finish
  --finish     the older of its two secrets is valid no more
  --json       prints { id, secret, record } for machines
  --help`;

const OPTIONS = Object.fromEntries(["id", "grants", "scopes", "audiences", "file", "rotate", "finish"].map((name) => [name, { type: "string" }]));

const list = (text) => (text ?? "").split(",").map((part) => part.trim()).filter(Boolean);

await command(USAGE, (args) => {
  const { values, positionals } = parse(args, { ...OPTIONS, json: { type: "boolean" } }, "npm run client -- --help");
  const chosen = ["id", "rotate", "finish"].filter((name) => values[name] !== undefined);
  if (chosen.length !== 1 || positionals.length) throw new UsageError("one of --id, --rotate and --finish is needed", "npm run client -- --help");
  if (chosen[0] !== "id" && !values.file) throw new UsageError(`--${chosen[0]} needs --file`, "npm run client -- --help");
  const work = { id: create, rotate, finish }[chosen[0]];
  return work(values);
});

function create({ id, grants, scopes, audiences, file, json }) {
  const secret = newSecret();
  const record = { id, secret_sha256: [hashOf(secret)], grants: list(grants), scopes: list(scopes), audiences: list(audiences) };
  check(record);
  if (file) {
    const records = recordsIn(file, []);
    if (records.some((other) => other.id === id)) throw new UsageError(`${file} has a client ${id} already`, `npm run client -- --rotate ${id} --file ${file}`);
    writeJson(file, [...records, record]);
  }
  return told({ id, secret, record, file, json });
}

function rotate({ rotate: id, file, json }) {
  const secret = newSecret();
  const record = change(file, id, (record) => {
    if (record.secret_sha256.length !== 1) throw new UsageError(`${id} has two secrets already`, `npm run client -- --finish ${id} --file ${file}`);
    return { ...record, secret_sha256: [...record.secret_sha256, hashOf(secret)] };
  });
  return told({ id, secret, record, file, json });
}

function finish({ finish: id, file, json }) {
  const record = change(file, id, (record) => {
    if (record.secret_sha256.length !== 2) throw new UsageError(`${id} has one secret`, `npm run client -- --rotate ${id} --file ${file}`);
    return { ...record, secret_sha256: record.secret_sha256.slice(1) };
  });
  return json ? JSON.stringify({ id, record }) : `${id} has one secret again, in ${file}. Set PORTCULLIS_CLIENTS to what is there.`;
}

function recordsIn(file, absent) {
  const records = readJson(file, absent);
  if (!Array.isArray(records)) throw new UsageError(`${file} holds no list of clients`, "name another --file");
  return records;
}

/** Changes the record of a client in the file, and returns it. */
function change(file, id, by) {
  const records = recordsIn(file);
  const at = records.findIndex((record) => record.id === id);
  if (at < 0) throw new UsageError(`${file} has no client ${id}`, "look at its ids, or make one with --id");
  const changed = by(records[at]);
  writeJson(file, records.with(at, changed));
  return changed;
}

function told({ id, secret, record, file, json }) {
  if (json) return JSON.stringify({ id, secret, record });
  const where = file ? `Its record is in ${file}: set PORTCULLIS_CLIENTS to what is there.` : `Its record, for PORTCULLIS_CLIENTS:\n${JSON.stringify(record)}`;
  return `The client's id and secret, of which this is the only copy:\n${id}\n${secret}\n\n${where}`;
}
