// Elements, and the texts of times and numbers.

// An element: attributes by their names, functions as listeners of the event called so, null left out.
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

const SVG = "http://www.w3.org/2000/svg";
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

// Set a text only where it changed: screen readers and selections stay where they are.
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

export const number = (value, digits = 1) => (value === null || value === undefined ? "–" : value.toFixed(digits));

const dayAndTime = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
export const timeOf = (iso) => (iso ? dayAndTime.format(new Date(iso)) : "never");
export const clockOf = (milliseconds) => clock.format(new Date(milliseconds));
export const timeElement = (iso) => h("time", { datetime: iso }, timeOf(iso));

export const lasting = (seconds) => {
  if (seconds < 60) return plural(Math.round(seconds), "second");
  if (seconds < 3600) return plural(Math.round(seconds / 60), "minute");
  if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} hours`;
  return plural(Math.round(seconds / 86400), "day");
};
export const ago = (iso) => {
  if (!iso) return "never";
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  return seconds < 3 ? "just now" : `${lasting(seconds)} ago`;
};

let fading;
export const say = (text) => {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => { status.textContent = ""; }, 10_000);
};
