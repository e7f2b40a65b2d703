// How long a take from a limit takes: in Node beside another library, and natively beside governor. Only the
// ratios mean anything on another machine. Requests per second over Redis and round trips: `npm run bench -- store`.
//
//   npm run bench -- limits [CASE...] [--write]   the cases whose name holds one of these, or all;
//                                                 --write: what is printed goes into docs/benchmarks.md too

import { runCases } from "./lib/cases.mjs";
import { inMemory } from "./limits/in-memory.mjs";
import { natively } from "./limits/natively.mjs";

await runCases("limits", [
  { name: "one-key-node", title: "One key, Node", run: () => inMemory({ keys: 1, times: 2 }) },
  { name: "many-keys-node", title: "100,000 keys, Node", run: () => inMemory({ keys: 100_000, times: 3 }) },
  { name: "native", title: "Natively", run: natively },
]);
