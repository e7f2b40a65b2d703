// What a token must say, and the checks that a library leaves to its caller. Nothing of Node's here: the
// Worker takes these too.

export const POLICY = {
  issuer: "https://id.example.com",
  audience: "api.example.com",
  subject: "user-4711",
  lifetime_s_max: 3600,
};

/** That exp and jti are there: asked of all by the same line, as not every library can require them. */
export function complete(claims) {
  if (typeof claims.jti !== "string" || typeof claims.exp !== "number") throw new Error("jti or exp is missing");
  return claims;
}

/** For a library that does not compare subjects or ages. */
export function ownedAndFresh(claims) {
  if (claims.sub !== POLICY.subject) throw new Error("another subject");
  if (typeof claims.iat !== "number" || Date.now() / 1000 - claims.iat > POLICY.lifetime_s_max) throw new Error("too old");
  return claims;
}

/** For a library that checks times alone. */
export function forUs(claims) {
  if (claims.iss !== POLICY.issuer) throw new Error("another issuer");
  if (claims.aud !== POLICY.audience) throw new Error("another audience");
  return claims;
}
