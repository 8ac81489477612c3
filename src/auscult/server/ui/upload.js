// Try a recording: the model's verdict on a file, in words.
import { h, number } from "./dom.js";
import { ask } from "./server.js";

const rarity = (pValue) => (pValue >= 0.5 ? "an ordinary score for normal sound"
  : `about one in ${Math.round(1 / pValue)} normal recordings scores as high`);

const verdictOf = ({ Anomaly: isAnomalous, Details: details }, file) => {
  const numbers = details.Score === undefined || details.Score === null ? null
    : `Score ${number(details.Score, 2)}, threshold ${number(details.Threshold, 2)}: ${rarity(details.PValue)}.`;
  const shares = details.Labels.map((label, n) => [label, details.Probabilities[n]]).filter(([, share]) => share >= 0.005);
  return h("section", { class: "verdict", tabindex: "-1", "aria-labelledby": "verdict-title" },
    h("h2", { id: "verdict-title" }, `${isAnomalous ? "▲" : "✓"} ${details.Message}`),
    h("p", {}, isAnomalous ? `${file} does not sound normal${details.MachineId ? ` for ${details.MachineId}` : ""}.` : `${file} sounds normal${details.MachineId ? ` for ${details.MachineId}` : ""}.`),
    details.Fault && h("p", {}, `It sounds like: ${details.Fault}.`), numbers && h("p", {}, numbers),
    h("p", { class: "small quiet" }, `Graded: ${shares.map(([label, share]) => `${label} ${Math.round(100 * share)} %`).join(", ")}.`),
    details.Warning && h("p", { class: "warning" }, details.Warning));
};

export const showUpload = async (place, _, { about }) => {
  const file = h("input", { type: "file", name: "file", accept: "audio/*,.wav,.flac", required: true });
  const machine = h("select", { name: "machine_id" }, about.machines.map((name) => h("option", {}, name)));
  const error = h("p", { class: "error", role: "alert" });
  const answer = h("div");
  const button = h("button", { type: "submit", class: "main" }, "Judge it");
  const submit = async (event) => {
    event.preventDefault();
    if (!file.files.length) { error.textContent = "Choose a recording first."; return file.focus(); }
    const form = new FormData();
    form.append("file", file.files[0]);
    if (about.machines.length) form.append("machine_id", machine.value);
    error.textContent = "";
    answer.replaceChildren();
    button.disabled = true;
    try {
      const verdict = verdictOf(await ask("/inference", { method: "POST", body: form }), file.files[0].name);
      answer.replaceChildren(verdict);
      verdict.focus();
    } catch (refusal) {
      error.textContent = refusal.message;
    } finally {
      button.disabled = false;
    }
    return undefined;
  };
  place.append(h("h1", {}, "Try a recording"),
    h("p", { class: "quiet" }, "A WAV, FLAC, OGG or MP3 file is sent to this server, judged, and not kept."),
    h("div", { class: "narrow" }, h("form", { submit, novalidate: true },
      h("label", { class: "field" }, "Recording", file),
      about.machines.length > 0 && h("label", { class: "field" }, "Machine", machine), button, error)), answer);
};
