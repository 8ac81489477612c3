// One machine, live.
import { ago, h, lasting, number, say, setText, timeOf } from "./dom.js";
import { detectionCharts } from "./chart.js";
import { ask, send } from "./server.js";
import { livePicture } from "./spectrogram.js";
import { healthWords, machineWords, show, sourceWords } from "./words.js";

const HOUR = 3_600_000;

const maintenanceForm = (machine, { session }, changed) => {
  const out = machine.alarm.maintenance;
  const path = `/api/machines/${encodeURIComponent(machine.slug)}`;
  const error = h("p", { class: "error", role: "alert" });
  const act = async (what, content) => {
    error.textContent = "";
    try {
      changed(await send(`${path}/${what}`, content));
      say(what === "in-service" ? `${machine.machine} is in service again.` : `${machine.machine} is out of service.`);
    } catch (refusal) { error.textContent = refusal.message; }
  };
  const said = out && h("p", {}, `Out of service until ${timeOf(out.until)}, says ${out.who}${out.why ? `: ${out.why}` : "."}`);
  if (session.is_read_only) return said ? h("fieldset", {}, h("legend", {}, "Maintenance"), said) : null;
  if (!session.who) return h("fieldset", {}, h("legend", {}, "Maintenance"), said, h("p", {}, h("a", { href: "#/sign-in" }, "Sign in"), " to take it out of service or back."));
  if (out) {
    const back = h("button", { class: "main", type: "button", click: () => act("in-service", {}) }, "Back in service");
    return h("fieldset", {}, h("legend", {}, "Maintenance"), said, back, error);
  }
  const hours = h("input", { type: "number", min: "0.1", step: "0.1", value: "2", required: true, inputmode: "decimal" });
  const why = h("input", { maxlength: "1000" });
  const submit = (event) => { event.preventDefault(); act("out-of-service", { for_s: 3600 * Number(hours.value), why: why.value }); };
  return h("form", { submit }, h("fieldset", {}, h("legend", {}, "Maintenance"),
    h("p", { class: "small quiet" }, "While a machine is out of service nothing is raised; it comes back by itself."),
    h("label", { class: "field" }, "For hours", hours), h("label", { class: "field" }, "Why", why),
    h("p", {}, h("button", { type: "submit" }, "Take out of service")), error));
};

// After a microphone, its place or its gain was changed, on purpose.
const microphoneForm = (machine, { session }, changed) => {
  if (session.is_read_only || !session.who) return null;
  const error = h("p", { class: "error", role: "alert" });
  const why = h("input", { maxlength: "1000" });
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    try {
      changed(await send(`/api/machines/${encodeURIComponent(machine.slug)}/commission`, { why: why.value }));
      say(`The microphone of ${machine.machine} is commissioned anew.`);
    } catch (refusal) { error.textContent = refusal.message; }
  };
  return h("form", { submit }, h("fieldset", {}, h("legend", {}, "Microphone"),
    h("p", { class: "small quiet" }, "After it, its place or its gain was changed: what it is like is learnt from the next ten minutes in which the machine runs."),
    h("label", { class: "field" }, "Why", why),
    h("p", {}, h("button", { type: "submit" }, "Commission anew")), error));
};

export const showMachine = async (place, slug, context) => {
  const path = `/api/machines/${encodeURIComponent(slug)}`;
  const [first, picture, past] = await Promise.all([ask(path), ask(`${path}/spectrogram`), ask(`${path}/detections`)]);
  let machine = first;
  let detections = past.detections;
  let moments = [];
  const state = h("span");
  const facts = Object.fromEntries(["machine runs", "microphone", "source", "level", "now", "false alarms", "not judged"].map((name) => [name, h("dd")]));
  const rows = Object.entries(facts).map(([name, value]) => [h("dt", {}, name), value]);
  const alarmLink = h("p");
  const maintenance = h("div");
  const microphone = h("div");
  const charts = h("div");
  const live = livePicture(picture);
  place.append(
    h("h1", {}, machine.machine), h("p", {}, state), alarmLink,
    h("div", { class: "columns" },
      h("section", {}, live.element, h("h2", {}, "The last hour"), charts),
      h("section", {}, h("dl", { class: "facts" }, rows), maintenance, microphone)));

  const update = () => {
    show(state, machineWords(machine));
    setText(facts["machine runs"], machine.state || "not known yet");
    const detail = machine.health.detail ? ` (${machine.health.detail})` : "";
    const remedy = machine.health.remedy ? `. ${machine.health.remedy}` : "";
    setText(facts.microphone, `${healthWords(machine)}${machine.health.since ? `, since ${timeOf(machine.health.since)}` : ""}${detail}${remedy}`);
    const dropped = machine.source.n_dropped ? `; ${lasting(machine.source.dropped_s)} of sound dropped` : "";
    const reason = machine.source.state === "lost" && machine.source.error ? ` (${machine.source.error})` : "";
    setText(facts.source, `${machine.source.name}: ${sourceWords(machine)}${reason}; last sound ${ago(machine.source.heard_at)}${dropped}`);
    setText(facts.level, machine.level_db === null ? "–" : `${number(machine.level_db)} dB of full scale`);
    setText(facts.now, `score ${number(machine.score)} (threshold ${number(machine.threshold)}), evidence ${number(machine.evidence)} (alarm at ${number(machine.alarm_at)})`);
    setText(facts["false alarms"], machine.promise);
    setText(facts["not judged"], machine.ignored || "–");
  };
  const updateAll = () => {
    update();
    const { alarm } = machine;
    const all = h("a", { href: `#/alarms?machine=${encodeURIComponent(slug)}` }, "all alarms of this machine");
    alarmLink.replaceChildren(...(alarm.id ? [h("a", { href: `#/alarms/${alarm.id}` }, alarm.is_open ? "The alarm" : "The last alarm"),
      ` of ${timeOf(alarm.raised_at)}${alarm.fault ? `: ${alarm.fault}` : ""} · `, all] : ["No alarm so far."]));
    if (!maintenance.contains(document.activeElement)) maintenance.replaceChildren(maintenanceForm(machine, context, changed) || "");
    if (!microphone.contains(document.activeElement)) microphone.replaceChildren(microphoneForm(machine, context, changed) || "");
  };
  const changed = (now) => {
    machine = now;
    document.activeElement?.blur?.();
    updateAll();
  };
  const drawCharts = () => {
    const until = detections.length ? Date.parse(detections.at(-1).at) : Date.now();
    const since = Math.max(until - HOUR, Math.min(Date.parse(detections[0]?.at ?? 0) || until, until - 60_000));
    detections = detections.filter((one) => Date.parse(one.at) >= until - HOUR);
    charts.replaceChildren(...detectionCharts(detections, { since, until, moments, width: charts.clientWidth }));
  };
  const reload = async () => {
    const last = detections.at(-1)?.at;
    const [now, newer, raised] = await Promise.all([ask(path), ask(`${path}/detections${last ? `?since=${encodeURIComponent(last)}` : ""}`),
      ask(`/api/alarms?state=all&machine=${encodeURIComponent(slug)}`)]);
    machine = now;
    detections.push(...newer.detections.filter((one) => !last || one.at > last));
    moments = raised.alarms.map((alarm) => Date.parse(alarm.raised_at));
    updateAll();
    drawCharts();
  };
  await reload();
  const timer = setInterval(() => reload().catch(() => {}), 5000);
  return {
    columns: slug,
    reload,
    onWindow: (window) => {
      if (window.machine !== machine.machine) return;
      Object.assign(machine, { at: window.at, score: window.score, evidence: window.evidence, state: window.state, level_db: window.level_db });
      machine.source.heard_at = new Date().toISOString();
      if (window.columns) live.add(window.columns);
      update();
    },
    onEvent: (event) => { if (event.machine === machine.machine) reload().catch(() => {}); },
    close: () => { clearInterval(timer); live.close(); },
  };
};
