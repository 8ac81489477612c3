// A line over time against a limit, in SVG.
import { clockOf, h, number, svg } from "./dom.js";

const HEIGHT = 150;
const LEFT = 44;
const BOTTOM = 20;
const TOP = 8;

// Scores of what is normal are small, of a fault they may be a hundred: so heights grow as the logarithm does, evenly near 0.
const even = { to: (value) => value, from: (height) => height };
const wide = { to: (value) => Math.asinh(value / 2), from: (height) => 2 * Math.sinh(height) };

// Round numbers, apart from each other.
const ticksOf = (scale, low, high, y) => {
  const round = [0, ...Array.from({ length: 8 }, (_, n) => [1, 2, 5].map((digit) => digit * 10 ** (n - 2))).flat()];
  const all = [...round, ...round.slice(1).map((value) => -value)].filter((value) => scale.to(value) >= low && scale.to(value) <= high);
  const rough = (scale.from(high) - scale.from(low)) / 4;
  const steps = scale === even ? all.filter((value) => value > 0 && value >= rough) : [];
  const candidates = steps.length ? Array.from({ length: 12 }, (_, n) => (n - 6) * Math.min(...steps)) : all.sort((a, b) => Math.abs(b) - Math.abs(a));
  const kept = [];
  for (const value of [0, ...candidates]) {
    if (scale.to(value) < low || scale.to(value) > high) continue;
    if (kept.every((other) => Math.abs(y(other) - y(value)) >= 18)) kept.push(value);
  }
  return kept;
};

// Parts of a line: where nothing was decided for long there is a gap.
const partsOf = (points) => {
  const steps = points.slice(1).map((point, n) => point.t - points[n].t).sort((a, b) => a - b);
  const longest = 4 * (steps[Math.floor(steps.length / 2)] || 1);
  const parts = [];
  points.forEach((point, n) => {
    if (!n || point.t - points[n - 1].t > longest) parts.push([]);
    parts.at(-1).push(point);
  });
  return parts;
};

// points: { t (milliseconds), value, limit } in the order of time; moments: milliseconds at which alarms began.
export const chart = ({ points, name, limitName, since, until, width, moments = [], digits = 1, scale = even, isMarked = false }) => {
  const known = points.filter(({ value, limit }) => value !== null && limit !== null);
  const values = known.flatMap(({ value, limit }) => [value, limit]);
  const lowest = scale.to(Math.min(0, ...values));
  const highest = Math.max(lowest + 1, scale.to(Math.max(0, ...values)));
  const margin = 0.06 * (highest - lowest);
  const [low, high] = [lowest < 0 ? lowest - margin : 0, highest + margin];
  const x = (t) => LEFT + ((t - since) / Math.max(1, until - since)) * (width - LEFT - 8);
  const y = (value) => TOP + ((high - scale.to(value)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const line = (kind) => known.length && partsOf(known).map((part) => svg("polyline", {
    class: kind, points: part.map((point) => `${x(point.t).toFixed(1)},${y(point[kind]).toFixed(1)}`).join(" "),
  }));
  const over = !isMarked ? [] : known.filter(({ value, limit }) => value > limit).map(({ t, value }) => svg("path", {
    class: "over", d: `M${x(t).toFixed(1)} ${(y(value) - 5).toFixed(1)}l5 9h-10z`,
  }));
  const nTimes = width < 500 ? 3 : 5;
  const times = Array.from({ length: nTimes }, (_, n) => since + (n / (nTimes - 1)) * (until - since));
  const last = known.at(-1);
  const peak = known.reduce((found, point) => (found && found.value >= point.value ? found : point), null);
  const words = last
    ? `${name}: now ${number(last.value, digits)}, highest ${number(peak.value, digits)}, ${limitName} ${number(last.limit, digits)}`
    : `${name}: nothing yet`;
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words },
    ticksOf(scale, low, high, y).map((value) => [
      svg("line", { class: "frame", x1: LEFT, x2: width - 8, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(+value.toFixed(6))),
    ]),
    times.map((t, n) => svg("text", { x: x(t), y: HEIGHT - 4, "text-anchor": n === 0 ? "start" : n === nTimes - 1 ? "end" : "middle" }, clockOf(t))),
    moments.filter((t) => t >= since && t <= until).map((t) => svg("line", { class: "moment", x1: x(t), x2: x(t), y1: TOP, y2: HEIGHT - BOTTOM })),
    line("limit"), line("value"), over);
  return h("figure", {}, picture, h("figcaption", {}, h("span", { class: "key" }, words), h("span", { class: "key limit" }, limitName),
    over.length ? h("span", { class: "key over" }, `above the ${limitName}`) : null));
};

// Both charts of detections: score against threshold, evidence against an alarm.
export const detectionCharts = (detections, { since, until, moments, width }) => {
  const pointsOf = (value, limit) => detections.map((one) => ({ t: Date.parse(one.at), value: one[value], limit: one[limit] }));
  const range = { since, until, moments, width: Math.max(300, width) };
  return [
    h("h3", {}, "Score of single windows"),
    chart({ points: pointsOf("score", "threshold"), name: "Score", limitName: "threshold", scale: wide, isMarked: true, ...range }),
    h("h3", {}, "Evidence of a change"),
    chart({ points: pointsOf("evidence", "alarm_at"), name: "Evidence", limitName: "alarm", ...range }),
  ];
};
