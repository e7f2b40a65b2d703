// docs/operations.md lists every event and every metric there is, and none that there is not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";

const table = readFileSync(inRoot("src/telemetry/facts.rs"), "utf8");
const facts = [...table.matchAll(/facts\("(\w+)",\s+(None|Some\(\w+\)),\s+"(\w+)"/g)];
const metrics = readFileSync(inRoot("docs/operations.md"), "utf8").split("\n## ").find((part) => part.startsWith("Metrics"));
const rows = metrics.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").map((cell) => cell.trim()));
const words = (cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, word]) => word);

test("every metric is listed once, and no other", () => {
  const listed = rows.flatMap(([, names]) => words(names)).sort();
  // The one that an event measures beside its own.
  const known = [...facts.map(([, , , metric]) => metric), "store_outage_milliseconds"].sort();
  assert.ok(known.length > 20, "the table of events was found");
  assert.deepEqual(listed, known);
});

test("every event that has a log line is named beside its metric", () => {
  for (const [, event, level, metric] of facts) {
    if (level === "None") continue;
    const row = rows.find(([, names]) => words(names).includes(metric));
    const said = words(row[4]);
    assert.ok(said.includes(event) || row[4].startsWith("the same"), `${event} beside ${metric}: ${row[4]}`);
  }
});
