// Another client's data, until Redis has no memory left.

const MIB = 1024 * 1024;
const ROOM = 2 * MIB;
const HOG_BYTES = 64 * 1024;
const HOGS_MAX = 1_000;
const HOG = "x".repeat(HOG_BYTES);

export const usedMemory = async (admin) => Number(/used_memory:(\d+)/.exec(await admin("INFO", "memory"))[1]);

/** Under noeviction: writes until Redis refuses, and stays so. */
export async function fill(admin) {
  const limit = (await usedMemory(admin)) + ROOM;
  await admin("CONFIG", "SET", "maxmemory", limit);
  for (let n = 0; n < HOGS_MAX; n += 1) {
    const refused = await admin("SET", `hog:${n}`, HOG).then(() => false, (error) => error.message.startsWith("OOM"));
    // Right at the limit a small write passes now and then, as buffers come and go.
    if (refused) return admin("CONFIG", "SET", "maxmemory", limit - 4 * HOG_BYTES);
  }
  throw new Error("Redis never filled");
}

export async function unfill(admin) {
  for (let n = 0; await admin("DEL", `hog:${n}`); n += 1);
}

/** Under an eviction policy: writes until `enough()`. */
export async function fillUntil(admin, enough) {
  await admin("CONFIG", "SET", "maxmemory", (await usedMemory(admin)) + ROOM);
  for (let n = 0; n < HOGS_MAX; n += 1) {
    await admin("SET", `hog:${n}`, HOG);
    if (await enough()) return;
  }
  throw new Error("Redis never evicted what was waited for");
}
