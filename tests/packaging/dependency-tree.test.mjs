// The core runs without JavaScript: with no features, nothing it depends on knows of a JavaScript host.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";

const BINDINGS = ["wasm-bindgen", "js-sys", "web-sys", "worker", "worker-sys", "serde-wasm-bindgen"];

/** Names of every crate in the native tree of what is built, not of what only tests need. */
function dependencies(...features) {
  const args = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", ...features];
  const lines = execFileSync("cargo", args, { cwd: inRoot(), encoding: "utf8" }).trim().split("\n");
  return new Set(lines.map((line) => line.split(" ")[0]));
}

test("without features the core depends on no JavaScript bindings", () => {
  const tree = dependencies();
  assert.ok(tree.has("jwt-simple"), "cargo tree was read wrongly");
  assert.deepEqual(BINDINGS.filter((crate) => tree.has(crate)), []);
});

test("what describes the interface is part of no build but that of the description", () => {
  for (const features of [[], ["--features", "worker"], ["--features", "npm"]]) {
    assert.ok(!dependencies(...features).has("utoipa"), features.join(" "));
  }
  assert.ok(dependencies("--features", "openapi").has("utoipa"));
});

test("the bindings come with the features", () => {
  assert.ok(dependencies("--features", "worker").has("worker"));
  assert.ok(dependencies("--features", "npm").has("wasm-bindgen"));
});
