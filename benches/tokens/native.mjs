// The native side: benches/native/tokens.rs by cargo, on tokens that it is handed in a file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../scripts/lib/process.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { mediansOf } from "../lib/divan.mjs";
import { POLICY } from "./claims.mjs";

/**
 * cases: { name, alg, jwks, pem?, peers?, tokens }; audience: absent where tokens have none. Resolves to a Map of
 * "contestant name" to the median of microseconds per verification, "portcullis HS256" for instance.
 */
export async function measureNatively(cases, { audience } = {}) {
  // Only its owner may enter this folder: the file holds throw-away secrets.
  const dir = mkdtempSync(join(tmpdir(), "portcullis-native-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const file = join(dir, "cases.json");
    const { issuer, subject, lifetime_s_max } = POLICY;
    const policy = { issuer, audience, subject, lifetime_ms_max: lifetime_s_max * 1000, now_ms: Date.now() };
    writeFileSync(file, JSON.stringify({ ...policy, cases: cases.map((each) => ({ peers: false, ...each })) }), { mode: 0o600 });
    const args = ["bench", "--locked", "--bench", "tokens"];
    const output = await run("cargo", args, {
      cwd: inRoot(),
      env: { ...process.env, PORTCULLIS_BENCH_CASES: file },
      label: "cargo bench",
      next: "correct what the output above says",
    });
    return mediansOf(output);
  } finally {
    process.off("exit", remove);
    remove();
  }
}
