// Tokens that were verified, and when they hold: a token shown again costs one look-up.

// V8 takes no more than this of a string into its hash: longer ones would be told apart by their length alone.
const TOKEN_CHARS_MAX = 16_000;
/** What an entry takes beside its two texts, in bytes; measured at 165 to 170 in Node. */
const ENTRY_BYTES = 200;

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
    let entry = this.#young.get(token);
    if (entry === undefined) {
      entry = this.#old.get(token);
      if (entry === undefined) return undefined;
      this.#old.delete(token);
      this.#add(entry);
    }
    // Not a number is in no interval.
    return now_ms >= entry.from_ms && now_ms < entry.until_ms ? entry : undefined;
  }

  /** Keeps a token that was verified just now. */
  keep(token, payload, from_ms, until_ms) {
    if (token.length > TOKEN_CHARS_MAX) return;
    // A copy: the token may be a piece of a far longer text, which would be kept with it.
    this.forget(token);
    this.#add({ token: copyOf(token), payload, from_ms, until_ms, claims: undefined });
  }

  forget(token) {
    const entry = this.#young.get(token);
    if (entry !== undefined) this.#youngBytes -= bytesOf(entry);
    this.#young.delete(token);
    this.#old.delete(token);
  }

  #add(entry) {
    const bytes = bytesOf(entry);
    if (this.#young.size >= this.#entriesMax || this.#youngBytes + bytes > this.#bytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    if (this.#entriesMax === 0 || bytes > this.#bytesMax) return;
    this.#young.set(entry.token, entry);
    this.#youngBytes += bytes;
  }
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
