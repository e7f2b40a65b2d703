// SECURITY.md says of every threat which tests show its answer, by name: they are all there.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";

const text = readFileSync(inRoot("SECURITY.md"), "utf8");
const [, table] = /^## Threats and answers\n([^]*?)^## /m.exec(text);
const rows = table.split("\n").filter((line) => line.startsWith("| ")).slice(1);

test("every threat is shown by tests that are there", () => {
  assert.ok(rows.length >= 30, "the table was read");
  for (const row of rows) {
    const shown = row.split("|").at(-2);
    const files = shown.split("; ").map((part) => /^\s*`([^`]+)`: (.+)$/.exec(part));
    for (const match of files) {
      assert.ok(match, `names no file and tests: ${row}`);
      const [, file, names] = match;
      assert.ok(existsSync(inRoot(file)), `${file} of ${row}`);
      const source = readFileSync(inRoot(file), "utf8");
      for (const [, name] of names.matchAll(/`([^`]+)`/g)) {
        const there = file.endsWith(".rs") ? new RegExp(`\\b(fn ${name}\\b|${name}: ")`).test(source) : new RegExp("test\\([`\"]" + name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).test(source);
        assert.ok(there, `no test ${name} in ${file}`);
      }
    }
  }
});
