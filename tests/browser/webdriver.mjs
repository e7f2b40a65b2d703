// A headless Chromium by the WebDriver protocol (W3C WebDriver, section 5): what the tests of a page need of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/lib/redis-server.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { chromedriver } from "../../scripts/setup/browser.mjs";

const START_MS_MAX = 20_000;
const WAIT_MS_MAX = 15_000;

/**
 * Starts a browser. Resolves to { open, run, until, logs, screenshot, dispose }: run(script, ...args) is a function's body in
 * the page, and resolves to what it returns; until(script) waits until it is true; logs(type) are those since the last call.
 */
export async function startBrowser() {
  const port = await freePort();
  const driver = spawn(chromedriver(), [`--port=${port}`], { stdio: "ignore" });
  const ended = once(driver, "close");
  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    assert.equal(response.status, 200, JSON.stringify(value));
    return value;
  };
  const end = async () => {
    driver.kill();
    await ended;
  };
  try {
    await answers(() => call("GET", "/status"));
    const { sessionId } = await call("POST", "/session", { capabilities: { alwaysMatch: capabilities() } });
    const session = `/session/${sessionId}`;
    const run = (script, ...args) => call("POST", `${session}/execute/sync`, { script, args });
    return {
      run,
      open: (url) => call("POST", `${session}/url`, { url }),
      async until(script, ...args) {
        for (const end_ms = Date.now() + WAIT_MS_MAX; ; await sleep(50)) {
          const value = await run(script, ...args);
          if (value) return value;
          assert.ok(Date.now() < end_ms, `never: ${script}`);
        }
      },
      logs: (type) => call("POST", `${session}/se/log`, { type }),
      screenshot: async () => Buffer.from(await call("GET", `${session}/screenshot`), "base64"),
      async dispose() {
        await call("DELETE", session);
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** What wasm-pack's tests start it with, and its logs. */
function capabilities() {
  const shared = JSON.parse(readFileSync(inRoot("webdriver.json"), "utf8"));
  const options = shared["goog:chromeOptions"];
  const args = [...options.args, "--window-size=1280,1600"];
  return { browserName: "chrome", ...shared, "goog:chromeOptions": { ...options, args }, "goog:loggingPrefs": { browser: "ALL", performance: "ALL" } };
}

async function answers(ask) {
  for (const end_ms = Date.now() + START_MS_MAX; ; await sleep(50)) {
    const error = await ask().then(() => undefined, (error) => error);
    if (!error) return;
    if (Date.now() > end_ms) throw error;
  }
}
