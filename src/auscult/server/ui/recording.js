// A recording: its picture with the moment of the alarm, and a player that both follow.
import { h } from "./dom.js";
import { ask } from "./server.js";
import { stillPicture } from "./spectrogram.js";

export const showRecording = async (alarmId, { n, duration_s: durationS, moments_s: moments }) => {
  const path = `/api/alarms/${alarmId}`;
  const audio = h("audio", { controls: true, preload: "metadata", src: `${path}/audio?n=${n}`, "aria-label": `Recording ${n + 1} of the alarm, ${durationS.toFixed(0)} s` });
  const isLoud = h("input", { type: "checkbox" });
  isLoud.addEventListener("change", () => {
    const at = audio.currentTime;
    const wasPlaying = !audio.paused;
    audio.src = `${path}/audio?n=${n}${isLoud.checked ? "&level=full" : ""}`;
    audio.currentTime = at;
    if (wasPlaying) audio.play();
  });
  const place = h("div", { class: "recording" });
  const problem = h("p", { class: "error", role: "alert" });
  audio.addEventListener("error", () => { problem.textContent = "The browser cannot play this recording."; });
  const jumps = moments.map((moment) => h("button", {
    type: "button", click: () => { audio.currentTime = Math.max(0, moment - 2); audio.play(); },
  }, "Play from 2 s before the alarm"));
  try {
    const { element, place: picture, head } = stillPicture(await ask(`${path}/spectrogram?n=${n}`), moments);
    const follow = () => {
      head.hidden = false;
      head.style.left = `${100 * Math.min(1, audio.currentTime / (audio.duration || durationS))}%`;
      if (!audio.paused) requestAnimationFrame(follow);
    };
    for (const event of ["play", "seeked"]) audio.addEventListener(event, follow);
    picture.addEventListener("click", ({ offsetX }) => { audio.currentTime = (offsetX / picture.clientWidth) * durationS; });
    place.append(element);
  } catch (error) {
    place.append(h("p", { class: "error" }, error.message));
  }
  place.append(audio, problem, h("p", { class: "row" }, jumps.slice(0, 1), h("label", { class: "check" }, isLoud, "as loud as can be")));
  return place;
};
