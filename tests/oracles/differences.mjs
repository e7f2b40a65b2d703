// Where we mean to differ. Of each: why, and by which RFC; what we say to such a token (its code, or that
// we accept it); and what was done to the token, with the peers that say otherwise then. A difference
// that none of these explains fails the test, and so does one that is never met.

const BOTH = ["jose", "PyJWT"];
const PYJWT = ["PyJWT"];
const JOSE = ["jose"];
const ACCEPTED = "accepted";

export const DIFFERENCES = [
  {
    rfc: "RFC 7515 section 2, RFC 4648 section 3.5",
    why: "base64url has no padding, no other alphabet, nothing in between and no bits left over: a token has one spelling, so that what is revoked or cached by its text cannot come back in another",
    said: ["ERR_JWS_INVALID"],
    done: {
      "part padded": BOTH,
      "part with space": BOTH,
      "part with stray bits": BOTH,
      "part in the other alphabet": PYJWT,
      "part with another character": PYJWT,
      "signature padded": BOTH,
      "signature with space": BOTH,
      "signature with stray bits": BOTH,
      "signature with another character": PYJWT,
      "space around the token": BOTH,
    },
  },
  {
    rfc: "RFC 7515 section 7.1",
    why: "a compact JWS has two dots",
    said: ["ERR_JWS_INVALID"],
    done: { "more parts, signed": PYJWT },
  },
  {
    rfc: "RFC 7515 section 4, RFC 7519 section 4",
    why: "an object with a member twice means one thing to us and another to whoever reads the token after us",
    said: ["ERR_JWS_INVALID", "ERR_JWT_INVALID"],
    done: { "header member twice": BOTH, "payload member twice": BOTH },
  },
  {
    rfc: "RFC 7519 section 3, RFC 8259 section 8.1",
    why: "a claims set is UTF-8 without a byte order mark; the next reader may take other bytes for other text",
    said: ["ERR_JWT_INVALID"],
    done: {
      "payload with a byte order mark": BOTH,
      "payload in UTF-16": PYJWT,
      "payload with a surrogate in bytes": PYJWT,
    },
  },
  {
    rfc: "RFC 8259 section 8.2, RFC 7493 section 2.1",
    why: "half a surrogate pair is no text: readers drop it, replace it or fail",
    said: ["ERR_JWT_INVALID"],
    done: { "half a surrogate pair": BOTH },
  },
  {
    rfc: "RFC 8259 section 6, RFC 7493 section 2.2",
    why: "JSON has no NaN and no infinity, neither by name nor as a number no double holds",
    said: ["ERR_JWT_INVALID"],
    done: { "not a number": PYJWT, "number no double holds": BOTH },
  },
  {
    rfc: "RFC 8259 section 9, RFC 8725 section 2.4",
    why: "sizes and nesting have bounds, so that no token costs its reader more than it costs its sender",
    said: ["ERR_JWS_INVALID", "ERR_JWT_INVALID", "ERR_JWT_TOO_LARGE"],
    done: {
      "header nested deeply": BOTH,
      "payload nested deeply": BOTH,
      "header too long": BOTH,
      "token too long": BOTH,
    },
  },
  {
    rfc: "RFC 7515 sections 4.1.4 and 4.1.9",
    why: "kid and typ are strings",
    said: ["ERR_JWS_INVALID"],
    done: { "kid of a wrong type": BOTH, "typ of a wrong type": BOTH },
  },
  {
    rfc: "RFC 7515 section 4.1.4, RFC 8725 section 3.1",
    why: "a kid names the key: where it names none of ours, none of ours is tried",
    said: ["ERR_JWKS_NO_MATCHING_KEY"],
    done: { "kid of no key": BOTH },
  },
  {
    rfc: "RFC 7515 section 4.1.11",
    why: "what crit lists must be understood, and the list has at least one name, none of them twice or of the specification itself",
    said: ["ERR_JWS_INVALID", "ERR_JOSE_NOT_SUPPORTED"],
    done: { "crit of something unknown": PYJWT, "crit malformed": PYJWT },
  },
  {
    rfc: "RFC 7797 sections 6 and 7",
    why: "b64 is for payloads that stand unencoded, which a JWT must not have: we understand no extension, and refuse one that is not marked critical all the same",
    said: ["ERR_JOSE_NOT_SUPPORTED"],
    done: { "crit of b64, which is true": BOTH, "b64 false": JOSE, "b64 of a wrong type": BOTH },
  },
  {
    rfc: "RFC 7516 sections 4.1.2, 4.1.3 and 9",
    why: "enc and zip say that this is a JWE, or compressed: read as a JWS it would mean something else",
    said: ["ERR_JOSE_NOT_SUPPORTED"],
    done: { "zip or enc": BOTH },
  },
  {
    rfc: "RFC 7519 section 4.1, RFC 8693 sections 4.2 and 4.3",
    why: "a claim that is there has the type of its definition, asked for or not",
    said: ["ERR_JWT_CLAIM_VALIDATION_FAILED"],
    done: {
      "claim of a wrong type": BOTH,
      "claim of ours of a wrong type": BOTH,
      "audience of a wrong type": BOTH,
      "exp as text": PYJWT,
      "nbf or iat as text": PYJWT,
      "nbf or iat of a wrong type": PYJWT,
    },
  },
  {
    rfc: "RFC 7519 section 2 (NumericDate), RFC 8725 section 2.4",
    why: "a date before 1970 or after 9999 is a mistake, such as milliseconds, or a token for ever",
    said: ["ERR_JWT_CLAIM_VALIDATION_FAILED"],
    done: { "exp out of range": BOTH, "nbf or iat out of range": BOTH },
  },
  {
    rfc: "RFC 7519 section 4.1.6",
    why: "a token issued later than now comes from a wrong clock, and no cut of its subject would catch it",
    said: ["ERR_JWT_CLAIM_VALIDATION_FAILED"],
    done: { "iat to come": JOSE },
  },
  {
    rfc: "RFC 7519 section 2 (NumericDate)",
    why: "a date may have a fraction, and PyJWT cuts it off: not valid before half past is not valid at the full hour",
    said: ["ERR_JWT_CLAIM_VALIDATION_FAILED"],
    done: { "nbf with a fraction": PYJWT },
  },
  {
    rfc: "RFC 7519 section 2 (NumericDate)",
    why: "the same for exp, of which PyJWT ends the token up to a second early",
    said: [ACCEPTED],
    done: { "exp with a fraction": PYJWT },
  },
];

/** Each difference for `peer`, by what is done to a token: those that must be met. */
export const expectedOf = (peer) =>
  DIFFERENCES.flatMap(({ done }) => Object.keys(done).filter((mutation) => done[mutation].includes(peer)));

/** What was done to a token that explains why `peer` says otherwise than our verdict, if anything does. */
export function explanation(peer, mutations, { ok, code }) {
  const said = ok ? ACCEPTED : code;
  const fitting = DIFFERENCES.filter((difference) => difference.said.includes(said));
  return mutations.find((mutation) => fitting.some(({ done }) => done[mutation]?.includes(peer)));
}
