// How long tokens take, ours beside other libraries, in Node and in workerd: each case in one run, on one
// stream of tokens, with the same checks. Only the ratios mean anything on another machine.
//
//   npm run bench -- tokens [CASE...] [--write]   the cases whose name holds one of these, or all;
//                                                 --write: what is printed goes into docs/benchmarks.md too

import { parseArgs } from "node:util";
import { CASES } from "./tokens/cases.mjs";
import { writeSection } from "./lib/document.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean" } } });
const chosen = CASES.filter(({ name }) => !positionals.length || positionals.some((part) => name.includes(part)));
if (!chosen.length) throw new Error(`no such case; there are: ${CASES.map(({ name }) => name).join(", ")}`);
for (const { name, title, run } of chosen) {
  console.log(`\n${name}`);
  const report = await run();
  console.log(`\n${title}\n\n${report}`);
  if (values.write) writeSection(`tokens ${name}`, report);
}
