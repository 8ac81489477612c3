// One alarm: what was heard, what was different, what was done, and what can be done.
import { h, number, say, timeElement, timeOf } from "./dom.js";
import { alarmActions } from "./alarm_actions.js";
import { detectionCharts } from "./chart.js";
import { feedbackForm } from "./feedback.js";
import { showRecording } from "./recording.js";
import { ask } from "./server.js";
import { alarmWords, show } from "./words.js";

const life = (changes) => h("ol", { class: "life" }, changes.map((change) => h("li", { "data-what": change.what },
  timeElement(change.at), h("strong", {}, change.what),
  change.who ? ` by ${change.who}` : "", change.why ? h("span", { class: "quiet" }, ` – ${change.why}`) : "")));

const different = async (alarmId) => {
  const found = await ask(`/api/alarms/${alarmId}/explanation`);
  if (found.problem) return [h("p", { class: "quiet" }, found.problem)];
  if (!found.Changes.length) return [h("p", {}, "No single band, swing or line stands out; the sound as a whole is unlike what was learnt.")];
  return [
    h("p", { class: "small quiet" }, `Of the window that ended ${timeOf(found.at)} (score ${number(found.score)}), against the normal sound that is most like it:`),
    found.not_recorded && h("p", { class: "small warning" }, found.not_recorded),
    h("ul", { class: "different" }, found.Changes.map((change) => h("li", {}, change.words))),
  ].filter(Boolean);
};

// What a person may be writing in stays, unless it is about something that has changed.
const renew = (place, about, make) => {
  const key = JSON.stringify(about);
  if (place.dataset.about === key) return;
  place.dataset.about = key;
  place.replaceChildren(...make());
};

export const showAlarm = async (place, alarmId, context) => {
  let [known, faults] = await Promise.all([ask(`/api/alarms/${alarmId}`), ask("/api/faults")]);
  faults = faults.faults.map((fault) => fault.name);
  const state = h("span");
  const facts = h("dl", { class: "facts" });
  const actions = h("div");
  const opinions = h("div");
  const recordings = h("div");
  const reasons = h("div", {}, h("p", { class: "quiet" }, "Comparing …"));
  const charts = h("div");
  const story = h("div");
  const { alarm: first } = known;
  place.append(
    h("h1", {}, `Alarm of ${first.machine}`), h("p", {}, state),
    h("div", { class: "columns acting" },
      h("section", {}, h("h2", {}, "What was heard"), recordings, h("h2", {}, "What was different"), reasons, h("h2", {}, "Before and after"), charts),
      h("section", {}, facts, actions, opinions, h("h2", {}, "Its life"), story)));

  let n_shown = -1;
  const showRecordings = async () => {
    if (known.audio.length === n_shown) return;
    n_shown = known.audio.length;
    const shown = await Promise.all(known.audio.map((one) => showRecording(alarmId, one)));
    recordings.replaceChildren(...(shown.length ? shown : [h("p", { class: "quiet" }, "No recording yet: it is complete some seconds after the alarm.")]));
  };
  const update = (now) => {
    known = now;
    const { alarm } = known;
    show(state, alarmWords({ ...alarm, is_of_list: true }));
    const rows = [
      ["machine", h("a", { href: `#/machines/${encodeURIComponent(alarm.slug)}` }, alarm.machine)],
      ["sounds like", alarm.fault || "nothing that has a name"],
      ["raised", timeOf(alarm.raised_at)],
      alarm.n_raised > 1 && ["raised again", `${alarm.n_raised - 1} times, last ${timeOf(alarm.last_raised_at)}`],
      ["cleared", alarm.cleared_at ? timeOf(alarm.cleared_at) : "not yet"],
      alarm.acknowledged_at && ["acknowledged", `${timeOf(alarm.acknowledged_at)} by ${alarm.acknowledged_by}`],
      ["most evidence", number(alarm.peak_evidence)],
      alarm.is_first_out && ["others", "no other machine was in alarm then"],
    ].filter(Boolean);
    facts.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    renew(actions, [alarm.state, alarm.is_current, alarm.is_active, alarm.acknowledged_at, alarm.shelf], () => alarmActions(known, context, done));
    renew(opinions, known.feedback, () => feedbackForm(known, { ...context, faults }, done));
    story.replaceChildren(life(known.changes));
    const times = known.detections.map((one) => Date.parse(one.at));
    const moment = Date.parse(alarm.raised_at);
    const [since, until] = [Math.min(moment - 60_000, ...times), Math.max(moment + 60_000, ...times)];
    const moments = known.changes.filter((change) => change.what === "raised").map((change) => Date.parse(change.at));
    charts.replaceChildren(...detectionCharts(known.detections, { since, until, moments, width: charts.clientWidth }));
  };
  const done = (now, words) => {
    update(now);
    for (const refused of place.querySelectorAll(".error[role=alert]")) refused.textContent = ""; // it is past
    say(words);
    place.querySelector("h1").focus();
  };
  const reload = async () => {
    const now = await ask(`/api/alarms/${alarmId}`);
    update(now);
    await showRecordings();
  };
  update(known);
  await showRecordings();
  different(alarmId).then((found) => reasons.replaceChildren(...found), (error) => reasons.replaceChildren(h("p", { class: "error" }, error.message)));
  const timer = setInterval(() => { if (known.alarm.is_active || !known.audio.length) reload().catch(() => {}); }, 10_000);
  return {
    reload,
    onEvent: (event) => { if (["alarm", "feedback"].includes(event.kind) && event.machine === first.machine) reload().catch(() => {}); },
    close: () => clearInterval(timer),
  };
};
