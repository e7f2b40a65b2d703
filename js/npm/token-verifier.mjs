// The short way into the WebAssembly module: a token is written into the verifier's room in its memory
// in one go, numbers alone cross in the call, and the payload is read out of the same room. Where the
// runtime's own cryptography is the quicker one, it checks the signature in between.

import { describeKeys, NativeKeys } from "./native-keys.mjs";
import { claimsOf, PayloadCache } from "./payload-cache.mjs";

// What the WebAssembly module takes for a verdict; CANNOT has it check the signature itself.
const FAILS = 0;
const HOLDS = 1;
const CANNOT = 2;

/**
 * The class TokenVerifier over `Bound`, wasm-bindgen's class of that name, whose memory is `memory`.
 * openRoom(memory, at, bytes) is the runtime's way in and out: { write(text): bytes written as UTF-8,
 * as many whole characters as there is room for; read(bytes): text; bytes(from, to): a view }.
 * native, if given, is the runtime's own cryptography: { importPublic(jwk, alg): a key, which it throws for
 * if it does not take it }; a key is { verify(input, signature): boolean } or, asynchronous, { verifyAsync }, which
 * takes a copy of both before it returns, as WebCrypto does.
 */
export function tokenVerifier(Bound, memory, openRoom, native) {
  /** Verifies tokens by a key set and a policy. */
  return class TokenVerifier {
    #bound;
    #room;
    #keys;
    #cache;
    /** Counts the tokens written into the room. */
    #turn = 0;

    /**
     * `keys`: a JWK Set as JSON text, or a list of keys, each a JWK or { kid, alg, cryptoKey }: the latter
     * may be non-extractable, and takes verifyAsync(). `options`, all optional: `issuers`, `audiences`,
     * `subject`, `types`, `clockToleranceMs` (at most 300,000), `lifetimeMsMax`, `tokenBytesMax`, and
     * `cache`: { entries, bytes }, how much of verified tokens is remembered (nothing); unknown members are refused.
     * Throws an Error with code ERR_JWKS_INVALID, ERR_JWK_INVALID or ERR_CONFIG_INVALID.
     */
    constructor(keys, options) {
      const { cache, ...rules } = options ?? {};
      const { jwks, held, list } = describeKeys(keys, "verify");
      this.#bound = new Bound(jwks, rules, held);
      this.#room = openRoom(memory, this.#bound.roomAt(), this.#bound.roomBytes());
      this.#keys = new NativeKeys(list, native, this.#bound);
      if (cache !== undefined) this.#cache = new PayloadCache(cache);
    }

    /**
     * The payload of `token` as JSON text, exactly as signed, if the token holds at `nowMs` (milliseconds
     * since the Unix epoch). Throws an Error with `code`, and `claim` and `reason` where they apply.
     */
    verify(token, nowMs) {
      return this.#entry(token, nowMs).payload;
    }

    /**
     * As verify(), the claims as an object. Without a cache it is the caller's own. With one it is the same object
     * each time the token is shown, frozen through and through, so that no caller can change it for another.
     */
    claims(token, nowMs) {
      const entry = this.#entry(token, nowMs);
      return this.#cache === undefined ? parsedOf(entry) : claimsOf(entry);
    }

    #entry(token, nowMs) {
      const now_ms = begin(token, nowMs);
      const known = this.#cache?.get(token, now_ms);
      if (known !== undefined) return known;
      const written = this.#write(token);
      // Not ASCII, so no token, or too long for the room: the long way has the words for it.
      if (written !== token.length) return { payload: this.#bound.verify(token, now_ms) };
      let outcome = this.#bound.verifyInRoom(written, now_ms);
      if (outcome < 0) {
        const number = -outcome - 1;
        const verdict = this.#check(this.#keys.get(number)?.verify, token, written);
        outcome = this.#bound.verifyInRoomBy(written, now_ms, number, verdict);
      }
      return this.#end(outcome, token);
    }

    /** As verify(), which it is for keys that are not asynchronous. */
    verifyAsync(token, nowMs) {
      return this.#verifyAsync(token, nowMs, textOf);
    }

    /** As claims(), likewise. */
    claimsAsync(token, nowMs) {
      return this.#verifyAsync(token, nowMs, this.#cache === undefined ? parsedOf : claimsOf);
    }

    /** One wait, for the signature: each costs as much as reading the claims. `take` makes of an entry what is asked for. */
    async #verifyAsync(token, nowMs, take) {
      const now_ms = begin(token, nowMs);
      const known = this.#cache?.get(token, now_ms);
      if (known !== undefined) return take(known);
      const written = this.#write(token);
      if (written !== token.length) return take({ payload: this.#bound.verify(token, now_ms) });
      let outcome = this.#bound.verifyInRoom(written, now_ms);
      if (outcome < 0) {
        const number = -outcome - 1;
        const key = this.#keys.get(number);
        let verdict;
        if (key?.verifyAsync === undefined) {
          verdict = this.#check(key?.verify, token, written);
        } else {
          const turn = this.#turn;
          try {
            verdict = (await key.verifyAsync(...this.#parts(token, written))) ? HOLDS : FAILS;
          } catch {
            verdict = CANNOT;
          }
          // What is in the room may be another token's by the time the answer is there.
          if (turn !== this.#turn) this.#write(token);
        }
        outcome = this.#bound.verifyInRoomBy(written, now_ms, number, verdict);
      }
      return take(this.#end(outcome, token));
    }

    /** Forgets a token that the cache may remember, so that its signature is checked again. It revokes nothing. */
    forget(token) {
      this.#cache?.forget(token);
    }

    /** Counters in the Prometheus text format: which engine checked how many signatures. */
    metrics() {
      return this.#bound.metrics();
    }

    /** An entry, as the cache has them, or what is thrown in its place. */
    #end(outcome, token) {
      if (outcome === 0) throw this.#bound.takeRefusal();
      const payload = this.#room.read(outcome);
      return this.#cache?.keep(token, payload, this.#bound.heldFrom(), this.#bound.heldUntil()) ?? { payload };
    }

    #write(token) {
      this.#turn++;
      return this.#room.write(token);
    }

    #parts(token, written) {
      const dot = token.lastIndexOf(".");
      const signatureBytes = ((written - dot - 1) * 3) >> 2;
      return [this.#room.bytes(0, dot), this.#room.bytes(written, written + signatureBytes)];
    }

    #check(verify, token, written) {
      if (verify === undefined) return CANNOT;
      try {
        return verify(...this.#parts(token, written)) ? HOLDS : FAILS;
      } catch {
        return CANNOT;
      }
    }
  };
}

/** The time as a number, before the room is written: a value's own valueOf() could verify another token meanwhile. */
function begin(token, nowMs) {
  if (typeof token !== "string") throw new TypeError("token must be a string");
  return Number(nowMs);
}

const textOf = ({ payload }) => payload;
/** The caller's own, for an entry that nobody else has. */
const parsedOf = ({ payload }) => JSON.parse(payload);
