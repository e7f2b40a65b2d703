// Whether a Redis over HTTP can be used at all: asked before anybody is told that the Worker has it as its store.

import { StepError } from "../lib/step.mjs";

const ANSWER_MS_MAX = 2_000;

/** Resolves when the store takes the token and Redis answers behind it; `next` is what to do when not. */
export async function checkStore({ url, token, next }) {
  const cause = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(["PING"]),
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  }).then(causeOfRefusal, (error) => (error.name === "TimeoutError" ? `no answer in ${ANSWER_MS_MAX} ms` : "not reachable"));
  if (cause) throw new StepError(`the store refused at start: ${cause}`, { next });
}

async function causeOfRefusal(response) {
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 || response.status === 403) return "it does not take our token";
  return response.status === 200 && body?.result === "PONG" ? undefined : `its answer to PING has status ${response.status}`;
}
