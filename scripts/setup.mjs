// Everything a fresh clone needs before `npm start`, `npm test` and the others, installed once and
// skipped when already there. Called by npm's pre-scripts with the name of what comes after.
//
//   node scripts/setup.mjs start | check | bench | chaos | fuzz | simulate | test

import { installNpmPackages } from "./setup/npm-packages.mjs";
import { checkRust, checkRustComponents } from "./setup/rust.mjs";
import { ensureWasmTarget } from "./setup/wasm-target.mjs";
import { installCargoTools } from "./setup/cargo-tools.mjs";
import { ensureBrowser } from "./setup/browser.mjs";
import { ensureCxx } from "./setup/cxx.mjs";
import { ensureProxies } from "./setup/proxies.mjs";
import { ensurePyJwt } from "./setup/pyjwt.mjs";
import { ensureRedis } from "./setup/redis.mjs";
import { ensureSchemathesis } from "./setup/schemathesis.mjs";
import { main, step, StepError } from "./lib/step.mjs";

const NODE_MAJOR_MIN = 20;

const checkNode = () => {
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR_MIN) {
    throw new StepError(`Node is ${process.version}, and ${NODE_MAJOR_MIN} is the oldest that can set up`, {
      next: "install a current Node (https://nodejs.org)",
    });
  }
  return process.version;
};

const node = () => step("Node", checkNode);
const rust = () => step("Rust", checkRust);
const rustComponents = () => step("Rust components", checkRustComponents);
const npmPackages = () => step("npm packages", installNpmPackages);
const wasmTarget = () => step("WebAssembly target", ensureWasmTarget);
const browser = () => step("Chromium", ensureBrowser);
const cxx = () => step("C++ compiler", ensureCxx);
const pyJwt = () => step("PyJWT", ensurePyJwt);
const redis = () => step("Redis", ensureRedis);
const proxies = () => step("nginx and Caddy", ensureProxies);
const schemathesis = () => step("Schemathesis", ensureSchemathesis);
const tools = (...names) => () => installCargoTools(names);

const PROFILES = {
  // The unit tests have a redis-server of their own.
  check: [node, rust, rustComponents, redis],
  start: [node, rust, npmPackages, wasmTarget, tools("wasm-bindgen-cli", "worker-build")],
  bench: [node, rust, npmPackages, wasmTarget, tools("wasm-bindgen-cli", "worker-build"), redis],
  chaos: [node, rust, npmPackages, wasmTarget, tools("wasm-bindgen-cli", "worker-build"), redis],
  fuzz: [node, rust, cxx],
  simulate: [node, rust],
  test: [
    node,
    rust,
    rustComponents,
    npmPackages,
    wasmTarget,
    tools("wasm-bindgen-cli", "worker-build", "wasm-pack"),
    browser,
    redis,
    cxx,
    pyJwt,
    proxies,
    schemathesis,
  ],
};

await main(async () => {
  const profile = PROFILES[process.argv[2]];
  if (!profile) throw new StepError(`usage: node scripts/setup.mjs ${Object.keys(PROFILES).join(" | ")}`);
  for (const part of profile) await part();
});
