// Who may ask: whoever sends the one token. Compared by hash, so that neither the time it takes nor
// its length tells anything of the right one.

import { createHash, timingSafeEqual } from "node:crypto";
import { refusal } from "./refusal.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest();

/**
 * @param {{ token: string, allowQueryToken: boolean }} options
 * @returns {(headers: import("node:http").IncomingHttpHeaders, query: URLSearchParams) => void} throws a Refusal
 */
export function authenticator({ token, allowQueryToken }) {
  const expected = sha256(token);
  return (headers, query) => {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    const given = bearer ?? (allowQueryToken ? query.get("_token") : null);
    // An absent token is compared too: the answer then takes as long as for a wrong one.
    const right = timingSafeEqual(sha256(given ?? ""), expected);
    if (!right) throw refusal(401, "WRONGPASS invalid or missing auth token");
  };
}
