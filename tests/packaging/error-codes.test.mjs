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
