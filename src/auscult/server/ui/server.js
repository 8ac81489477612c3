// Asking the server, and hearing from it.

// What it refuses is thrown as the sentence that it says.
export const ask = async (path, options) => {
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

export const send = (path, content) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });

// What happens, as it happens; the browser comes back by itself and says what it saw last.
export const listen = (columns, { onWindow, onEvent, onConnection }) => {
  const stream = new EventSource(`/events${columns ? `?columns=${encodeURIComponent(columns)}` : ""}`);
  stream.addEventListener("window", ({ data }) => onWindow(JSON.parse(data)));
  stream.addEventListener("event", ({ data }) => onEvent(JSON.parse(data)));
  stream.addEventListener("ready", () => onConnection(true));
  stream.addEventListener("error", () => onConnection(false, stream.readyState === EventSource.CLOSED));
  return () => stream.close();
};
