// Nothing fails silently: whatever happens to a store call has its event, its cause, its counter, and a field in
// the answer; and none of them gives away where the store is or what opens it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FAULT_NAMES, QUOTA_EXCEEDED, UNAUTHORIZED } from "../redis/faults.mjs";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { degraded, seen, startChaos, total, withoutStore } from "./harness.mjs";

// Met by the faults that are too slow, and with ample room by all others.
const vars = { store: { deadline: "1s", first_deadline: "5s" } };

/** Every fault that the proxy knows, with the cause by which it is told. */
const ROWS = [
  [{ fault: "delay", ms: 3_000 }, "timeout"],
  [{ fault: "reset" }, "unreachable"],
  [{ fault: "lost" }, "unreachable"],
  [{ fault: "hang" }, "timeout"],
  [{ fault: "hangAfter" }, "timeout"],
  [{ fault: "truncated" }, "not_a_reply"],
  [UNAUTHORIZED, "unauthorized"],
  [QUOTA_EXCEEDED, "quota"],
  [{ fault: "html", status: 503 }, "http_5xx"],
  [{ fault: "redirect" }, "redirect"],
  [{ fault: "huge" }, "reply_too_large"],
  [{ fault: "lie" }, "reply_too_large"],
  [{ fault: "drip", ms: 200 }, "timeout"],
];
const titleOf = ({ fault, status }) => (status ? `${fault} ${status}` : fault);
const nameOf = (index, verb) => `${verb}-${index}`;

test("no_silent_failure: every fault that there is has a row", () => {
  assert.deepEqual([...new Set(ROWS.map(([{ fault }]) => fault))], FAULT_NAMES);
});

describe("no_silent_failure: each fault is told", () => {
  let chaos;
  before(async () => {
    const one = { vars, storeUrl: ({ proxy }) => proxy.url };
    const names = ROWS.flatMap((_, index) => ["admit", "revoke"].map((verb) => nameOf(index, verb)));
    chaos = await startChaos({ siblings: Object.fromEntries(names.map((name) => [name, one])) });
  });
  after(() => chaos?.dispose());

  /** The conversation with an instance of its own, its first token, and the log lines that one fault brings. */
  async function under(fault, name) {
    const { proxy, siblings } = chaos;
    const talk = siblings[name];
    proxy.clear();
    const { access_token: token } = await talk.mint();
    const healthy = await talk.authorize(token);
    assert.deepEqual([healthy.status, degraded(healthy)], [200, null], healthy.text);
    const before = await seen(talk, "store_failed");
    proxy.inject(fault);
    return { talk, token, failures: async () => (await talk.events("store_failed", before + 1)).slice(before) };
  }

  for (const [index, [fault, cause]] of ROWS.entries()) {
    test(`no_silent_failure: ${titleOf(fault)} while a token is checked: ${cause}`, async () => {
      const { talk, token, failures } = await under(fault, nameOf(index, "admit"));
      const answer = await talk.authorize(token);
      assert.deepEqual([answer.status, degraded(answer)], [200, withoutStore(cause)], answer.text);
      assert.deepEqual(await failures(), [{ level: "error", event: "store_failed", verb: "admit", cause }]);
      const metrics = await talk.metrics();
      for (const name of ["store_failures", "fallbacks"]) {
        assert.equal(counter(metrics, `${name}_total{verb="admit",cause="${cause}"}`), 1, name);
        assert.equal(total(metrics, `${name}_total`), 1, `${name}, counted once`);
      }
      assertProblem(await talk.authorize(`${token}x`), 401, "ERR_JWS_INVALID");
      await talk.assertNothingLeaked();
    });

    test(`no_silent_failure: ${titleOf(fault)} while a token is revoked: ${cause}, and the revocation is kept for later`, async () => {
      const { talk, token, failures } = await under(fault, nameOf(index, "revoke"));
      const answer = await talk.revoke({ token });
      assert.deepEqual([answer.status, answer.body], [200, { durability: "local" }], answer.text);
      assert.deepEqual(await failures(), [{ level: "error", event: "store_failed", verb: "revoke", cause }]);
      const metrics = await talk.metrics();
      assert.equal(counter(metrics, `store_failures_total{verb="revoke",cause="${cause}"}`), 1);
      assert.equal(counter(metrics, 'revocations_journalled_total{scope="token"}'), 1);
      assert.equal(counter(metrics, "journal_entries"), 1);
      assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
      await talk.assertNothingLeaked();
    });
  }
});
