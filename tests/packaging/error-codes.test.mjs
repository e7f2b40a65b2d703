// docs/errors.md is the list people look codes up in: it has every code of the source, and no other.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";

const CODE = /\bERR_[A-Z_]+\b/g;

/** The codes in a text. */
const codes = (text) => text.match(CODE) ?? [];

test("docs/errors.md lists exactly the codes of the source", () => {
  const files = readdirSync(inRoot("src"), { recursive: true }).filter((file) => file.endsWith(".rs"));
  const inSource = files.flatMap((file) => codes(readFileSync(inRoot("src", file), "utf8")));
  assert.ok(inSource.length > 20, "the source was read");
  const documented = codes(readFileSync(inRoot("docs/errors.md"), "utf8"));
  assert.deepEqual([...new Set(documented)].sort(), [...new Set(inSource)].sort());
});

test("docs/errors.md says of every code when it comes and what to do then", () => {
  const rows = readFileSync(inRoot("docs/errors.md"), "utf8").split("\n").filter((line) => line.startsWith("| `ERR_"));
  assert.ok(rows.length > 20, "the table was read");
  for (const row of rows) {
    const cells = row.split("|").slice(1, -1).map((cell) => cell.trim());
    const [when, then] = cells.slice(-2);
    assert.ok(cells.length >= 3 && when.length > 3 && then.length > 3, row);
  }
});

test("docs/errors.md gives every code an HTTP status, or says that it has none", () => {
  const text = readFileSync(inRoot("docs/errors.md"), "utf8");
  // A section's heading has the status of its rows, or each row has its own.
  for (const section of text.split(/^## /m).slice(1)) {
    const [heading] = section.split("\n");
    for (const row of section.split("\n").filter((line) => line.startsWith("| `ERR_"))) {
      assert.ok(/\b[45]\d\d\b/.test(heading) || /^\| [^|]+ \| ([45]\d\d\b|-)/.test(row), row);
    }
  }
});
