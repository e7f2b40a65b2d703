// The cases: { name: what an argument names, title, run(): resolves to the report }.

import { aheadOf, timesFaster, within } from "../lib/bars.mjs";
import { BARE_NODE, BARE_WEB, FAST_JWT, JOSE } from "./names.mjs";
import { natively } from "./natively.mjs";
import { keyCounts, tokenSizes } from "./series.mjs";
import { signSideBySide, startInNode, verifyRepeated, verifySideBySide } from "./side-by-side.mjs";
import { startVerifiers as startInWorkerd } from "./workerd/host.mjs";

export const CASES = [
  verify("HS256", "Node", startInNode, [timesFaster(FAST_JWT, 4), timesFaster(JOSE, 50)]),
  verify("HS256", "workerd", startInWorkerd, [timesFaster(JOSE, 4)]),
  {
    name: "hs256-repeated-node",
    title: "HS256, repeated tokens, Node",
    run: () => verifyRepeated({ bars: [timesFaster(FAST_JWT, 4)] }),
  },
  {
    name: "hs256-sign-node",
    title: "HS256 sign, Node",
    run: () => signSideBySide({ alg: "HS256", bars: [timesFaster(FAST_JWT, 2.5)] }),
  },
  ...["EdDSA", "ES256", "RS256"].map((alg) => verify(alg, "workerd", startInWorkerd, [within(BARE_WEB, 1.1), aheadOf(JOSE)])),
  ...["EdDSA", "ES256", "RS256"].map((alg) => verify(alg, "Node", startInNode, [within(BARE_NODE, 1.1), aheadOf(FAST_JWT)])),
  { name: "native", title: "Natively, beside WebAssembly", run: natively },
  { name: "token-size-list", title: "HS256 verify against the token's size, a list of roles", run: () => tokenSizes("a list of roles") },
  { name: "token-size-members", title: "HS256 verify against the token's size, many members", run: () => tokenSizes("many members") },
  { name: "key-count", title: "HS256 verify against the number of keys", run: keyCounts },
];

function verify(alg, runtime, start, bars) {
  return {
    name: `${alg}-verify-${runtime}`.toLowerCase(),
    title: `${alg} verify, no cache, ${runtime}`,
    run: () => verifySideBySide({ alg, start, bars }),
  };
}
