// What a store has forgotten of what it acknowledged, and who was told.

import assert from "node:assert/strict";
import { assertProblem } from "../worker/conversation.mjs";
import { degraded, until } from "./harness.mjs";

/**
 * Asks an instance that never heard of any of them: lost, how many it accepted when the store was back; lostAtLast,
 * how many in the end. The one that acknowledged them refuses them all the time.
 */
export async function lossesOf({ chaos, outage, missing, acknowledged, kept }) {
  const { talk, siblings: { witness } } = chaos;
  const accepted = (tokens) => acceptedBy(witness, tokens);
  const lost = missing ?? (await accepted(acknowledged));
  if (outage.loses === "nothing") assert.equal(lost, 0, `${lost} of ${acknowledged.length} acknowledged revocations are lost`);
  if (outage.loses === "all") assert.equal(lost, acknowledged.length, "a store without persistence keeps nothing");
  if (outage.loses === "some") assert.ok(lost > 0 && lost < acknowledged.length, `${lost} of ${acknowledged.length}`);
  await until("what was kept to reach the store", async () => (await accepted(kept)) === 0);
  // Only what is known to be lost is told again.
  if (isNoticed(outage)) await until("what was lost to be told again", async () => (await accepted(acknowledged)) === 0);
  for (const token of [...acknowledged, ...kept]) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  return { acknowledged: acknowledged.length, kept: kept.length, lost, lostAtLast: await accepted(acknowledged) };
}

const isNoticed = ({ loses }) => loses !== "nothing";

/** How many of the tokens an instance accepts, as one that asks the store. */
export async function acceptedBy(talk, tokens) {
  let count = 0;
  for (const token of tokens) {
    const answer = await talk.authorize(token);
    assert.equal(degraded(answer), null, "decided without the store");
    // Anything else, 429 for one, would pass for a refusal.
    if (answer.status === 200) count += 1;
    else assertProblem(answer, 401, "ERR_JWT_REVOKED");
  }
  return count;
}

/** Nothing is silent: events of the Worker and, where there is one, of the bridge. */
export async function assertTold({ talk, events }, { reasons, told, loses }) {
  const [opened] = await talk.events("breaker_opened");
  assert.ok(reasons.includes(opened?.cause), `opened for ${opened?.cause}`);
  assert.ok((await talk.events("store_recovered")).length >= 1);
  if (isNoticed({ loses })) assert.ok((await talk.events("store_lost_data")).length >= 1);
  if (told) await untilTold(events, told);
  await talk.assertNothingLeaked();
}

export const untilTold = (events, told) =>
  until(`the bridge to tell ${told.event}`, () => events.some(({ event, cause }) => event === told.event && (!told.cause || cause === told.cause)));
