// The sleep timer and the wake time on the page Now.
import { $, act, onClick, say, send, words } from "/static/page.js";

const [time, switchOn] = [$("wake"), $("wake-on")];
const ASK_AGAIN_MS = 60000;
let shown = "";
let wasOn = null;
let timer;

// Says what keeps the music from beginning, such as a clock that the network has not set yet.
async function showNotes(asked) {
  clearTimeout(timer);
  const reply = await asked.catch(() => null);
  const text = (reply?.notes ?? []).join(" · ");
  if ($("wake-note").textContent !== text) $("wake-note").textContent = text;
  if (text) timer = setTimeout(() => document.hidden || showNotes(send("/do", { do: "wake" })), ASK_AGAIN_MS);
}

// Shows what is set. A time that somebody is typing stays as it is.
export function drawTimers(status) {
  const ends = status.sleep ? new Date(status.sleep) : null;
  const at = ends?.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  $("sleep-ends").textContent = at ? say(words.sleep_at, { time: at }) : "";
  for (const button of $("sleep").children) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.minutes) === status.sleep_minutes));
  }
  if (status.wake && status.wake !== shown && document.activeElement !== time) {
    time.value = status.wake;
    shown = status.wake;
  }
  switchOn.setAttribute("aria-checked", String(status.wake_on));
  if (status.wake_on !== wasOn && (status.wake_on || wasOn)) showNotes(send("/do", { do: "wake" }));
  wasOn = status.wake_on;
}

async function setWake() {
  const reply = time.value ? await act({ do: "wake", to: time.value }, say(words.wake_set, { time: time.value })) : null;
  if (reply) shown = reply.wake;
}

for (const button of $("sleep").children) {
  onClick(button, () => act({ do: "sleep", minutes: Number(button.dataset.minutes) }));
}
onClick(switchOn, () => (switchOn.getAttribute("aria-checked") === "true" ? act({ do: "wake", to: "off" }) : setWake()));
time.addEventListener("change", () => switchOn.getAttribute("aria-checked") === "true" && setWake());
