// `npm run --silent credentials`: prints a fresh signing key and a client, in the form of .dev.vars, to
// be put into a deployment's secrets. Nothing is kept: what is printed is the only copy.
// `-- --alg ES256` (or RS256, ML-DSA-44, HS256, ...) chooses the algorithm; EdDSA is the default.

import { parseArgs } from "node:util";
import { ALGORITHMS, devVars, newCredentials } from "./lib/credentials.mjs";

const { values } = parseArgs({ options: { alg: { type: "string", default: "EdDSA" } } });
if (!ALGORITHMS.includes(values.alg)) {
  console.error(`--alg must be one of ${ALGORITHMS.join(", ")}`);
  process.exit(2);
}
process.stdout.write(devVars(newCredentials(values.alg)));
