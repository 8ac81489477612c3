// The page as a whole: which part is shown, who is signed in, what has just happened.
import { h, say, setText } from "./dom.js";
import { ask, listen, send } from "./server.js";
import { showAlarm } from "./alarm.js";
import { showAlarms } from "./alarms.js";
import { showFaults } from "./faults.js";
import { showMachine } from "./machine.js";
import { showOverview } from "./overview.js";
import { showSignIn } from "./sign_in.js";
import { showUpload } from "./upload.js";

// Each shows itself in an element and may give: columns (machine of the spectrogram), onWindow, onEvent, close.
const PAGES = [
  [/^#\/?$/, "Machines", showOverview],
  [/^#\/machines\/([^/]+)$/, "Machine", showMachine],
  [/^#\/alarms(?:\?machine=([^&]+))?$/, "Alarms", showAlarms],
  [/^#\/alarms\/([0-9A-Z]+)$/, "Alarm", showAlarm],
  [/^#\/faults$/, "Faults", showFaults],
  [/^#\/upload$/, "Try a recording", showUpload],
  [/^#\/sign-in$/, "Sign in", showSignIn],
];
const content = document.getElementById("content");
const announced = document.getElementById("announced");
const state = { before: "#/", about: null, session: { is_read_only: true, who: "" }, nOpen: 0, title: "" };
let page = null;
let stopListening = () => {};

const showTitle = () => {
  document.title = `${state.nOpen ? `(${state.nOpen}) ` : ""}${state.title} – Auscult`;
  setText(document.getElementById("n-open"), state.nOpen ? String(state.nOpen) : "");
};

const showSession = () => {
  const place = document.getElementById("session");
  const { is_read_only: isReadOnly, who } = state.session;
  if (!state.about.is_monitor) return;
  if (isReadOnly) place.replaceChildren("to look at only: no token is set");
  else if (who) {
    const leave = async () => { state.session = await send("/api/logout", {}); showSession(); go(); };
    place.replaceChildren(`${who} `, h("button", { type: "button", click: leave }, "Sign out"));
  } else place.replaceChildren(h("a", { href: "#/sign-in" }, "Sign in"));
};

const countOpen = async () => {
  try {
    const overview = await ask("/api/overview");
    state.nOpen = overview.n_open;
    setText(document.getElementById("site"), overview.site);
    showTitle();
  } catch { /* the connection says so */ }
};

const onEvent = (event) => {
  if (event.kind === "alarm") {
    countOpen();
    if (event.what === "raised") announced.textContent = `Alarm of ${event.machine}${event.body.fault ? `: ${event.body.fault}` : ""}`;
  }
  page?.onEvent?.(event);
};

// Browsers open six connections to a server, all tabs together: only a tab that is seen holds one.
const hear = () => {
  stopListening();
  stopListening = () => {};
  if (document.hidden || !state.about.is_monitor) return;
  const connection = document.getElementById("connection");
  stopListening = listen(page?.columns, {
    onWindow: (window) => page?.onWindow?.(window),
    onEvent,
    onConnection: (isThere, isClosed) => {
      const wasGone = !connection.hidden;
      connection.hidden = isThere;
      connection.textContent = "What is shown is not live: the connection is lost, and is tried again.";
      if (isThere && wasGone) { countOpen(); page?.reload?.(); }
      if (isClosed) setTimeout(hear, 3000);
    },
  });
};

const go = async () => {
  const address = location.hash || "#/";
  if (address !== "#/sign-in") state.before = address;
  const [match, title, show] = PAGES.map(([pattern, ...rest]) => [address.match(pattern), ...rest]).find(([found]) => found)
    || ["#/".match(/.*/), "Machines", showOverview];
  page?.close?.();
  page = null;
  state.title = title;
  showTitle();
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.hash === "#/" ? title.startsWith("Machine") : address.startsWith(link.hash);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = h("div");
  content.replaceChildren(place);
  content.setAttribute("aria-busy", "true");
  const context = { session: state.session, about: state.about, signedIn };
  try {
    const shown = await show(place, match[1] ? decodeURIComponent(match[1]) : "", context);
    if (content.firstElementChild !== place) return shown?.close?.(); // another was asked for meanwhile
    page = shown;
  } catch (error) {
    place.replaceChildren(h("h1", {}, title), h("p", { class: "error" }, error.message));
  }
  content.removeAttribute("aria-busy");
  const heading = place.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  if (!place.contains(document.activeElement)) { // who went on by keys while it was loading stays there
    heading?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  hear();
};

const signedIn = (session) => {
  state.session = session;
  showSession();
  say(`Signed in as ${session.who}.`);
  location.replace(state.before); // where the person came from
};

addEventListener("pagehide", () => stopListening());
addEventListener("pageshow", ({ persisted }) => { if (persisted) hear(); });
document.addEventListener("visibilitychange", () => {
  hear();
  if (!document.hidden) { countOpen(); page?.reload?.(); }
});
setInterval(() => { if (document.hidden && state.about?.is_monitor) countOpen(); }, 30_000);

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // addresses after # are pages here
  content.focus();
});

try {
  state.about = await ask("/ui/about.json");
  if (state.about.is_monitor) {
    document.querySelector("nav").hidden = false;
    state.session = await ask("/api/session");
    countOpen();
    showSession();
  } else if (location.hash !== "#/upload") history.replaceState(null, "", "#/upload");
  // An event whose address is no longer the page's came late: the next one brings the right part, once.
  addEventListener("hashchange", ({ newURL }) => { if (newURL === location.href) go(); });
  go();
} catch (error) {
  content.replaceChildren(h("p", { class: "error" }, error.message));
  content.removeAttribute("aria-busy");
}
