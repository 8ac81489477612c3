// Sign in with a name and the token.
import { h } from "./dom.js";
import { send } from "./server.js";

export const showSignIn = async (place, _, { session, signedIn }) => {
  if (session.is_read_only) {
    place.append(h("h1", {}, "Sign in"), h("p", {}, "This monitor may only be looked at. To change that, set http.token in its settings and start it anew."));
    return;
  }
  const who = h("input", { name: "who", autocomplete: "name", maxlength: "100", required: true });
  const token = h("input", { name: "token", type: "password", autocomplete: "current-password", required: true });
  const error = h("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    try {
      signedIn(await send("/api/login", { who: who.value, token: token.value }));
    } catch (refusal) {
      error.textContent = refusal.message;
      (refusal.status === 401 ? token : who).focus();
    }
  };
  place.append(h("h1", {}, "Sign in"), h("div", { class: "narrow" },
    h("p", { class: "quiet" }, "Your name stands beside what you do: others will ask."),
    h("form", { submit, input: () => { error.textContent = ""; } }, h("label", { class: "field" }, "Your name", who), h("label", { class: "field" }, "Token", token),
      h("button", { type: "submit", class: "main" }, "Sign in"), error)));
};
