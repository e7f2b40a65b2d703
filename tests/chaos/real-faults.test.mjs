// Faults of a real Redis, each from healthy to healthy under steady traffic: who waits, what is told, what is lost.

import { test } from "node:test";
import { SCENARIOS } from "./scenarios/index.mjs";

// Longer than by default: a busy machine must not miss it while all is well.
const BOUNDS = { deadline_ms: 500, revocations: 20 };

for (const { id, title, run } of SCENARIOS) {
  test(`${id}: ${title}`, async (t) => {
    const { detect_ms, recover_ms, acknowledged, lost } = await run(BOUNDS);
    t.diagnostic(`${id}: noticed in ${detect_ms.toFixed(0)} ms, back in ${recover_ms.toFixed(0)} ms, ${lost} of ${acknowledged} lost`);
  });
}
