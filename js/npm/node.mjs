// The loader for Node: reads the WebAssembly module that lies beside it.

import { readFileSync } from "node:fs";
import { initSync, Limiter as BoundLimiter, TokenSigner as BoundSigner, TokenVerifier as BoundVerifier } from "./portcullis.js";
import { limiter } from "./limiter.mjs";
import { openRoom } from "./node-room.mjs";
import * as native from "./node-signatures.mjs";
import { tokenSigner } from "./token-signer.mjs";
import { tokenVerifier } from "./token-verifier.mjs";

const { memory } = initSync({ module: readFileSync(new URL("portcullis_bg.wasm", import.meta.url)) });

export const TokenVerifier = tokenVerifier(BoundVerifier, memory, openRoom, native);
export const TokenSigner = tokenSigner(BoundSigner, memory, openRoom, native);
export const Limiter = limiter(BoundLimiter, memory, openRoom);
