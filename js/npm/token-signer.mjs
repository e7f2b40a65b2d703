// Signing by the same short way: claims are written into the signer's room, and the token is read out of it.

import { describeKeys } from "./native-keys.mjs";

/** The class TokenSigner over `Bound`; the rest as in token-verifier.mjs, and native.importPrivate(jwk, alg). */
export function tokenSigner(Bound, memory, openRoom, native) {
  /** Signs claims with one key. */
  return class TokenSigner {
    #bound;
    #token;
    #claims;
    /** The key as the runtime has it, if it takes it. */
    #key;

    /**
     * `key`: a JWK that can sign, with `kid` and `alg`; or { kid, alg, cryptoKey }, which takes signAsync().
     * `options`: `typ`, the header's ("JWT"). Throws an Error with code ERR_JWK_INVALID or ERR_CONFIG_INVALID.
     */
    constructor(key, options) {
      const { held, list } = describeKeys([key], "sign");
      const [described] = list;
      const one = held && JSON.stringify(JSON.parse(held)[0]);
      this.#bound = new Bound(JSON.stringify(held ? {} : key), options, one);
      const at = this.#bound.roomAt();
      const claimsAt = this.#bound.claimsAt();
      this.#token = openRoom(memory, at, claimsAt);
      this.#claims = openRoom(memory, at + claimsAt, this.#bound.claimsRoomBytes());
      this.#key = held ? described : nativeKey(native, key);
    }

    /**
     * A token of `claims`, an object or its JSON text, which is signed as it is written. Throws an Error with
     * code ERR_JWT_INVALID for what is not one JSON object of at most 64 KiB, or ERR_JOSE_NOT_SUPPORTED for a
     * CryptoKey, which takes signAsync().
     */
    sign(claims) {
      const bytes = this.#write(claims);
      if (this.#key?.sign === undefined) return this.#end(this.#bound.signInRoom(bytes));
      const inputBytes = this.#input(bytes);
      try {
        const signature = this.#key.sign(this.#token.bytes(0, inputBytes));
        return `${this.#token.read(inputBytes)}.${signature.toString("base64url")}`;
      } catch {
        return this.#end(this.#bound.signInRoom(bytes));
      }
    }

    /** As sign(), which it is for keys that are not asynchronous; ERR_JOSE_NOT_SUPPORTED where a CryptoKey fails. */
    async signAsync(claims) {
      if (this.#key?.signAsync === undefined) return this.sign(claims);
      const inputBytes = this.#input(this.#write(claims));
      const input = this.#token.read(inputBytes);
      let signature;
      try {
        signature = await this.#key.signAsync(this.#token.bytes(0, inputBytes));
      } catch {
        throw Object.assign(new Error("not supported: this key, here"), { code: "ERR_JOSE_NOT_SUPPORTED" });
      }
      return `${input}.${base64url(signature)}`;
    }

    #write(claims) {
      const text = typeof claims === "string" ? claims : JSON.stringify(claims);
      if (typeof text !== "string") throw new TypeError("claims must be an object or its JSON text");
      return this.#claims.write(text);
    }

    #input(bytes) {
      const inputBytes = this.#bound.inputInRoom(bytes);
      if (inputBytes === 0) throw this.#bound.takeRefusal();
      return inputBytes;
    }

    #end(tokenBytes) {
      if (tokenBytes === 0) throw this.#bound.takeRefusal();
      return this.#token.read(tokenBytes);
    }
  };
}

function nativeKey(native, { alg, kty, ...jwk }) {
  if (native === undefined || kty === "oct") return undefined;
  try {
    return native.importPrivate({ kty, ...jwk }, alg);
  } catch {
    return undefined;
  }
}

/** Of a few hundred bytes, in a runtime that may lack Buffer. */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
