// Redis's replies as JSON. Bytes arrive as Buffer, integers as text (they may exceed what JavaScript
// counts exactly), null and arrays as themselves, errors as Error.

/** @typedef {Buffer | string | null | Error | Reply[]} Reply */

const utf8 = (bytes) => JSON.stringify(bytes.toString("utf8"));
const base64 = (bytes) => `"${bytes.toString("base64")}"`;

/**
 * One reply as the JSON of {result} or {error}.
 *
 * With base64 every string is encoded except a reply that is "OK" alone. Inside an array "OK" is
 * encoded as well: the official client decodes every string there.
 * @param {Reply} reply
 * @param {boolean} encoded whether the client asked for base64
 */
export function replyJson(reply, encoded) {
  if (reply instanceof Error) return errorJson(reply.message);
  const isOk = Buffer.isBuffer(reply) && reply.equals(OK);
  return `{"result":${isOk ? '"OK"' : valueJson(reply, encoded ? base64 : utf8)}}`;
}

/** @param {string} message */
export const errorJson = (message) => `{"error":${JSON.stringify(message)}}`;

const OK = Buffer.from("OK");

function valueJson(reply, text) {
  if (Buffer.isBuffer(reply)) return text(reply);
  if (reply === null) return "null";
  if (Array.isArray(reply)) return `[${reply.map((item) => valueJson(item, text)).join(",")}]`;
  // A script may put an error inside an array. Upstash has no form for that; its text is the least loss.
  if (reply instanceof Error) return text(Buffer.from(reply.message));
  return /^-?\d+$/.test(reply) ? reply : text(Buffer.from(String(reply)));
}
