// docs/chaos-specification.md has every chaos scenario there is a test of, whole, and none without one.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { SCENARIOS } from "../chaos/scenarios/index.mjs";

const PARTS = ["Injection", "Expected", "Success", "Accepted risk", "Unacceptable risk", "Recovery"];

const page = readFileSync(inRoot("docs/chaos-specification.md"), "utf8");
const specified = page.split(/^### /m).slice(1).map((text) => [/^`(\w+)`\n/.exec(text)?.[1], text.split(/^## /m)[0]]);
const folder = inRoot("tests/chaos");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".test.mjs"))
  .flatMap((file) => [...readFileSync(`${folder}/${file}`, "utf8").matchAll(/^ *(?:test|describe)\(\s*(.)(.*)/gm)].map(([, quote, text]) => ({ file, quote, text })));
/** The scenarios' tests are made in a loop over their list. */
const LOOPED = "${id}: ${title}`";
const tested = [
  ...names.filter(({ text }) => !text.startsWith(LOOPED)).map(({ file, text }) => ({ id: /^([a-z][a-z0-9_]+): \S/.exec(text)?.[1], where: `${file}: ${text}` })),
  ...SCENARIOS.map(({ id }) => ({ id, where: "scenarios" })),
];

test("each scenario has an id of its own, and all its parts in their order", () => {
  assert.ok(specified.length > 25, "the page was read");
  const ids = specified.map(([id]) => id);
  assert.deepEqual(ids.filter((id, n) => !id || ids.indexOf(id) !== n), []);
  for (const [id, text] of specified) {
    const parts = [...text.matchAll(/^- \*\*(.+?):\*\* \S/gm)].map(([, part]) => part);
    assert.deepEqual(parts, PARTS, id);
  }
});

test("each test of tests/chaos begins with an id", () => {
  assert.ok(names.length > 20 && names.some(({ text }) => text.startsWith(LOOPED)), "the tests were read");
  for (const { id, where } of tested) assert.ok(id, where);
});

test("each id has a test, and each test's id is specified", () => {
  const unique = (ids) => [...new Set(ids)].sort();
  assert.deepEqual(unique(tested.map(({ id }) => id)), unique(specified.map(([id]) => id)));
});
