// The same traffic through one policy of each algorithm, decided by the npm module's limiter, and a picture of
// what was let through.

import { inRoot, NPM_MODULE_DIR } from "./project.mjs";

export const ALGORITHMS = ["fixed-window", "sliding-window", "sliding-log", "token-bucket", "gcra"];
const LIMIT = 10;
const WINDOW_S = 10;
const SECONDS = 45;
// A whole number of windows since the epoch, so that the picture's windows begin at 0, 10, 20 s.
const START_MS = 1_800_000_000_000;

const evenly = (from_s, to_s, step_s) => Array.from({ length: Math.round((to_s - from_s) / step_s) }, (_, i) => from_s + i * step_s);
/** A burst at the end of a window and one at the start of the next; after a pause, twice what is allowed; two at once at the end. */
const TRAFFIC_S = [...evenly(8.5, 10, 0.125), ...evenly(10, 11.5, 0.125), ...evenly(21, 40, 0.5), ...evenly(43, 44.5, 0.125)];

/** Of each take { at_s, allowed }. */
export async function decisions(algorithm) {
  const { Limiter } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));
  const limiter = new Limiter([{ name: "chart", algorithm, limit: LIMIT, windowMs: WINDOW_S * 1000 }]);
  return TRAFFIC_S.map((at_s) => ({ at_s, allowed: limiter.take("chart", "key", 1, START_MS + at_s * 1000).allowed }));
}

const [WIDTH, LEFT, RIGHT] = [900, 64, 28];
const ROWS = { allowed: 66, refused: 92 };
const COUNT = { top: 140, height: 160, most: 20 };
const HEIGHT = 346;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #3d3d3a }
  .title { font-size: 16px; font-weight: 600; fill: #1a1a19 } .page { fill: #ffffff }
  .grid { stroke: #d9d9d4 } .limit { stroke: #d63a39; stroke-dasharray: 6 4; stroke-width: 1.5 }
  .allowed { fill: #2a78d6 } .refused { fill: #d63a39 } .count { fill: #2a78d6; fill-opacity: 0.18; stroke: #2a78d6; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9c9c4 } .title { fill: #f2f2ee } .page { fill: #1a1a19 }
    .grid { stroke: #40403c } .limit { stroke: #f06a68 }
    .allowed { fill: #5a9df0 } .refused { fill: #f06a68 } .count { fill: #5a9df0; stroke: #5a9df0 }
  }`;

const x = (s) => (LEFT + (s / SECONDS) * (WIDTH - LEFT - RIGHT)).toFixed(1);
const y = (count) => (COUNT.top + COUNT.height * (1 - count / COUNT.most)).toFixed(1);

/** taken: as decisions() resolves to it. */
export function limitChart(algorithm, taken) {
  const allowed = taken.filter((take) => take.allowed);
  const label = `${algorithm}: ${allowed.length} of ${taken.length} takes let through, ${LIMIT} in ${WINDOW_S} s`;
  const parts = [
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${LEFT}" y="28">${label}</text>`,
    ...["allowed", "refused"].map((row) => `<text x="${LEFT - 8}" y="${ROWS[row] + 4}" text-anchor="end">${row}</text>`),
    ...taken.map(({ at_s, allowed }) => {
      const row = allowed ? "allowed" : "refused";
      return `<circle class="${row}" cx="${x(at_s)}" cy="${ROWS[row]}" r="3"/>`;
    }),
    `<text x="${LEFT}" y="${COUNT.top - 12}">allowed in the ${WINDOW_S} s before</text>`,
    ...[0, 10, 20].map((count) => `<path class="grid" d="M${LEFT} ${y(count)} H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${Number(y(count)) + 4}" text-anchor="end">${count}</text>`),
    `<path class="count" d="${steps(allowed.map(({ at_s }) => at_s))}"/>`,
    `<path class="limit" d="M${LEFT} ${y(LIMIT)} H${WIDTH - RIGHT}"/>`,
    ...evenly(0, SECONDS + 5, 5).map((s) => `<text x="${x(s)}" y="${COUNT.top + COUNT.height + 24}" text-anchor="middle">${s} s</text>`),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
<style>${STYLE}
</style>
${parts.join("\n")}
</svg>
`;
}

/** How many there were in the window before, at every instant that changes it: a path from the left edge to the right. */
function steps(at_s) {
  // One that is as old as the window no longer counts: what comes and what goes at one instant is one change.
  const changes = new Map();
  const change = (at, by) => changes.set(at, (changes.get(at) ?? 0) + by);
  for (const at of at_s) {
    change(at, 1);
    change(at + WINDOW_S, -1);
  }
  let count = 0;
  let path = `M${LEFT} ${y(0)}`;
  const sorted = [...changes].sort(([a], [b]) => a - b);
  for (const [at, by] of sorted.filter(([at, by]) => at <= SECONDS && by !== 0)) {
    count += by;
    path += ` H${x(at)} V${y(count)}`;
  }
  return `${path} H${WIDTH - RIGHT} V${y(0)} Z`;
}
