// A take in this process's memory.

import assert from "node:assert/strict";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { timesFaster } from "../lib/bars.mjs";
import { comparedReport } from "../lib/compared.mjs";
import { inProcess } from "../lib/in-process.mjs";
import { measure } from "../lib/rounds.mjs";
import { fresh, roundAndRound } from "../tokens/token.mjs";

const OURS = "portcullis (wasm)";
const FLEXIBLE = "rate-limiter-flexible";
const PACKAGES = { [OURS]: "", [FLEXIBLE]: FLEXIBLE };
const WINDOW_S = 60;
// Never reached while it is timed: what is allowed is what is common.
const LIMIT = 1_000_000_000;

/** keys: how many are taken from in turn; times: how many times faster ours is to be. Resolves to the report. */
export async function inMemory({ keys, times }) {
  for (const contestant of await contestants(3)) await assertLimits(contestant);
  console.log("  each takes three from a limit of three, and refuses the fourth");
  const names = Array.from({ length: keys }, (_, i) => `user:${i}@example.com`);
  const timed = (await contestants(LIMIT)).map(({ name, take, isAsync }) => ({
    name,
    turn: inProcess({ run: take, isAsync, inputs: roundAndRound(names, fresh) }),
  }));
  const what = `${keys} ${keys === 1 ? "key" : "keys"} of ${names[0].length} to ${names.at(-1).length} characters, sliding window`;
  const bars = [timesFaster(FLEXIBLE, times)];
  return comparedReport({ ours: OURS, packages: PACKAGES, verb: "takes", what, bars, contestants: timed, ...(await measure(timed)) });
}

async function contestants(limit) {
  const { Limiter } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));
  const ours = new Limiter([{ name: "bench", algorithm: "sliding-window", limit, windowMs: WINDOW_S * 1000 }]);
  const flexible = new RateLimiterMemory({ points: limit, duration: WINDOW_S });
  return [
    { name: OURS, take: (key) => ours.take("bench", key), allows: (taken) => taken.allowed },
    // It rejects with what it says of a key that is over its limit.
    { name: FLEXIBLE, isAsync: true, take: (key) => flexible.consume(key), allows: () => true },
  ];
}

async function assertLimits({ name, take, allows }) {
  const allowed = async () => {
    try {
      return allows(await take("checked"));
    } catch {
      return false;
    }
  };
  const taken = [await allowed(), await allowed(), await allowed(), await allowed()];
  assert.deepEqual(taken, [true, true, true, false], name);
}
