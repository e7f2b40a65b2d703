// The timeline as an SVG of its own, readable on light and on dark: answers of each second by kind, and their latency.

import { atShare } from "../../benches/lib/report.mjs";

const [WIDTH, LEFT, RIGHT] = [900, 64, 28];
const COUNTS = { top: 96, height: 190 };
const LATENCY = { top: 350, height: 150 };
const HEIGHT = 548;
// Of answers, from the bottom of a bar upwards.
const KINDS = [
  ["exact", "allowed, exact"],
  ["degraded", "allowed, without the store"],
  ["denied", "denied: revoked"],
  ["failed", "failed"],
];
const DECADES_MS = [0.1, 1, 10, 100, 1_000];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #3d3d3a }
  .title { font-size: 16px; font-weight: 600; fill: #1a1a19 }
  .grid { stroke: #d9d9d4 } .mark { stroke: #3d3d3a; stroke-dasharray: 4 3 } .page { fill: #ffffff }
  .exact { fill: #2a78d6 } .degraded { fill: #d98e00 } .denied { fill: #8d8d87 } .failed { fill: #d63a39 }
  .p50 { fill: none; stroke: #2a78d6; stroke-width: 2 } .p99 { fill: none; stroke: #a03fa8; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9c9c4 } .title { fill: #f2f2ee } .grid { stroke: #40403c } .mark { stroke: #c9c9c4 } .page { fill: #1a1a19 }
    .exact { fill: #5a9df0 } .degraded { fill: #f0b43c } .denied { fill: #85857f } .failed { fill: #f06a68 }
    .p50 { stroke: #5a9df0 } .p99 { stroke: #d98ae0 }
  }`;

/** Of each second { exact, degraded, denied, failed: how many answers; p50, p99: their latency in ms, by when they were sent }. */
export function bySecond({ answers, seconds }) {
  return Array.from({ length: seconds }, (_, second) => {
    const own = answers.filter(({ at_s }) => Math.floor(at_s) === second);
    const counts = Object.fromEntries(KINDS.map(([kind]) => [kind, own.filter((answer) => answer.kind === kind).length]));
    const times_ms = own.map(({ ms }) => ms);
    return { ...counts, p50: atShare(times_ms, 0.5), p99: atShare(times_ms, 0.99) };
  });
}

/** timeline: as runTimeline resolves to it. */
export function chart(timeline) {
  const rows = bySecond(timeline);
  const x = (s) => LEFT + (s / timeline.seconds) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${LEFT}" y="26">Two outages under ${Math.round(timeline.answers.length / timeline.seconds)} requests a second</text>`,
    legend(),
    bars(rows, x),
    latency(rows, x),
    marks(timeline.marks, x),
    ...axis(timeline.seconds, x),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Answers per second and their latency through kill -9 and SIGSTOP of Redis">
<style>${STYLE}
</style>
${parts.join("\n")}
</svg>
`;
}

function legend() {
  let x = LEFT;
  return KINDS.map(([kind, label]) => {
    const entry = `<rect class="${kind}" x="${x}" y="42" width="12" height="12"/><text x="${x + 18}" y="53">${label}</text>`;
    x += 48 + label.length * 7;
    return entry;
  }).join("\n");
}

function bars(rows, x) {
  const most = Math.max(...rows.map((row) => KINDS.reduce((sum, [kind]) => sum + row[kind], 0)));
  const high = Math.ceil(most / 50) * 50;
  const height = (count) => (count / high) * COUNTS.height;
  const grid = [0, high / 2, high].map((count) => line(COUNTS.top + COUNTS.height - height(count), count));
  const stacked = rows.flatMap((row, second) => {
    let bottom = COUNTS.top + COUNTS.height;
    return KINDS.map(([kind]) => {
      bottom -= height(row[kind]);
      return row[kind] ? `<rect class="${kind}" x="${(x(second) + 1).toFixed(1)}" y="${bottom.toFixed(1)}" width="${(x(1) - x(0) - 2).toFixed(1)}" height="${height(row[kind]).toFixed(1)}"/>` : "";
    });
  });
  return [...grid, ...stacked].filter(Boolean).join("\n");
}

function latency(rows, x) {
  const [least, most] = [DECADES_MS[0], DECADES_MS.at(-1)].map(Math.log10);
  const y = (ms) => LATENCY.top + LATENCY.height * (1 - (Math.log10(Math.min(Math.max(ms, DECADES_MS[0]), DECADES_MS.at(-1))) - least) / (most - least));
  const path = (name) => `<polyline class="${name}" points="${rows.map((row, second) => `${x(second + 0.5).toFixed(1)},${y(row[name]).toFixed(1)}`).join(" ")}"/>`;
  return [
    `<text x="${LEFT}" y="${LATENCY.top - 30}">latency in ms</text>`,
    `<path class="p50" d="M${LEFT + 130} ${LATENCY.top - 34} h24"/><text x="${LEFT + 160}" y="${LATENCY.top - 30}">median</text>`,
    `<path class="p99" d="M${LEFT + 230} ${LATENCY.top - 34} h24"/><text x="${LEFT + 260}" y="${LATENCY.top - 30}">99th percentile</text>`,
    ...DECADES_MS.map((ms) => line(y(ms), ms)),
    path("p50"),
    path("p99"),
  ].join("\n");
}

const line = (y, label) => `<path class="grid" d="M${LEFT} ${y.toFixed(1)} H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${label}</text>`;

const marks = (all, x) =>
  all.map(({ at_s, what }) => `<path class="mark" d="M${x(at_s).toFixed(1)} ${COUNTS.top - 8} V${LATENCY.top + LATENCY.height}"/><text x="${x(at_s).toFixed(1)}" y="${COUNTS.top - 14}" text-anchor="middle">${what}</text>`).join("\n");

function axis(seconds, x) {
  const steps = Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, n) => n * 5);
  return steps.map((s) => `<text x="${x(s).toFixed(1)}" y="${LATENCY.top + LATENCY.height + 22}" text-anchor="middle">${s} s</text>`);
}
