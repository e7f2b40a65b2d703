// The short way into the WebAssembly module: a token is written into the verifier's room in its memory
// in one go, numbers alone cross in the call, and the payload is read out of the same room.

/**
 * The class TokenVerifier over `Bound`, wasm-bindgen's class of that name, whose memory is `memory`.
 * openRoom(memory, at, bytes) is the runtime's way in and out: { write(text): bytes written as UTF-8,
 * as many whole characters as there is room for; read(bytes): text }.
 */
export function tokenVerifier(Bound, memory, openRoom) {
  /** Verifies tokens by a key set and a policy. */
  return class TokenVerifier {
    #bound;
    #room;

    /**
     * `jwks`: a JWK Set as JSON text. `options`, all optional: `issuers`, `audiences`, `subject`, `types`,
     * `clockToleranceMs` (at most 300,000), `lifetimeMsMax`, `tokenBytesMax`; unknown members are refused.
     * Throws an Error with code ERR_JWKS_INVALID, ERR_JWK_INVALID or ERR_CONFIG_INVALID.
     */
    constructor(jwks, options) {
      this.#bound = new Bound(jwks, options);
      this.#room = openRoom(memory, this.#bound.roomAt(), this.#bound.roomBytes());
    }

    /**
     * The payload of `token` as JSON text, exactly as signed, if the token holds at `nowMs` (milliseconds
     * since the Unix epoch). Throws an Error with `code`, and `claim` and `reason` where they apply.
     */
    verify(token, nowMs) {
      if (typeof token !== "string") throw new TypeError("token must be a string");
      // Before the room is written: a value's own valueOf() could verify another token meanwhile.
      const now_ms = Number(nowMs);
      const written = this.#room.write(token);
      // Not ASCII, so no token, or too long for the room: the long way has the words for it.
      if (written !== token.length) return this.#bound.verify(token, now_ms);
      const payloadBytes = this.#bound.verifyInRoom(written, now_ms);
      if (payloadBytes === 0) throw this.#bound.takeRefusal();
      return this.#room.read(payloadBytes);
    }
  };
}
