// Requests per second of /v1/authorize over Redis, in `workerd serve`: our Worker beside one made of public
// packages that does the same work over the same bridge and the same redis-server, and an empty one as the
// floor. Then what is said of the origin's figures: 100 verifications at once, and the death of the store.
// Only the ratios mean anything on another machine.

import { readFileSync } from "node:fs";
import { inRoot } from "../scripts/lib/project.mjs";
import { machine } from "./lib/report.mjs";
import { startBackend } from "./store/backend.mjs";
import { assertDecides, roundTrips } from "./store/checks.mjs";
import { contestants, OURS } from "./store/contestants.mjs";
import { outages } from "./store/outage.mjs";
import { atOnce, CONNECTIONS, measure, ROUNDS } from "./store/rates.mjs";
import { outageReport, ratesReport, title } from "./store/report.mjs";

const RUN_MS_MAX = 175_000;

const store = await startBackend();
const running = [];
let cleaned;
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => abort(`stopped by ${signal}`));
setTimeout(() => abort(`not done after ${RUN_MS_MAX / 1000} s`), RUN_MS_MAX).unref();
try {
  for (const contestant of await contestants()) await enter(contestant);
  const rates = await measure(running);
  const packages = ["workerd", "hono", "@upstash/redis", "@upstash/ratelimit"].map((name) => `${name} ${versionOf(name)}`);
  console.log(`\n${machine()}, ${packages.join(", ")};`);
  console.log(`${ROUNDS} rounds, ${CONNECTIONS} connections.\n`);
  console.log(ratesReport(rates));
  const ours = running.find(({ name }) => name === OURS);
  if (ours) await measureOutage(ours);
} finally {
  await cleanUp();
}

/** Once, whoever asks first: a run that is stopped also fails, and comes here twice. */
function cleanUp() {
  cleaned ??= (async () => {
    for (const { dispose } of running) await dispose();
    await store.dispose();
  })();
  return cleaned;
}

async function abort(why) {
  console.error(`store.bench.mjs: ${why}`);
  await cleanUp();
  process.exit(1);
}

/** Starts and checks a contestant. One that fails is left out, and the run ends as failed. */
async function enter(contestant) {
  const handle = await contestant.start(store);
  try {
    await assertDecides(contestant, handle, store);
    const trips = contestant.limits ? await roundTrips(contestant, store) : 0;
    if (contestant.limits && trips < 1) throw new Error(`${contestant.name} does not ask the store for every request`);
    running.push({ ...contestant, ...handle, trips });
    console.log(`✓ ${title(contestant)}: each check holds`);
  } catch (error) {
    await handle.dispose();
    console.log(`✗ ${title(contestant)}: left out. ${error.message}`);
    process.exitCode = 1;
  }
}

async function measureOutage(ours) {
  const took_ms = await atOnce(ours);
  console.log(outageReport(took_ms, await outages(ours, store)));
}

function versionOf(name) {
  return JSON.parse(readFileSync(inRoot("node_modules", name, "package.json"), "utf8")).version;
}
