// The loader for Node: reads the WebAssembly module that lies beside it.

import { readFileSync } from "node:fs";
import { initSync, TokenVerifier as Bound } from "./portcullis.js";
import { openRoom } from "./node-room.mjs";
import { tokenVerifier } from "./token-verifier.mjs";

const { memory } = initSync({ module: readFileSync(new URL("portcullis_bg.wasm", import.meta.url)) });

export const TokenVerifier = tokenVerifier(Bound, memory, openRoom);
