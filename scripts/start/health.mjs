// Whether the Worker that was just started can work at all: asked before anybody is told that it listens.

import { setTimeout as sleep } from "node:timers/promises";
import { StepError } from "../lib/step.mjs";

const ANSWER_MS_MAX = 10_000;
// Log lines come by another way than answers.
const LOG_MS_MAX = 2_000;
const POLL_MS = 10;

/** Rejects with a StepError that names the fault where /healthz is not 200; `lines` grows with the Worker's log. */
export async function checkHealth(origin, lines) {
  const status = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).then(
    (response) => response.status,
    (error) => error.name,
  );
  if (status === 200) return;
  const fault = await faultIn(lines);
  if (!fault) throw new StepError(`the Worker answers /healthz with ${status}`, { next: "read its log above" });
  throw new StepError(`the configuration is faulty at ${fault.path}: ${fault.reason}`, {
    next: "correct it in wrangler.toml ([vars.portcullis]) or, a secret, in .dev.vars",
  });
}

async function faultIn(lines) {
  for (const end_ms = Date.now() + LOG_MS_MAX; Date.now() < end_ms; await sleep(POLL_MS)) {
    const line = lines.find((text) => text.includes('"event":"config_invalid"'));
    if (line) return JSON.parse(line.slice(line.indexOf("{")));
  }
  return undefined;
}
