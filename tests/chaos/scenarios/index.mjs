// Every fault of a real store: one definition for the tests, which assert, and for `npm run chaos`, which measures as well.

import { runOutage } from "../outage.mjs";
import { CLUSTER } from "./cluster.mjs";
import { EVICTION } from "./eviction.mjs";
import { PROCESS } from "./process.mjs";
import { SERVER } from "./server.mjs";
import { WIRE } from "./wire.mjs";

/** Each { id, title, injected, loses, run(bounds) }; run resolves to what was measured, and rejects where a promise is broken. */
export const SCENARIOS = [
  ...[...PROCESS, ...SERVER, ...CLUSTER, ...WIRE].map((outage) => ({ ...outage, run: (bounds) => runOutage(outage, bounds) })),
  EVICTION,
];
