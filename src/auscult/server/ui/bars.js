// Bars: a score against its threshold, evidence against an alarm's.
import { h, number } from "./dom.js";

const makeBar = (label) => {
  const fill = h("span", { class: "fill" });
  const limit = h("span", { class: "limit" });
  const value = h("span", { class: "number" });
  const track = h("span", { class: "track", role: "img" }, fill, limit);
  const bar = h("div", { class: "bar" }, h("span", {}, label), track, value);
  const set = (share, limitShare, text, words, isOver) => {
    fill.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
    limit.style.left = `calc(${100 * limitShare}% - 1px)`;
    if (value.textContent !== text) value.textContent = text;
    if (track.getAttribute("aria-label") !== words) track.setAttribute("aria-label", words);
    bar.dataset.over = isOver;
  };
  return { bar, set };
};

// Three quarters of the bar are below the threshold; its length is nine deviations of normal sound.
export const scoreBar = () => {
  const { bar, set } = makeBar("Score");
  return {
    bar,
    set: ({ score, threshold }) => {
      const isKnown = score !== null && threshold !== null;
      const share = isKnown ? 0.75 + (score - threshold) / 9 : 0;
      const words = isKnown ? `Score ${number(score)}, threshold ${number(threshold)}` : "Score not known yet";
      set(share, 0.75, number(score), words, isKnown && score > threshold);
    },
  };
};

export const evidenceBar = () => {
  const { bar, set } = makeBar("Evidence");
  return {
    bar,
    set: ({ evidence, alarm_at: alarmAt }) => {
      const share = evidence !== null && alarmAt ? evidence / alarmAt : null;
      const text = share === null ? "–" : `${Math.round(100 * Math.min(share, 9.99))} %`;
      const words = share === null ? "Evidence not known yet" : `Evidence ${text} of an alarm's`;
      set(0.75 * (share ?? 0), 0.75, text, words, share !== null && share >= 1);
    },
  };
};
