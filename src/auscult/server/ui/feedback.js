// What people say that an alarm was: a false alarm or a fault, what that would change, and taking it back.
import { h, timeOf } from "./dom.js";
import { ask, send } from "./server.js";

const KEEP = [[30, "30 days"], [90, "90 days"], [365, "a year"]];

const saidLine = (one, session, undo) => {
  const what = one.what === "fault" ? `This was ${one.fault}` : "A false alarm";
  const back = one.undone_at ? ` Taken back by ${one.undone_by}, ${timeOf(one.undone_at)}.` : "";
  const until = one.expires_at && !one.undone_at ? ` Counts until ${timeOf(one.expires_at)}.` : "";
  return h("li", {}, h("strong", {}, what), `, says ${one.who}${one.why ? `: ${one.why}` : ""}.${until}${back} `,
    !one.undone_at && session.who && h("button", { type: "button", click: () => undo(one) }, "Take it back"));
};

export const feedbackForm = ({ alarm, feedback }, { session, faults }, done) => {
  const error = h("p", { class: "error", role: "alert" });
  const guarded = async (action) => {
    error.textContent = "";
    try { await action(); } catch (refusal) { error.textContent = refusal.message; }
  };
  const undo = (one) => guarded(async () => done(await send(`/api/feedback/${one.id}/undo`, {}), "Taken back."));
  const said = feedback.length ? h("ul", {}, feedback.map((one) => saidLine(one, session, undo))) : null;
  if (!session.who) return said ? [h("h2", {}, "What people said"), said] : [];
  const isFalse = h("input", { type: "radio", name: "what", value: "false alarm" });
  const isFault = h("input", { type: "radio", name: "what", value: "fault" });
  const fault = h("input", { maxlength: "100", list: "fault-names", disabled: true });
  const why = h("input", { maxlength: "1000" });
  const keep = h("select", {}, KEEP.map(([days, text]) => h("option", { value: days, selected: days === 90 }, text)));
  const effect = h("div", { role: "status" });
  const content = () => ({ what: isFalse.checked ? "false alarm" : "fault", fault: isFault.checked ? fault.value : null, keep_days: Number(keep.value) });
  const confirm = () => guarded(async () => done(await send(`/api/alarms/${alarm.id}/feedback`, { ...content(), why: why.value }), "Kept. It counts from the next decision on."));
  const showEffect = () => guarded(async () => {
    if (!isFalse.checked && !isFault.checked) throw new Error("Choose what it was.");
    const { what, fault: name, keep_days: days } = content();
    const query = new URLSearchParams({ what, keep_days: days, ...(name ? { fault: name } : {}) });
    const found = await ask(`/api/alarms/${alarm.id}/feedback-effect?${query}`);
    const loss = found.confirmed_lost.length > 0;
    effect.replaceChildren(...[
      h("p", { class: loss ? "warning" : null }, `Had it been known for the last 30 days, it ${found.words}.`),
      found.n_windows === 0 && h("p", { class: "warning" }, "What was heard is not kept any more: later sound is not compared with it."),
      h("button", { type: "button", class: "main", click: confirm }, "Keep it")].filter(Boolean));
    effect.querySelector("button").focus();
  });
  const form = h("form", { submit: (event) => { event.preventDefault(); showEffect(); }, input: () => {
    effect.replaceChildren(); // what was shown is of something else
    error.textContent = "";
    fault.disabled = !isFault.checked;
  } }, h("fieldset", {}, h("legend", {}, "What was it?"),
    h("p", {}, h("label", { class: "check" }, isFalse, "a false alarm: ignore what sounds like this")),
    h("p", {}, h("label", { class: "check" }, isFault, "this was:"), h("label", { class: "field" }, "Name of the fault", fault)),
    h("datalist", { id: "fault-names" }, faults.map((name) => h("option", { value: name }))),
    h("label", { class: "field" }, "Why", why), h("label", { class: "field" }, "Counts for", keep),
    h("p", {}, h("button", { type: "submit" }, "What would that change?")), effect, error));
  return [said && h("h2", {}, "What people said"), said, form].filter(Boolean);
};
