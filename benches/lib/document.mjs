// The last run, in docs/benchmarks.md: each section stands between two comments that name it.

import { readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.mjs";

const DOCUMENT = inRoot("docs/benchmarks.md");

/** Puts `text` in place of what the section says. Throws where the document has no such section. */
export function writeSection(name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, ...rest] = readFileSync(DOCUMENT, "utf8").split(begin);
  const after = rest.join(begin).split(end).slice(1);
  if (!after.length) throw new Error(`docs/benchmarks.md has no section between ${begin} and ${end}`);
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${text}\n\n${end}${after.join(end)}`);
}
