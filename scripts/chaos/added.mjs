// What an answer costs more while the breaker is open than while all is well: in one process, minutes apart at most,
// kill after kill, in `workerd serve`.

import { startBackend } from "../../benches/store/backend.mjs";
import { startOurs } from "../../benches/store/contestants.mjs";
import { outages } from "../../benches/store/outage.mjs";
import { ONE_LIMIT } from "../../benches/store/setup.mjs";
import { atShare } from "../../benches/lib/report.mjs";

/** Resolves to { count, healthy, first, open }: of each phase { p50_ms, p99_ms, max_ms }. */
export async function measureAdded() {
  const store = await startBackend({ redisArgs: ["--appendfsync", "always"] });
  try {
    const worker = await startOurs("EdDSA", ONE_LIMIT, store);
    try {
      const kills = await outages({ port: worker.port, algorithm: "EdDSA" }, store);
      const of = (phase) => kills.flatMap((kill) => kill[phase]);
      const shares = (times_ms) => ({ count: times_ms.length, p50_ms: atShare(times_ms, 0.5), p99_ms: atShare(times_ms, 0.99), max_ms: atShare(times_ms, 1) });
      return { kills: kills.length, healthy: shares(of("healthy")), first: shares(of("first")), open: shares(of("open")) };
    } finally {
      await worker.dispose();
    }
  } finally {
    await store.dispose();
  }
}
