// What a person can do about an alarm now.
import { h, timeOf } from "./dom.js";
import { send } from "./server.js";

const HOURS = [[0.25, "15 minutes"], [1, "an hour"], [4, "4 hours"], [8, "8 hours"]];

export const alarmActions = ({ alarm }, { session }, done) => {
  const shelf = alarm.is_current && alarm.shelf;
  const said = shelf ? [h("p", {}, `Shelved until ${timeOf(shelf.until)} by ${shelf.who}${shelf.why ? `: ${shelf.why}` : ""}.`)] : [];
  if (session.is_read_only) return [...said, h("p", { class: "quiet" }, "This monitor may only be looked at: its settings have no token.")];
  if (!session.who) return [...said, h("p", {}, h("a", { href: "#/sign-in" }, "Sign in"), " to acknowledge it and more.")];
  const error = h("p", { class: "error", role: "alert" });
  const why = h("input", { maxlength: "1000" });
  const act = async (what, content, words) => {
    error.textContent = "";
    try {
      done(await send(`/api/alarms/${alarm.id}/${what}`, { why: why.value, ...content }), words);
    } catch (refusal) { error.textContent = refusal.message; }
  };
  const button = (text, what, words, isMain) => h("button", { type: "button", class: isMain ? "main" : null, click: () => act(what, {}, words) }, text);
  const isUnknown = alarm.is_current && alarm.is_open && !alarm.acknowledged_at;
  const canReset = alarm.is_current && alarm.is_open && alarm.is_latched && alarm.acknowledged_at && !alarm.is_active;
  const hours = h("select", {}, HOURS.map(([value, text]) => h("option", { value }, text)));
  const shelve = h("button", { type: "button", click: () => act("shelve", { for_s: 3600 * Number(hours.value) }, "Shelved.") }, "Shelve");
  const canShelve = alarm.is_current && !shelf;
  if (!isUnknown && !canReset && !canShelve && !shelf) return [...said, h("p", { class: "quiet" }, "Nothing is to be done about it any more.")];
  return [...said, h("fieldset", {}, h("legend", {}, "What to do"),
    h("label", { class: "field" }, "Remark", why),
    h("p", { class: "row" },
      isUnknown && button("Acknowledge", "acknowledge", "Acknowledged.", true),
      canReset && button("Reset", "reset", "Reset.", true),
      shelf && button("End shelving", "unshelve", "No longer shelved.")),
    canShelve && h("p", { class: "row" }, h("label", { class: "field" }, "Be silent for", hours), shelve),
    error)];
};
