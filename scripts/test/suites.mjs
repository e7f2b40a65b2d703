// What `npm test` runs, in this order: quick and local first, so that a mistake shows early.

import { delimiter, dirname } from "node:path";
import { cargoTool, inRoot, npmBin, WASM_TARGET } from "../lib/project.mjs";
import { wasmCargoEnv } from "../lib/wasm-build.mjs";
import { chromedriver } from "../setup/browser.mjs";
import { cargoCounts, exitCounts, nodeCounts } from "./counts.mjs";

const DENY_WARNINGS = ["--", "-D", "warnings"];

const cargo = (...args) => ({ command: "cargo", args });
// The Node that npm installed: the one on PATH may be too old for miniflare.
const nodeTests = (files, ...flags) => ({
  command: npmBin("node"),
  args: ["--test", "--test-timeout=120000", ...flags, files],
  counts: nodeCounts,
});

const clippyWasm = (feature) => ({
  ...cargo("clippy", "--locked", "--lib", "--target", WASM_TARGET, "--features", feature, ...DENY_WARNINGS),
  env: () => wasmCargoEnv(feature),
  counts: exitCounts,
});

/** `mode` is wasm-pack's; the tests are the unit tests, which say nothing of where they run. */
const wasmPack = (mode, env) => ({
  command: cargoTool("wasm-pack").bin("wasm-pack"),
  args: () => ["test", ...mode(), "--mode", "no-install", "--", "--features", "npm", "--lib"],
  env: () => {
    const wasm = wasmCargoEnv("npm");
    const bindgen = dirname(cargoTool("wasm-bindgen-cli").bin("wasm-bindgen"));
    return { ...wasm, ...env, PATH: `${bindgen}${delimiter}${wasm.PATH ?? process.env.PATH}` };
  },
  counts: cargoCounts,
});

/**
 * name: what a filter names; title: the heading; fast: part of `npm run check`, and fastOnly: of that
 * alone; needs: a suite whose failure makes this one meaningless.
 */
export const SUITES = [
  { name: "fmt", title: "rustfmt", fast: true, ...cargo("fmt", "--all", "--check"), counts: exitCounts },
  {
    name: "clippy",
    title: "clippy, native",
    fast: true,
    ...cargo("clippy", "--locked", "--all-targets", ...DENY_WARNINGS),
    counts: exitCounts,
  },
  {
    name: "clippy-simulation",
    title: "clippy, the simulation and its planted bugs",
    ...cargo("clippy", "--locked", "--test", "simulation", "--features", "planted-bugs", ...DENY_WARNINGS),
    counts: exitCounts,
  },
  {
    name: "clippy-openapi",
    title: "clippy, the description of the HTTP interface",
    ...cargo("clippy", "--locked", "--lib", "--profile", "test", "--features", "openapi", ...DENY_WARNINGS),
    counts: exitCounts,
  },
  { name: "clippy-worker", title: "clippy, wasm with feature worker", ...clippyWasm("worker") },
  { name: "clippy-npm", title: "clippy, wasm with feature npm", ...clippyWasm("npm") },
  {
    name: "lib",
    title: "unit tests",
    fast: true,
    fastOnly: true,
    ...cargo("test", "--locked", "--lib"),
    counts: cargoCounts,
  },
  {
    name: "native",
    title: "native tests and doctests",
    ...cargo("test", "--locked", "--no-fail-fast"),
    counts: cargoCounts,
  },
  {
    name: "openapi",
    title: "the description of the HTTP interface",
    ...cargo("test", "--locked", "--features", "openapi", "--lib", "openapi"),
    counts: cargoCounts,
  },
  {
    name: "simulation",
    title: "2,000 runs of many isolates while everything fails, each by its seed",
    ...cargo("test", "--locked", "--test", "simulation"),
    counts: cargoCounts,
  },
  {
    name: "planted-bugs",
    title: "bugs that the simulation must find",
    ...cargo("test", "--locked", "--features", "planted-bugs", "--test", "simulation", "--", "planted"),
    counts: cargoCounts,
  },
  { name: "wasm-node", title: "wasm in Node", ...wasmPack(() => ["--node"]) },
  {
    name: "wasm-chrome",
    title: "wasm in headless Chromium",
    // Without the variable the runner would take these tests for Node's and skip them.
    ...wasmPack(() => ["--headless", "--chrome", "--chromedriver", chromedriver()], { WASM_BINDGEN_USE_BROWSER: "1" }),
  },
  {
    name: "build-npm",
    title: "build of the npm module",
    command: process.execPath,
    args: [inRoot("scripts/build-npm.mjs")],
    counts: exitCounts,
  },
  { name: "npm", title: "the npm module in Node", needs: "build-npm", ...nodeTests("tests/npm/**/*.test.mjs") },
  {
    name: "oracles",
    title: "random tokens, judged by us, by jose and by PyJWT",
    needs: "build-npm",
    ...nodeTests("tests/oracles/**/*.test.mjs"),
  },
  {
    name: "build-fuzz",
    title: "build of the fuzz targets",
    command: process.execPath,
    args: [inRoot("scripts/build-fuzz.mjs")],
    counts: exitCounts,
  },
  { name: "fuzz", title: "a short run of each fuzz target", needs: "build-fuzz", ...nodeTests("tests/fuzz/**/*.test.mjs") },
  {
    name: "build",
    title: "build of the Worker",
    command: process.execPath,
    args: [inRoot("scripts/build-worker.mjs")],
    counts: exitCounts,
  },
  { name: "worker", title: "the Worker in workerd", needs: "build", ...nodeTests("tests/worker/**/*.test.mjs") },
  { name: "browser", title: "/docs in headless Chromium", needs: "build", ...nodeTests("tests/browser/**/*.test.mjs") },
  { name: "schemathesis", title: "what the description allows, and what it does not", needs: "build", ...nodeTests("tests/schemathesis/**/*.test.mjs") },
  { name: "proxies", title: "forward authentication by nginx and Caddy", needs: "build", ...nodeTests("tests/proxies/**/*.test.mjs") },
  { name: "redis", title: "Redis over HTTP", ...nodeTests("tests/redis/**/*.test.mjs") },
  {
    name: "chaos",
    title: "failures of the store, in workerd on a real redis-server",
    needs: "build",
    // One file after the other: the load of one must not make another miss a deadline.
    ...nodeTests("tests/chaos/**/*.test.mjs", "--test-concurrency=1"),
  },
  { name: "packaging", title: "packaging and scripts", needs: "build", ...nodeTests("tests/packaging/**/*.test.mjs") },
];
