// /docs in a real browser: it shows every route, asks nobody else for anything, and its requests are answered.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startWorker } from "../worker/harness.mjs";
import { startBrowser } from "./webdriver.mjs";

const document = JSON.parse(readFileSync(inRoot("www/openapi.json"), "utf8"));
const OPERATIONS = Object.values(document.paths).flatMap((item) => Object.values(item).filter((one) => one.operationId));
// A field of a page that a framework owns changes by its own setter and an event.
const FILL = `
  const [selector, value] = arguments;
  const field = document.querySelector(selector);
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));`;
const CLICK = "document.querySelector(arguments[0]).click()";
const THERE = "return document.querySelector(arguments[0]) !== null";

let worker, browser;
before(async () => {
  worker = await startWorker({ durableObject: true });
  browser = await startBrowser();
});
after(async () => {
  await browser?.dispose();
  await worker?.dispose();
});

const click = async (selector) => {
  await browser.until(THERE, selector);
  await browser.run(CLICK, selector);
};

test("the page shows every operation, without an error and without asking anybody else", async () => {
  await browser.open(`${worker.url}/docs/`);
  await browser.until("return document.querySelectorAll('.opblock').length === arguments[0]", OPERATIONS.length);
  const shown = await browser.run("return [...document.querySelectorAll('.opblock-summary-path')].map((path) => path.dataset.path)");
  assert.deepEqual([...new Set(shown)].sort(), Object.keys(document.paths).sort());
  const errors = (await browser.logs("browser")).filter(({ level }) => level === "SEVERE");
  assert.deepEqual(errors, []);
  const sent = (await browser.logs("performance")).map(({ message }) => JSON.parse(message).message);
  const hosts = sent.filter(({ method }) => method === "Network.requestWillBeSent").map(({ params }) => new URL(params.request.url));
  const others = hosts.filter(({ protocol, host }) => protocol.startsWith("http") && host !== new URL(worker.url).host);
  assert.ok(hosts.length >= 4, "requests were seen");
  assert.deepEqual(others, []);
});

test("with the client's credentials, trying it out mints a token", async () => {
  await click(".btn.authorize");
  await browser.until(THERE, "input[name=username]");
  await browser.run(FILL, "input[name=username]", worker.client.id);
  await browser.run(FILL, "input[name=password]", worker.client.secret);
  await click(".auth-btn-wrapper .authorize");
  await click(".auth-btn-wrapper .btn-done");
  await click("#operations-tokens-mintToken .opblock-summary-control");
  await click("#operations-tokens-mintToken .execute");
  const status = await browser.until("return document.querySelector('#operations-tokens-mintToken .live-responses-table tbody .response-col_status')?.innerText.trim()");
  assert.match(status, /^201/);
  const body = await browser.run("return document.querySelector('#operations-tokens-mintToken .live-responses-table tbody .microlight').innerText");
  assert.match(body, /"access_token": "eyJ/);
  if (process.env.SCREENSHOT) writeFileSync(process.env.SCREENSHOT, await browser.screenshot());
});

test("the page keeps no credentials", async () => {
  const kept = await browser.run("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])");
  assert.ok(!kept.includes(worker.client.secret));
});
