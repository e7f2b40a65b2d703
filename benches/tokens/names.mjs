// What contestants are called, in Node as in workerd, and the npm package that is one.

export const OURS = "portcullis (wasm)";
export const OURS_AS_TEXT = "portcullis, payload left as text";
export const BARE_NODE = "bare node:crypto";
export const BARE_WEB = "bare WebCrypto";
export const FAST_JWT = "fast-jwt";
export const JOSE = "jose";
export const JSONWEBTOKEN = "jsonwebtoken";
export const HONO = "hono/jwt";
export const TSNDR = "@tsndr/cloudflare-worker-jwt";

/** The npm package of a contestant; ours is the root. None for the runtime's own. */
export const PACKAGES = {
  [OURS]: "",
  [OURS_AS_TEXT]: "",
  [FAST_JWT]: "fast-jwt",
  [JOSE]: "jose",
  [JSONWEBTOKEN]: "jsonwebtoken",
  [HONO]: "hono",
  [TSNDR]: "@tsndr/cloudflare-worker-jwt",
};
