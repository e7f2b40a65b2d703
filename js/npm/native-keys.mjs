// The keys of one verifier or signer as the runtime's own cryptography has them, each imported when it is
// first needed, once. One it does not take is WebAssembly's from then on.

import { heldKey } from "./crypto-key.mjs";

/** Keys as the WebAssembly module takes them: { jwks, held: JSON text, list: of all of them }. */
export function describeKeys(keys, use) {
  if (typeof keys === "string") return { jwks: keys, held: undefined, list: keys };
  if (!Array.isArray(keys)) throw new TypeError("keys must be JSON text or a list");
  const list = keys.map((key) => (key.cryptoKey === undefined ? key : heldKey(key, use)));
  const ofRuntime = list.filter((key) => key.cryptoKey !== undefined);
  const held = ofRuntime.map(({ kid, alg, canSign }) => ({ kid, alg, canSign }));
  return {
    jwks: JSON.stringify({ keys: list.filter((key) => key.cryptoKey === undefined) }),
    held: ofRuntime.length > 0 ? JSON.stringify(held) : undefined,
    list,
  };
}

export class NativeKeys {
  /** By the number that the WebAssembly module has for each; undefined for what the runtime does not take. */
  #byNumber = new Map();
  #list;
  #native;
  #bound;

  /** `list`: the keys, or the JSON text of a JWK Set; `bound`: knows each one's number. */
  constructor(list, native, bound) {
    this.#list = list;
    this.#native = native;
    this.#bound = bound;
  }

  /** What the runtime has for the key of this number: see tokenVerifier(). */
  get(number) {
    if (!this.#byNumber.has(number)) this.#byNumber.set(number, this.#take(number));
    return this.#byNumber.get(number);
  }

  #take(number) {
    // The text is a JWK Set: the WebAssembly module has taken it.
    if (typeof this.#list === "string") this.#list = JSON.parse(this.#list).keys;
    const kid = this.#bound.kidOf(number);
    const key = this.#list.find((key) => key.kid === kid);
    if (key?.cryptoKey !== undefined) return key;
    if (this.#native === undefined || key === undefined) return undefined;
    try {
      return this.#native.importPublic(key, key.alg);
    } catch {
      this.#bound.noteRefused(number);
      return undefined;
    }
  }
}
