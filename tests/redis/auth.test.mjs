// Only the bearer of the token is served.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asker, newToken, startBridge } from "./harness.mjs";

let bridge;
let anonymous;
before(async () => {
  bridge = await startBridge();
  anonymous = asker(bridge.url);
});
after(() => bridge?.dispose());

const get = async (key) => (await bridge.command("GET", key)).body.result;

for (const [what, authorization] of [
  ["no token", () => undefined],
  ["an empty token", () => "Bearer "],
  ["another token", () => `Bearer ${newToken()}`],
  ["the token without its last character", () => `Bearer ${bridge.token.slice(0, -1)}`],
  ["the token and one character more", () => `Bearer ${bridge.token}0`],
  ["the token in capitals", () => `Bearer ${bridge.token.toUpperCase()}`],
  ["the token in another scheme", () => `Basic ${bridge.token}`],
  ["the token alone", () => bridge.token],
]) {
  test(`${what} is 401, and nothing is carried out`, async () => {
    const headers = authorization() === undefined ? {} : { authorization: authorization() };
    for (const [path, body] of [["/set/k/v"], ["/", ["SET", "k", "v"]], ["/pipeline", [["SET", "k", "v"]]], ["/multi-exec", [["SET", "k", "v"]]]]) {
      const { status, headers: fields, body: answer } = await anonymous(path, { headers, body });
      assert.deepEqual([status, answer], [401, { error: "WRONGPASS invalid or missing auth token" }]);
      assert.equal(fields.get("www-authenticate"), "Bearer");
    }
    assert.equal(await get("k"), null);
  });
}

test("a request without the token learns nothing of what else is wrong with it", async () => {
  assert.equal((await anonymous("/", { body: "no JSON" })).status, 401);
  assert.equal((await anonymous("/shutdown")).status, 401);
});

test("the scheme's name is read in any case", async () => {
  assert.equal((await anonymous("/ping", { headers: { authorization: `bearer ${bridge.token}` } })).status, 200);
});

test("?_token= is not taken unless it is switched on", async () => {
  assert.equal((await anonymous(`/ping?_token=${bridge.token}`)).status, 401);
});

test("?_token= beside the header is no argument of the command", async () => {
  assert.deepEqual((await bridge.ask(`/echo/x?_token=${bridge.token}`)).body, { result: "x" });
});

test("?_token= switched on is taken, when right, and a wrong header outweighs it", async (t) => {
  const open = await startBridge({ allowQueryToken: true });
  t.after(() => open.dispose());
  const ask = asker(open.url);
  assert.deepEqual((await ask(`/echo/x?_token=${open.token}`)).body, { result: "x" });
  assert.equal((await ask(`/echo/x?_token=${newToken()}`)).status, 401);
  assert.equal((await ask("/echo/x?_token=")).status, 401);
  const headers = { authorization: `Bearer ${newToken()}` };
  assert.equal((await ask(`/echo/x?_token=${open.token}`, { headers })).status, 401);
});
