// `npm run --silent credentials`: prints a fresh signing key and a client, in the form of .dev.vars, to
// be put into a deployment's secrets. Nothing is kept: what is printed is the only copy.

import { devVars, newCredentials } from "./lib/credentials.mjs";

process.stdout.write(devVars(newCredentials()));
