// Faults that are known by name, and alarms in which they can be heard.
import { h, timeOf } from "./dom.js";
import { ask } from "./server.js";

const exemplarOf = (one) => h("li", {},
  h("a", { href: `#/alarms/${one.alarm_id}` }, `${one.machine}, ${timeOf(one.raised_at)}`), `, says ${one.who}`,
  one.n_recordings ? h("audio", { controls: true, preload: "none", src: `/api/alarms/${one.alarm_id}/audio?level=full`, "aria-label": `${one.machine}, ${timeOf(one.raised_at)}` }) : " – no recording");

export const showFaults = async (place) => {
  const { faults } = await ask("/api/faults");
  place.append(h("h1", {}, "Faults"),
    h("p", { class: "quiet" }, faults.length ? "What alarms may be called, and alarms of which people said that it was this." : "The model knows no fault by name: an alarm says that the sound changed, not why."),
    ...faults.map((fault) => h("section", { class: "fault" }, h("h2", {}, fault.name),
      fault.message && h("p", {}, `“${fault.message}”`), fault.note && h("p", {}, fault.note),
      !fault.is_learnt && h("p", { class: "small quiet" }, "Named by people here; the model has not learnt it."),
      fault.exemplars.length ? h("ul", {}, fault.exemplars.map(exemplarOf)) : h("p", { class: "small quiet" }, "Nobody has confirmed an alarm of it yet."))));
};
