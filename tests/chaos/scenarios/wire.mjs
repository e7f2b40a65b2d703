// What lies between the Worker and Redis: the faults of tests/redis/faults.mjs for as long as an outage lasts.

import { QUOTA_EXCEEDED } from "../../redis/faults.mjs";

const onTheWire = (id, title, injected, fault, ...reasons) => ({
  id,
  title,
  injected,
  inject: ({ proxy }) => proxy.inject(fault),
  heal: async ({ proxy }) => proxy.clear(),
  reasons,
  loses: "nothing",
});

export const WIRE = [
  onTheWire("wire_delay", "every answer 3 s late", "each reply held back for 3 s", { fault: "delay", ms: 3_000 }, "timeout"),
  onTheWire("wire_reset", "every connection reset", "RST before anything is done", { fault: "reset" }, "unreachable"),
  onTheWire("wire_truncated", "half of every answer", "carried out; half of the JSON arrives", { fault: "truncated" }, "not_a_reply"),
  onTheWire("wire_html_503", "a proxy's error page", "HTML with 503", { fault: "html", status: 503 }, "http_5xx"),
  onTheWire("wire_quota", "over the plan's quota", "429", QUOTA_EXCEEDED, "quota"),
  onTheWire("wire_reply_lost", "every reply lost after its commit", "carried out, then RST", { fault: "lost" }, "unreachable", "timeout"),
];
