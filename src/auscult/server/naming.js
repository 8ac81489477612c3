"use strict";
(() => {
  const find = (selector, place = document) => place?.querySelector(selector);
  const findAll = (selector, place = document) => [...place.querySelectorAll(selector)];
  const audio = new Audio(); // one for all: what is started stops what was playing
  const status = find("#status");
  const main = find("#clusters");
  let state = null;
  let playing = null; // the exemplar whose sound is loaded

  const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  let fading;
  const say = (text) => {
    status.textContent = text;
    clearTimeout(fading);
    fading = setTimeout(() => { status.textContent = ""; }, 10_000);
  };
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const cards = () => findAll("article", main);
  const faultCalled = (name) => {
    const same = name.trim().replace(/\s+/g, " ").toLowerCase();
    return state.faults.find((fault) => fault.name.toLowerCase() === same);
  };
  const faultWithId = (id) => state.faults.find((fault) => fault.id === id);

  // Asking the server: what it refuses is thrown as the sentence that it says.
  const ask = async (path, options) => {
    let answer;
    try {
      answer = await fetch(path, options);
    } catch {
      throw new Error("The server does not answer. Is it still running?");
    }
    const content = await answer.json().catch(() => ({}));
    if (answer.ok) return content;
    throw Object.assign(new Error(content.detail || `The server answered ${answer.status}.`), { status: answer.status });
  };

  // Sound.
  const show = () => {
    if (!playing) return;
    const head = find(".head-of-play", playing);
    head.hidden = false;
    head.style.left = `${100 * Math.min(1, audio.currentTime / (audio.duration || 1))}%`;
    if (!audio.paused) requestAnimationFrame(show);
  };
  const label = (exemplar) => {
    const isPlaying = exemplar === playing && !audio.paused;
    exemplar.classList.toggle("playing", isPlaying);
    find(".play", exemplar).setAttribute("aria-label", `${isPlaying ? "Stop" : "Play"} ${exemplar.dataset.label}`);
  };
  const load = (exemplar) => {
    if (exemplar === playing) return;
    const before = playing;
    playing = exemplar;
    audio.pause();
    audio.src = `/clips/${exemplar.dataset.place}/audio${find("#full-level").checked ? "?level=full" : ""}`;
    if (before) {
      label(before);
      find(".head-of-play", before).hidden = true;
    }
  };
  const play = (exemplar) => {
    load(exemplar);
    audio.play().catch((error) => { if (error.name === "NotAllowedError") say("The browser refuses to play sound."); });
  };
  const toggle = (exemplar) => (exemplar === playing && !audio.paused ? audio.pause() : play(exemplar));
  const seek = (exemplar, place) => {
    load(exemplar);
    const go = () => {
      if (exemplar !== playing) return; // another was chosen while this one was loading
      audio.currentTime = Math.max(0, Math.min(place(), audio.duration - 0.01));
      show();
    };
    if (audio.readyState) go();
    else audio.addEventListener("loadedmetadata", go, { once: true });
  };
  for (const event of ["play", "pause", "ended"]) {
    audio.addEventListener(event, () => { if (playing) { label(playing); show(); } });
  }
  audio.addEventListener("error", async () => {
    if (!playing) return;
    const isThere = await draw(playing); // which says why, if the server knows
    if (isThere) say("The browser cannot play this recording.");
  });
  find("#full-level").addEventListener("change", () => {
    const exemplar = playing;
    if (!exemplar) return;
    const wasPlaying = !audio.paused;
    playing = null;
    if (wasPlaying) play(exemplar);
    else find(".head-of-play", exemplar).hidden = true;
  });

  // Pictures.
  const stops = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];
  const colours = Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    return stops[first].map((value, n) => Math.round(value + (at - first) * (stops[first + 1][n] - value)));
  });
  const draw = async (exemplar) => {
    let picture;
    try {
      picture = await ask(`/clips/${exemplar.dataset.place}/spectrogram`);
    } catch (error) {
      const missing = find(".missing", exemplar);
      missing.textContent = error.status === 404 ? "The recording is not there any more." : error.message;
      missing.title = error.message;
      missing.hidden = false;
      find(".picture", exemplar).hidden = find(".play", exemplar).hidden = true;
      return false;
    }
    const canvas = find("canvas", exemplar);
    canvas.width = picture.n_columns;
    canvas.height = picture.n_bands;
    const pixels = new ImageData(picture.n_columns, picture.n_bands);
    const levels = atob(picture.levels);
    for (let n = 0; n < levels.length; n++) pixels.data.set([...colours[levels.charCodeAt(n)], 255], 4 * n);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    canvas.setAttribute("aria-label", `Spectrogram: ${picture.duration_s.toFixed(1)} s, up to ${picture.fmax_hz} Hz`);
    find(".ticks", exemplar).replaceChildren(...picture.ticks.map(([hz, height], n) => {
      const tick = element("span", (hz >= 1000 ? `${hz / 1000} k` : `${hz} `) + (n ? "" : "Hz"));
      tick.style.bottom = `${100 * height}%`;
      return tick;
    }));
    return true;
  };
  const onSight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      onSight.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "600px" });

  const makeExemplar = (clip, n, number) => {
    const exemplar = copyOf("exemplar");
    const known = [clip.machine, clip.snr_db === null ? null : `${clip.snr_db} dB SNR`, clip.channel && `channel ${clip.channel}`, clip.day];
    const about = known.filter(Boolean).join(" · ");
    exemplar.dataset.place = clip.place;
    exemplar.dataset.label = `recording ${n + 1} of cluster ${number}: ${about}`;
    find(".machine", exemplar).textContent = about;
    find(".take", exemplar).textContent = clip.take;
    find(".take", exemplar).title = clip.file;
    find(".play", exemplar).addEventListener("click", () => toggle(exemplar));
    find(".picture", exemplar).addEventListener("click", ({ offsetX, currentTarget }) => {
      const share = offsetX / currentTarget.clientWidth;
      seek(exemplar, () => share * audio.duration);
    });
    label(exemplar);
    onSight.observe(exemplar);
    return exemplar;
  };

  // Forms. A field that nobody wrote in follows what the server says; only what was written is sent.
  const set = (field, value) => {
    if (field.value === field.dataset.shown) field.value = value;
    field.dataset.shown = value;
  };
  const isWritten = (field) => field.value !== field.dataset.shown;
  const follow = (card) => {
    const { name, message, note } = find("form", card).elements;
    const own = faultWithId(card.dataset.fault);
    const there = faultCalled(name.value);
    set(message, there?.message ?? "");
    set(note, there?.note ?? "");
    message.placeholder = name.value.trim() ? `Fault: ${name.value.trim()}` : "";
    const hint = find(".hint", card);
    if (!name.value.trim()) hint.textContent = "";
    else if (there && there === own) hint.textContent = "";
    else if (there) hint.textContent = `Makes it '${there.name}' too: its clips become recordings of that fault.`;
    else hint.textContent = own ? `Gives '${own.name}' another name; its message and note go with the old one.` : "A new fault.";
  };
  const save = async (card) => {
    const form = find("form", card);
    const { name, message, note } = form.elements;
    const error = find(".error", card);
    const body = { name: name.value, discovery: state.discovery };
    if (isWritten(message)) body.message = message.value;
    if (isWritten(note)) body.note = note.value;
    error.textContent = "";
    name.removeAttribute("aria-invalid");
    try {
      const answer = await ask(`/api/clusters/${card.dataset.number}/name`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      for (const field of [name, message, note]) field.dataset.shown = field.value;
      update(answer.state);
      say(answer.saved);
      find("#told").hidden = !answer.told.length;
      find("#told ul").replaceChildren(...answer.told.map((text) => element("li", text)));
      card.focus();
    } catch (refusal) {
      error.textContent = refusal.message;
      if (refusal.status === 422) name.setAttribute("aria-invalid", "true");
      name.focus();
    }
  };

  const makeCard = (cluster) => {
    const card = copyOf("cluster");
    const form = find("form", card);
    const title = `title-${cluster.number}`;
    card.id = `cluster-${cluster.number}`;
    card.dataset.number = cluster.number;
    card.setAttribute("aria-labelledby", title);
    find("h2", card).id = title;
    find(".number", card).textContent = `Cluster ${cluster.number}`;
    find(".size", card).textContent = `${plural(cluster.n_clips, "recording")} of ${plural(cluster.n_takes, "take")}`;
    find(".findings", card).replaceChildren(...cluster.findings.map((text) => element("li", text)));
    find(".changes", card).textContent = cluster.changes.length ? `Changed: ${cluster.changes.join(" · ")}` : "";
    find(".physics", card).textContent = cluster.physics;
    find(".exemplars", card).replaceChildren(...cluster.exemplars.map((clip, n) => makeExemplar(clip, n, cluster.number)));
    for (const part of ["hint", "error"]) find(`.${part}`, card).id = `${part}-${cluster.number}`;
    form.elements.name.setAttribute("aria-describedby", `hint-${cluster.number} error-${cluster.number}`);
    for (const field of ["name", "message", "note"]) form.elements[field].dataset.shown = "";
    form.elements.name.addEventListener("input", () => follow(card));
    form.addEventListener("submit", (event) => { event.preventDefault(); save(card); });
    return card;
  };

  // What became of the names that concern a cluster, in words.
  const matchesOf = (cluster, card) => {
    const lines = state.faults.filter((fault) => fault.cluster === cluster.number).map((fault) => {
      const line = element("li", `'${fault.name}' is ${fault.words}`);
      if (fault.id !== cluster.fault) {
        const button = element("button", `Call it '${fault.name}'`);
        button.type = "button";
        button.addEventListener("click", () => {
          const { name } = find("form", card).elements;
          name.value = fault.name;
          follow(card);
          name.focus();
        });
        line.append(button);
      }
      return line;
    });
    const others = new Set(cluster.exemplars.map((clip) => clip.fault).filter((id) => id && faultWithId(id).cluster !== cluster.number));
    for (const id of others) {
      const { name, cluster: home } = faultWithId(id);
      lines.push(element("li", `Some of these are called '${name}'${home === null ? "" : `, whose main part is in cluster ${home}`}.`));
    }
    return lines;
  };
  const updateCard = (cluster, card) => {
    const own = faultWithId(cluster.fault);
    const called = find(".called", card);
    card.dataset.fault = cluster.fault ?? "";
    called.textContent = own ? own.name : "no name yet";
    called.classList.toggle("has-name", Boolean(own));
    find(".matches", card).replaceChildren(...matchesOf(cluster, card));
    set(find("form", card).elements.name, own?.name ?? "");
    follow(card);
  };
  const update = (next) => {
    const isNew = !state || state.discovery !== next.discovery;
    state = next;
    if (isNew) {
      audio.pause();
      playing = null;
      main.replaceChildren(...state.clusters.map(makeCard));
    }
    const n_named = state.clusters.filter((cluster) => cluster.fault).length;
    find("#summary").textContent = `${plural(state.clusters.length, "cluster")} in ${state.root}, ${n_named} with a name. Names are kept in ${state.names_file}.`;
    const verdict = find("#verdict");
    verdict.textContent = state.verdict;
    verdict.hidden = !state.verdict;
    verdict.classList.toggle("warning", state.confounders.length > 0);
    const homeless = state.faults.filter((fault) => fault.status === "lost" || fault.status === "weak");
    find("#homeless").hidden = !homeless.length;
    find("#homeless ul").replaceChildren(...homeless.map((fault) => element("li", `'${fault.name}' is ${fault.words}`)));
    find("#reasons").hidden = !state.reasons.length;
    find("#reasons ul").replaceChildren(...state.reasons.map((text) => element("li", text)));
    find("#known").replaceChildren(...state.faults.map((fault) => Object.assign(document.createElement("option"), { value: fault.name })));
    cards().forEach((card, n) => updateCard(state.clusters[n], card));
  };
  const refresh = async () => {
    try {
      const before = state?.discovery;
      const next = await ask("/api/clusters");
      update(next);
      if (before && before !== next.discovery) say("The clusters were found anew.");
    } catch (error) {
      say(error.message);
    }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  addEventListener("focus", refresh);

  // Keys.
  const isTyping = (target) => target.matches("textarea, input:not([type=checkbox])");
  const cardOf = (target) => target.closest("article");
  const firstInSight = () => cards().find((card) => card.getBoundingClientRect().bottom > 80);
  const go = (step) => {
    const all = cards();
    const here = cardOf(document.activeElement);
    const next = here ? all[all.indexOf(here) + step] : firstInSight();
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "start" });
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    n: () => find("input[name=name]", cardOf(document.activeElement) || firstInSight())?.select(),
    " ": (target) => {
      const exemplars = findAll(".exemplars > li", cardOf(target) || document);
      const there = exemplars.find((one) => one === playing) || exemplars[0];
      if (there && !find(".play", there).hidden) toggle(there);
    },
  };
  const leave = (target) => {
    if (isTyping(target)) cardOf(target)?.focus();
    else audio.pause();
  };
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.isComposing || event.altKey || event.metaKey) return;
    if (key === "Enter" && event.ctrlKey && target.form) target.form.requestSubmit();
    if (event.ctrlKey) return;
    if (key === "Escape") return leave(target);
    if (isTyping(target)) return;
    const exemplar = target.closest(".exemplars > li");
    if (exemplar && (key === "ArrowLeft" || key === "ArrowRight")) {
      event.preventDefault();
      seek(exemplar, () => audio.currentTime + (key === "ArrowLeft" ? -1 : 1));
    } else if (key in keys && find("#single-keys").checked && !(key === " " && target.matches("button, input, summary, a"))) {
      event.preventDefault();
      keys[key](target);
    }
  });
  try { // remembered where the browser allows it
    for (const id of ["single-keys", "full-level"]) {
      const box = document.getElementById(id);
      box.checked = (localStorage.getItem(id) ?? String(box.checked)) === "true";
      box.addEventListener("change", () => localStorage.setItem(id, box.checked));
    }
  } catch { /* then they are as the page has them */ }

  refresh();
})();
