// Spectrograms on a canvas, in viridis: brighter is louder for every kind of sight, and in grey, too.
import { h } from "./dom.js";

const STOPS = [
  [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];
const COLOURS = Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (STOPS.length - 1);
  const first = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[first].map((value, n) => Math.round(value + (at - first) * (STOPS[first + 1][n] - value)));
});

export const bytesOf = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));

const tickElements = (ticks) => ticks.map(([hz, height]) => {
  const tick = h("span", { class: "tick", "aria-hidden": "true" }, hz >= 1000 ? `${hz / 1000} kHz` : `${hz} Hz`);
  tick.style.bottom = `${100 * height}%`;
  return tick;
});

// The colours' scale with its ends in decibels.
const makeScale = () => {
  const canvas = h("canvas", { width: 256, height: 1 });
  const pixels = new ImageData(256, 1);
  COLOURS.forEach((colour, level) => pixels.data.set([...colour, 255], 4 * level));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  const low = h("span");
  const high = h("span");
  const set = (lowDb, highDb) => { low.textContent = Math.round(lowDb); high.textContent = `${Math.round(highDb)} dB`; };
  return { element: h("span", { class: "decibels" }, low, canvas, high), set };
};

// Of a recording: the answer of the server drawn, with lines at moments, and a place for the playing head.
export const stillPicture = (picture, moments) => {
  const canvas = h("canvas", { width: picture.n_columns, height: picture.n_bands });
  const pixels = new ImageData(picture.n_columns, picture.n_bands);
  bytesOf(picture.levels).forEach((level, n) => pixels.data.set([...COLOURS[level], 255], 4 * n));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  const said = moments.map((moment) => `, the alarm after ${moment.toFixed(1)} s`).join("");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Spectrogram: ${picture.duration_s.toFixed(1)} s, up to ${picture.fmax_hz} Hz${said}`);
  const lines = moments.map((moment) => {
    const share = Math.max(0, Math.min(1, moment / picture.duration_s));
    const line = h("div", { class: share > 0.7 ? "moment late" : "moment" }, h("span", {}, "alarm"));
    line.style.left = `${100 * share}%`;
    return line;
  });
  const head = h("div", { class: "head", hidden: true });
  const scale = makeScale();
  scale.set(picture.low_db, picture.high_db);
  const place = h("div", { class: "picture" }, canvas, tickElements(picture.ticks), lines, head);
  const end = `${picture.duration_s.toFixed(1)} s`;
  const axis = h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, "0 s"), h("span", {}, end));
  return { element: h("figure", {}, place, axis, h("figcaption", {}, "Sound from before and after the alarm", scale.element)), place, head };
};

const KEPT = 625; // columns: a minute

// Of a microphone, now: columns come in groups and are let in one by one, so that the picture moves evenly.
export const livePicture = (first) => {
  const { n_bands: nBands, low_db: lowDb, step_db: stepDb } = first;
  const canvas = h("canvas", { width: KEPT, height: nBands, role: "img", "aria-label": "Spectrogram of the last minute, live" });
  const context = canvas.getContext("2d");
  const pixels = new ImageData(KEPT, nBands);
  const scale = makeScale();
  const columns = [];
  const waiting = [];
  let columnS = first.column_s || 0.1;

  const range = () => {
    const counts = new Uint32Array(256);
    for (const column of columns) for (const level of column) counts[level] += 1;
    const total = columns.length * nBands;
    const at = (share) => {
      let seen = 0;
      return counts.findIndex((count) => (seen += count) >= share * total);
    };
    const low = at(0.02);
    return [low, Math.max(at(0.995), low + 40)];
  };
  let [low, high] = [0, 255];
  const draw = () => {
    for (let x = 0; x < KEPT; x++) {
      const column = columns[columns.length - KEPT + x];
      for (let band = 0; band < nBands; band++) {
        const level = column ? Math.max(0, Math.min(255, Math.round((255 * (column[band] - low)) / (high - low)))) : 0;
        const [r, g, b] = COLOURS[level];
        const n = 4 * ((nBands - 1 - band) * KEPT + x);
        pixels.data[n] = r;
        pixels.data[n + 1] = g;
        pixels.data[n + 2] = b;
        pixels.data[n + 3] = column ? 255 : 40;
      }
    }
    context.putImageData(pixels, 0, 0);
  };
  const adapt = () => {
    if (!columns.length) return;
    [low, high] = range();
    scale.set(lowDb + stepDb * low, lowDb + stepDb * high);
  };
  const take = (n) => {
    if (!waiting.length) return;
    columns.push(...waiting.splice(0, n));
    columns.splice(0, columns.length - KEPT);
    draw();
  };
  const levels = bytesOf(first.levels);
  for (let n = 0; n < first.n_columns; n++) columns.push(levels.subarray(n * nBands, (n + 1) * nBands));
  adapt();
  draw();
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const timer = isStill ? 0 : setInterval(() => take(Math.max(1, Math.ceil(waiting.length / 15))), 100);
  const place = h("div", { class: "picture live" }, canvas, tickElements(first.ticks));
  const axis = h("div", { class: "axis", "aria-hidden": "true" },
    h("span", {}, `${Math.round(KEPT * columnS)} s ago`), h("span", {}, "now"));
  return {
    element: h("figure", {}, place, axis, h("figcaption", {}, "Sound, live", scale.element)),
    add: (more) => {
      waiting.push(...more);
      if (isStill || waiting.length > KEPT) take(waiting.length);
      adapt();
    },
    close: () => clearInterval(timer),
  };
};
