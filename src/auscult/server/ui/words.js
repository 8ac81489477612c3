// States in words, with a sign each and how much they matter: nothing is told by colour alone.

const ALARMS = {
  unacknowledged: ["▲", "alarm", "alarm"],
  acknowledged: ["△", "alarm, acknowledged", "known"],
  "returned unacknowledged": ["◇", "was in alarm, nobody has acknowledged it", "past"],
  "latched unacknowledged": ["◆", "was in alarm: acknowledge and reset it", "past"],
  "latched acknowledged": ["◇", "was in alarm: reset it", "past"],
  shelved: ["◌", "shelved", "silent"],
  "suppressed by design": ["◌", "not judged now", "silent"],
  "out of service": ["✕", "out of service", "silent"],
  normal: ["✓", "no alarm", "normal"],
};
const ORDER = ["alarm", "known", "past", "unheard", "silent", "normal"];

export const alarmWords = (alarm) => {
  const [sign, words, level] = ALARMS[alarm.state] || ["?", alarm.state, "past"];
  const isOver = alarm.id && alarm.state === "normal" && !alarm.is_open;
  const active = alarm.is_silenced && alarm.is_active ? ", with an alarm" : "";
  return { sign, words: (isOver && alarm.is_of_list ? "over" : words) + active, level };
};

export const isUnheard = (machine) => !["hearing", "finished"].includes(machine.source.state);

// What a machine's card shows first: its alarm, or else that nothing is heard of it.
export const machineWords = (machine) => {
  const told = alarmWords(machine.alarm);
  if (["normal", "silent"].includes(told.level) && machine.alarm.state !== "out of service") {
    if (isUnheard(machine)) return { sign: "∅", words: sourceWords(machine), level: "unheard" };
    if (machine.health.word !== "ok" && machine.health.word !== "function check") {
      return { sign: "∅", words: `microphone: ${machine.health.cause || machine.health.word}`, level: "unheard" };
    }
  }
  return told;
};

export const urgency = (machine) => ORDER.indexOf(machineWords(machine).level);

export const sourceWords = ({ source }) => ({
  opening: "source is being opened",
  open: "source is open, no sound yet",
  hearing: "hearing",
  lost: "not heard: the source is lost",
  finished: "source has come to its end",
  stopped: "source is stopped",
}[source.state] || source.state);

export const healthWords = ({ health }) => (health.cause ? `${health.word}: ${health.cause}` : health.word);

export const show = (element, { sign, words, level }) => {
  element.className = "state";
  element.dataset.sign = sign;
  element.dataset.level = level;
  if (element.textContent !== words) element.textContent = words;
};
