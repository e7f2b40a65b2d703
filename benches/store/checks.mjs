// Before anything is timed: each contestant decides as it should, and asks the store for it, so that no
// figure is one of a Worker that waves tokens through.

import { startFaults } from "../../tests/redis/faults.mjs";
import { load } from "./load.mjs";
import { badlySigned, newToken, requestOf } from "./setup.mjs";

const COUNTED = 100;
// The first requests of an instance load scripts into Redis.
const UNCOUNTED = 20;

/** Rejects, saying what is wrong, unless the running contestant tells good, bad, revoked and over quota apart. */
export async function assertDecides({ name, algorithm, revoke, spend }, running, store) {
  const expect = async (what, token, expected) => {
    const { answers: [{ status, degraded }] } = await load({ port: running.port, requests: [requestOf(token)], connections: 1, count: 1 });
    if (status === expected && !degraded) return;
    const seen = `${status}${degraded ? ", without the store," : ""}`;
    throw new Error([`${name} answers ${seen} to ${what}, not ${expected}`, ...running.said.slice(-3)].join("\n"));
  };
  await expect("a good token", newToken(algorithm), 200);
  if (!revoke) return;
  await expect("a bad signature", badlySigned(algorithm), 401);
  const revoked = newToken(algorithm);
  await expect("a token that will be revoked", revoked, 200);
  await revoke(running, revoked, store);
  await expect("a revoked token", revoked, 401);
  const spent = newToken(algorithm);
  await expect("a token within its quota", spent, 200);
  await spend(running, spent, store);
  await expect("a token over its quota", spent, 429);
}

/** How many requests to the bridge an authorised request costs, on average: counted in a proxy in front of it. */
export async function roundTrips({ start, algorithm }, store) {
  const proxy = await startFaults(store.url);
  try {
    const running = await start({ ...store, url: proxy.url });
    try {
      const ask = async (count) => {
        const { answers } = await load({ port: running.port, requests: [requestOf(newToken(algorithm))], connections: 1, count });
        if (answers.some(({ status }) => status !== 200)) throw new Error("an answer was not 200 while round trips were counted");
      };
      await ask(UNCOUNTED);
      const before = proxy.requests;
      await ask(COUNTED);
      return (proxy.requests - before) / COUNTED;
    } finally {
      await running.dispose();
    }
  } finally {
    await proxy.close();
  }
}
