// All machines at a glance, alarms first.
import { ago, h, plural, setText } from "./dom.js";
import { ask } from "./server.js";
import { evidenceBar, scoreBar } from "./bars.js";
import { healthWords, isUnheard, machineWords, show, urgency } from "./words.js";

const makeCard = (machine) => {
  const state = h("span");
  const about = h("p", { class: "small quiet" });
  const heard = h("p", { class: "small quiet" });
  const score = scoreBar();
  const evidence = evidenceBar();
  const card = h("article", { class: "card" },
    h("h2", {}, h("a", { href: `#/machines/${encodeURIComponent(machine.slug)}` }, machine.machine)),
    h("p", {}, state), about, score.bar, evidence.bar, heard);
  const update = (now) => {
    const told = machineWords(now);
    const fault = now.alarm.is_open && now.alarm.fault ? `: ${now.alarm.fault}` : "";
    show(state, { ...told, words: told.words + fault });
    card.dataset.level = told.level;
    setText(about, `${now.state || "no state yet"} · microphone ${isUnheard(now) ? "not heard" : healthWords(now)}`);
    setText(heard, now.source.heard_at ? `last sound ${ago(now.source.heard_at)}` : "no sound yet");
    score.set(now);
    evidence.set(now);
  };
  return { item: h("li", {}, card), update };
};

export const showOverview = async (place) => {
  const cards = new Map();
  const summary = h("p", { class: "quiet" });
  const warnings = h("div");
  const list = h("ul", { class: "machines" });
  let machines = [];
  place.append(h("h1", {}, "Machines"), summary, warnings, list);

  const arrange = () => {
    const ordered = machines.map((machine, n) => [urgency(machine), n, machine]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const items = ordered.map(([, , machine]) => cards.get(machine.slug).item);
    if (items.length === list.children.length && items.every((item, n) => item === list.children[n])) return;
    const focused = document.activeElement;
    list.replaceChildren(...items);
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  };
  const update = (overview) => {
    machines = overview.machines;
    for (const machine of machines) {
      if (!cards.has(machine.slug)) cards.set(machine.slug, makeCard(machine));
      cards.get(machine.slug).update(machine);
    }
    const count = (levels) => machines.filter((machine) => levels.includes(machineWords(machine).level)).length;
    const parts = [[count(["alarm", "known"]), "in alarm"], [count(["past"]), "to be looked after"], [count(["unheard"]), "not heard well"], [count(["silent"]), "silenced"]];
    const told = parts.filter(([n]) => n).map(([n, words]) => `${n} ${words}`).join(", ");
    setText(summary, `${plural(machines.length, "machine")}: ${told || "no alarm, all heard"}.`);
    const problems = [
      overview.is_flood && "Many alarms at once: something that all machines share may be the reason. The list of alarms says before which one no other was in alarm.",
      overview.is_store_full && "The disk is full: only alarms are kept now.",
      overview.realtime_ratio !== null && overview.realtime_ratio < 1.2 && "This computer is hardly fast enough for so many machines.",
      ...overview.outputs.filter((one) => one.error).map((one) => `${one.output} is not told: ${one.error}`),
    ].filter(Boolean);
    warnings.replaceChildren(...problems.map((text) => h("p", { class: "warning" }, text)));
    arrange();
  };
  const reload = async () => update(await ask("/api/overview"));
  await reload();
  let soon = 0;
  const timer = setInterval(() => reload().catch(() => {}), 10_000);
  return {
    reload,
    onWindow: (window) => {
      const machine = machines.find((one) => one.machine === window.machine);
      if (!machine) return;
      Object.assign(machine, { at: window.at, score: window.score, evidence: window.evidence, state: window.state });
      machine.source = { ...machine.source, state: "hearing", heard_at: new Date().toISOString() };
      cards.get(machine.slug).update(machine);
    },
    onEvent: () => { // many may come at once
      clearTimeout(soon);
      soon = setTimeout(() => reload().catch(() => {}), 200);
    },
    close: () => { clearInterval(timer); clearTimeout(soon); },
  };
};
