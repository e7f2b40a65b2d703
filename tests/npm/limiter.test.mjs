// The npm module's limiter.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, Limiter: Bound } = await import(built("portcullis.js"));
const { limiter } = await import(built("limiter.mjs"));
const { openRoom: nodeRoom } = await import(built("node-room.mjs"));
const { openRoom: webRoom } = await import(built("web-room.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });

const LIMITERS = [nodeRoom, webRoom].map((openRoom) => limiter(Bound, memory, openRoom));
const [Limiter] = LIMITERS;
const ALGORITHMS = ["fixed-window", "sliding-window", "sliding-log", "token-bucket", "gcra"];
const NOW_MS = 1_800_000_000_000;

const policy = (members) => ({ name: "p", algorithm: "sliding-window", limit: 3, windowMs: 60_000, ...members });
const codeIs = (code) => (error) => error instanceof Error && error.code === code;

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: takes its limit, says what is left, and takes again after exactly the promised wait`, () => {
    for (const Limiter of LIMITERS) {
      const limiter = new Limiter([policy({ algorithm })]);
      for (const remaining of [2, 1, 0]) {
        const taken = limiter.take("p", "k", 1, NOW_MS);
        assert.deepEqual([taken.allowed, taken.limit, taken.remaining, taken.retryAfterMs], [true, 3, remaining, null]);
      }
      const { allowed, remaining, resetMs, retryAfterMs } = limiter.take("p", "k", 1, NOW_MS);
      assert.deepEqual([allowed, remaining], [false, 0]);
      assert.ok(retryAfterMs > 0 && resetMs >= retryAfterMs);
      assert.equal(limiter.take("p", "k", 1, NOW_MS + retryAfterMs - 1).allowed, false);
      assert.equal(limiter.peek("p", "k", 1, NOW_MS + retryAfterMs).allowed, true);
      assert.equal(limiter.take("p", "k", 1, NOW_MS + retryAfterMs).allowed, true);
      assert.equal(limiter.peek("p", "k", 1, NOW_MS + retryAfterMs + resetMs + 120_000).remaining, 3);
    }
  });
}

test("keys are counted apart, whatever is in them, and a reset is of one", () => {
  const long = "x".repeat(10_240);
  const keys = ["ë".repeat(5_120), "k", "K", "k ", "ë", "e\u0308", "😀", "\0", "a\0b", "*", "a*", "a:b", "a\nb", "__proto__", long, long.slice(1)];
  for (const Limiter of LIMITERS) {
    const limiter = new Limiter([policy({ name: "p" }), policy({ name: "q" })]);
    for (const [i, key] of keys.entries()) assert.equal(limiter.take("p", key, 1 + (i % 3), NOW_MS).remaining, 2 - (i % 3));
    assert.equal(limiter.take("q", "k", 1, NOW_MS).remaining, 2);
    limiter.reset("p", "*");
    assert.equal(limiter.peek("p", "*", 1, NOW_MS).remaining, 3);
    assert.equal(limiter.peek("p", "a*", 1, NOW_MS).remaining, 2 - (keys.indexOf("a*") % 3));
  }
});

test("a clock that goes back gives nothing again", () => {
  for (const algorithm of ALGORITHMS) {
    const limiter = new Limiter([policy({ algorithm })]);
    limiter.take("p", "k", 3, NOW_MS);
    for (const back_ms of [1, 60_000, 1e9]) assert.equal(limiter.take("p", "k", 1, NOW_MS - back_ms).allowed, false);
  }
});

test("what cannot be counted is an error with a code, and counts nothing", () => {
  for (const Limiter of LIMITERS) {
    const limiter = new Limiter([policy()]);
    const long = ["x".repeat(10_241), "😀".repeat(2_561), `ë${"x".repeat(10_239)}`, `${"a".repeat(10_236)}ééxy`];
    for (const key of ["", ...long, "\ud800", "a\udc00b", undefined, 7, null]) {
      assert.throws(() => limiter.take("p", key, 1, NOW_MS), codeIs("ERR_LIMIT_KEY_INVALID"));
    }
    for (const cost of [0, -1, 0.5, 4, NaN, Infinity, 2 ** 53 + 2, "x"]) {
      assert.throws(() => limiter.take("p", "k", cost, NOW_MS), codeIs("ERR_LIMIT_COST_INVALID"));
    }
    for (const now of [NaN, -1, Infinity, 8.64e15 + 1]) {
      assert.throws(() => limiter.take("p", "k", 1, now), codeIs("ERR_TIME_INVALID"));
    }
    for (const name of ["q", "", undefined, "__proto__"]) {
      for (const verb of ["take", "peek", "reset"]) assert.throws(() => limiter[verb](name, "k"), codeIs("ERR_LIMIT_POLICY_UNKNOWN"));
    }
    assert.equal(limiter.peek("p", "k", 1, NOW_MS).remaining, 3);
  }
});

test("policies that cannot count are refused with their place", () => {
  const refused = (policies, place) => {
    assert.throws(() => new Limiter(policies), (error) => codeIs("ERR_CONFIG_INVALID")(error) && error.message.includes(place), place);
  };
  const faults = [{ limit: 0 }, { windowMs: 0 }, { limit: 2 ** 52, windowMs: 4 }, { name: "P" }, { burst: 2 }];
  for (const fault of [...faults, { algorithm: "sliding-log", limit: 10_001 }, { algorithm: "gcra", burst: 0 }]) {
    refused([policy(), policy({ name: "q", ...fault })], "policies[1]");
  }
  refused([policy({ algorithm: "magic" })], "unknown variant");
  refused([policy({ limits: 3 })], "unknown field");
  refused([policy({ limit: 1.5 })], "invalid type");
  refused([], "1 to 16");
  refused(Array.from({ length: 17 }, (_, i) => policy({ name: `p${i}` })), "1 to 16");
  refused([policy(), policy()], "this name");
});

test("a hundred thousand keys take no more memory than a full partition", () => {
  const limiter = new Limiter([policy()]);
  limiter.take("p", "known", 3, NOW_MS);
  for (let i = 0; i < 10_000; i++) limiter.take("p", `key ${i}`, 1, NOW_MS);
  const bytes = memory.buffer.byteLength;
  for (let i = 10_000; i < 110_000; i++) limiter.take("p", `key ${i}`, 1, NOW_MS);
  assert.equal(memory.buffer.byteLength, bytes);
  assert.equal(limiter.take("p", "known", 1, NOW_MS).allowed, false, "nobody's count is given up for others'");
});
