// The cases of a benchmark, as its arguments name them.

import { parseArgs } from "node:util";
import { writeSection } from "./document.mjs";

/** cases: { name, title, run(): resolves to the report }. Runs and prints those that are asked for. */
export async function runCases(benchmark, cases) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean" } } });
  const chosen = cases.filter(({ name }) => !positionals.length || positionals.some((part) => name.includes(part)));
  if (!chosen.length) throw new Error(`no such case; there are: ${cases.map(({ name }) => name).join(", ")}`);
  for (const { name, title, run } of chosen) {
    console.log(`\n${name}`);
    const report = await run();
    console.log(`\n${title}\n\n${report}`);
    if (values.write) writeSection(`${benchmark} ${name}`, report);
  }
}
