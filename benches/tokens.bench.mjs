// How long tokens take, ours beside other libraries, in Node and in workerd: each case in one run, on one
// stream of tokens, with the same checks. Only the ratios mean anything on another machine.
//
//   npm run bench -- tokens [CASE...] [--write]   the cases whose name holds one of these, or all;
//                                                 --write: what is printed goes into docs/benchmarks.md too

import { runCases } from "./lib/cases.mjs";
import { CASES } from "./tokens/cases.mjs";

await runCases("tokens", CASES);
