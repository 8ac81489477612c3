// The list of alarms: those about which there is something to do, or all.
import { h, lasting, plural, timeElement } from "./dom.js";
import { ask } from "./server.js";
import { alarmWords, show } from "./words.js";

const lineOf = (alarm) => {
  const state = h("span");
  show(state, alarmWords({ ...alarm, is_of_list: true }));
  const ended = alarm.cleared_at ? Date.parse(alarm.cleared_at) : null;
  const facts = [
    alarm.is_first_out && "no other was in alarm then",
    alarm.n_raised > 1 && `raised ${alarm.n_raised} times`,
    alarm.is_chattering && "comes and goes",
    ended && `lasted ${lasting((ended - Date.parse(alarm.raised_at)) / 1000)}`,
    alarm.acknowledged_by && `acknowledged by ${alarm.acknowledged_by}`,
    alarm.is_confirmed === true && "was a fault",
    alarm.is_confirmed === false && "was a false alarm",
  ].filter(Boolean);
  return h("li", {},
    h("span", {}, h("a", { href: `#/alarms/${alarm.id}` }, alarm.machine)),
    timeElement(alarm.raised_at),
    h("span", {}, alarm.fault || "sound changed", facts.length ? h("span", { class: "quiet small" }, ` · ${facts.join(" · ")}`) : null),
    h("span", {}, state));
};

export const showAlarms = async (place, slug) => {
  const list = h("ol", { class: "alarms" });
  const summary = h("p", { class: "quiet", role: "status" });
  const onlyOpen = h("input", { type: "checkbox", checked: !slug });
  const more = h("button", { type: "button", hidden: true }, "Earlier ones");
  const title = slug ? `Alarms of ${slug}` : "Alarms";
  place.append(h("h1", {}, title), h("label", { class: "check" }, onlyOpen, "only those with something to do"), summary, list, h("p", {}, more));
  let next = null;
  let n_pages = 0;
  const page = async (before) => {
    const query = new URLSearchParams({ state: onlyOpen.checked ? "open" : "all" });
    if (slug) query.set("machine", slug);
    if (before) query.set("before", before);
    return ask(`/api/alarms?${query}`);
  };
  const reload = async () => {
    const found = await page();
    list.replaceChildren(...found.alarms.map(lineOf));
    next = found.next;
    n_pages = 1;
    more.hidden = !next;
    summary.textContent = found.alarms.length || !onlyOpen.checked
      ? `${plural(found.alarms.length, "alarm")}${next ? ", and earlier ones" : ""}, the latest first.`
      : "No alarm with anything to do.";
  };
  onlyOpen.addEventListener("change", () => reload().catch((error) => { summary.textContent = error.message; }));
  more.addEventListener("click", async () => {
    const found = await page(next);
    const lines = found.alarms.map(lineOf);
    list.append(...lines);
    next = found.next;
    n_pages += 1;
    more.hidden = !next;
    lines[0]?.querySelector("a").focus();
  });
  await reload();
  return {
    reload,
    onEvent: (event) => { if (event.kind === "alarm" && n_pages === 1 && !list.contains(document.activeElement)) reload().catch(() => {}); },
  };
};
