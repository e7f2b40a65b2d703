// Tokens that were verified, and when they hold: a token shown again costs one look-up.

/**
 * How much of a token's signature it is looked up by: its first 32 bytes, so that V8 hashes no more. They tell tokens
 * apart in every algorithm; the last ones of ML-DSA's are mostly zeros. A token is its own only if all of it is the same.
 */
const NAME_CHARS = 43;
/** What an entry takes beside its two texts, in bytes; measured at 172 to 190 in Node, 231 among a thousand. */
const ENTRY_BYTES = 240;

/**
 * What is handed out is an entry's text, or its claims, frozen: nothing is shared that one caller could spoil for
 * another.
 *
 * Two generations: what is asked for moves to the younger one, and when that has had half of the room the older
 * one is dropped whole. So every step is one or two look-ups, a token in use stays, and tokens shown once are
 * gone after at most two turns. Whoever fills it pays with tokens that are genuine, and the rest pay with a check.
 * Only genuine tokens are in it, so nobody but who signs them could choose texts that meet in V8's hash.
 */
export class PayloadCache {
  #young = new Map();
  #old = new Map();
  #youngBytes = 0;
  #entriesMax;
  #bytesMax;

  constructor({ entries = 0, bytes = 0, ...others }) {
    const isBound = (bound) => Number.isSafeInteger(bound) && bound >= 0;
    if (!isBound(entries) || !isBound(bytes) || Object.keys(others).length > 0) {
      const message = "options: cache must be { entries, bytes }, both whole numbers";
      throw Object.assign(new Error(message), { code: "ERR_CONFIG_INVALID" });
    }
    this.#entriesMax = Math.floor(entries / 2);
    this.#bytesMax = bytes / 2;
  }

  /** The entry of a token that holds at `now_ms`, if it is known: { payload }, for claimsOf() too. */
  get(token, now_ms) {
    const name = nameOf(token);
    const young = this.#young.get(name);
    const entry = young ?? this.#old.get(name);
    if (entry?.token !== token) return undefined;
    if (young === undefined) {
      this.#old.delete(name);
      this.#add(entry);
    }
    // Not a number is in no interval.
    return now_ms >= entry.from_ms && now_ms < entry.until_ms ? entry : undefined;
  }

  /** Keeps a token that was verified just now, and returns its entry. */
  keep(token, payload, from_ms, until_ms) {
    this.#remove(nameOf(token));
    // A copy: the token may be a piece of a far longer text, which would be kept with it.
    const entry = { token: copyOf(token), payload, from_ms, until_ms, claims: undefined };
    this.#add(entry);
    return entry;
  }

  /** Whatever else should have the same name is gone with it, and is verified when it is shown again. */
  forget(token) {
    this.#remove(nameOf(token));
  }

  #remove(name) {
    const entry = this.#young.get(name);
    if (entry !== undefined) this.#youngBytes -= bytesOf(entry);
    this.#young.delete(name);
    this.#old.delete(name);
  }

  #add(entry) {
    const bytes = bytesOf(entry);
    if (this.#young.size >= this.#entriesMax || this.#youngBytes + bytes > this.#bytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    if (this.#entriesMax === 0 || bytes > this.#bytesMax) return;
    this.#young.set(nameOf(entry.token), entry);
    this.#youngBytes += bytes;
  }
}

function nameOf(token) {
  const at = token.lastIndexOf(".") + 1;
  return token.slice(at, at + NAME_CHARS);
}

/** The claims of an entry: parsed when they are first asked for, and the same from then on. */
export function claimsOf(entry) {
  entry.claims ??= frozen(JSON.parse(entry.payload));
  return entry.claims;
}

/** No deeper than the payload, whose depth is bounded. */
function frozen(value) {
  if (typeof value !== "object" || value === null) return value;
  for (const name of Object.keys(value)) frozen(value[name]);
  return Object.freeze(value);
}

// A payload has two bytes a character where one is not Latin, and its claims as an object were measured at up to
// twice that again.
const bytesOf = ({ token, payload }) => token.length + 6 * payload.length + ENTRY_BYTES;

/** The same text, of its own. */
const copyOf = (text) => JSON.parse(`"${text}"`);
