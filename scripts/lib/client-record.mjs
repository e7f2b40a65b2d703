// A client's record, by the rules that the Worker reads it by (src/config/client.rs).

import { createHash, randomBytes } from "node:crypto";
import { UsageError } from "./usage.mjs";

export const GRANTS = ["tokens:issue", "tokens:revoke", "tokens:introspect", "limits:admin", "metrics:read"];
const AUDIENCES_MAX = 16;

/** 256 random bits: what a plain hash is enough for. */
export const newSecret = () => randomBytes(32).toString("base64url");

/** What a record keeps of a secret. */
export const hashOf = (secret) => createHash("sha256").update(secret, "ascii").digest("base64url");

/** Refuses a record that the Worker would, and says which part and why. */
export function check({ id, grants, scopes, audiences }) {
  const refuse = (part, reason) => {
    throw new UsageError(`${part}: ${reason}`, "npm run client -- --help");
  };
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(id)) refuse("--id", "must have 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'");
  const unknown = grants.find((grant) => !GRANTS.includes(grant));
  if (unknown !== undefined) refuse("--grants", `knows ${GRANTS.join(", ")}, not "${unknown}"`);
  // RFC 6749 section 3.3.
  if (!scopes.every((scope) => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope))) refuse("--scopes", "must be scope tokens");
  if (audiences.length > AUDIENCES_MAX) refuse("--audiences", `must be at most ${AUDIENCES_MAX}`);
  const isAudience = (audience) => Buffer.byteLength(audience) <= 255 && audience && !/[\p{Cc}"\\]/u.test(audience);
  if (!audiences.every(isAudience)) refuse("--audiences", "must have 1 to 255 bytes and no control character, quote or backslash");
  if (grants.includes("tokens:issue") && !audiences.length) refuse("--audiences", "a client that issues tokens needs at least one");
}
