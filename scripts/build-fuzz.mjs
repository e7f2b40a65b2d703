// Builds the fuzz targets, for `npm test`.

import { buildFuzzTargets } from "./lib/fuzz.mjs";
import { main } from "./lib/step.mjs";

await main(buildFuzzTargets);
