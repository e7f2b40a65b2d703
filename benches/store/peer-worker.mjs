// What a team would build of public packages for the work that /v1/authorize does: hono/jwt, a denylist
// in Redis, and Upstash's rate limiter, each set up as its documentation says, clients made once. Where
// there is a choice it is the cheaper one: one denylist entry instead of ours for token, session and
// subject, and an answer that says whose token it is by one body of claims, without the X-Auth and RateLimit header
// fields by which ours says it.

import { Hono } from "hono";
import { jwt } from "hono/jwt";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import { denied } from "./peer-names.mjs";

let app;

export default {
  async fetch(request, env, ctx) {
    // Not at global scope: a key cannot be imported there.
    app ??= await build(env);
    return app.fetch(request, env, ctx);
  },
};

async function build({ CONFIG, REDIS_URL, REDIS_TOKEN }) {
  const { jwk, issuer, audience, limits, quota, window, atOnce } = CONFIG;
  const redis = new Redis({ url: REDIS_URL, token: REDIS_TOKEN, enableTelemetry: false });
  const limiters = limits.map(({ name, key }) => ({
    key,
    limiter: new Ratelimit({ redis, prefix: name, limiter: Ratelimit.slidingWindow(quota, window) }),
  }));
  const taken = (c) => limiters.map(({ key, limiter }) => () => limiter.limit(keyOf(c, key)));
  const isDenied = (c) => redis.get(denied(c.get("jwtPayload").jti));

  const app = new Hono();
  const { alg } = jwk;
  const kind = alg === "EdDSA" ? { name: "Ed25519" } : { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("jwk", jwk, kind, false, ["verify"]);
  app.use(jwt({ secret, alg, verification: { iss: issuer, aud: audience, typ: "at+jwt" } }));
  app.all("/v1/authorize", async (c) => {
    const { revoked, limited } = await (atOnce ? allAtOnce : oneByOne)(() => isDenied(c), taken(c));
    if (revoked) return c.json({ error: "revoked" }, 401);
    if (limited) return c.json({ error: "over quota" }, 429);
    return c.json(c.get("jwtPayload"));
  });
  return app;
}

/** A revoked token takes nothing, and what one limit refuses takes nothing from those after it. */
async function oneByOne(isDenied, takes) {
  if (await isDenied()) return { revoked: true };
  for (const take of takes) if (!(await take()).success) return { limited: true };
  return {};
}

/** As fast as these packages get; what is refused has taken from every limit all the same. */
async function allAtOnce(isDenied, takes) {
  const [revoked, ...results] = await Promise.all([isDenied(), ...takes.map((take) => take())]);
  return { revoked: Boolean(revoked), limited: results.some(({ success }) => !success) };
}

function keyOf(c, key) {
  const { sub, client_id } = c.get("jwtPayload");
  return { subject: sub, client: client_id, ip: c.req.header("CF-Connecting-IP") }[key];
}
