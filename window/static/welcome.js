// The first visit in five steps.
import { $, act, element, listenToStatus, moodName, onClick, say, send, startVolume, words } from "/static/page.js";
import { countText, readLibrary } from "/static/library.js";
import { startPicture } from "/static/picture.js";
import { startUploads } from "/static/upload.js";

const steps = [...document.querySelectorAll("[data-step]")];
let now = Math.max(0, steps.findIndex((step) => `#${step.dataset.step}` === location.hash));
const forwardText = $("forward").textContent;

function show(focus = true) {
  steps.forEach((step, number) => (step.hidden = number !== now));
  $("step").textContent = say($("step").dataset.text, { number: now + 1, count: steps.length });
  $("back").disabled = now === 0;
  $("forward").textContent = now === steps.length - 1 ? $("forward").dataset.last : forwardText;
  history.replaceState(null, "", `#${steps[now].dataset.step}`);
  if (focus) steps[now].querySelector("h1").focus();
  if (steps[now].dataset.step === "music") count();
  if (steps[now].dataset.step === "ready") showHolds();
}

async function count() {
  const line = $("count");
  const songs = await readLibrary(() => {}).catch(() => []);
  line.textContent = songs.length ? say(line.dataset.text, { songs: countText(songs.length) }) : line.dataset.none;
}

// After how many seconds of holding the button does something; after none, where the settings say so.
async function showHolds() {
  const reply = await send("/do", { do: "settings" }).catch(() => null);
  for (const row of document.querySelectorAll("[data-hold]")) {
    const seconds = reply?.settings.find((each) => each.key === row.dataset.hold)?.value;
    row.hidden = !seconds;
    row.querySelector("th").textContent = say(row.dataset.text, { seconds });
  }
}

$("back").addEventListener("click", () => {
  now -= 1;
  show();
});
$("forward").addEventListener("click", () => {
  if (now === steps.length - 1) location.assign("/");
  else {
    now += 1;
    show();
  }
});
$("lights-moods").append(...["happy", "neutral", "sad"].map((mood) => {
  const button = element("button", moodName(mood), { type: "button", "data-mood": mood });
  onClick(button, () => act({ do: "set-mood", mood }));
  return button;
}));
onClick("tone", async () => {
  if (await act({ do: "tone" })) $("unheard").hidden = false;
});
const showVolume = startVolume(words.volume_missing);
listenToStatus((status) => {
  if (!status) return;
  showVolume(status.volume);
  $("song").textContent = status.playing === "play" ? status.song : "";
});
startPicture();
startUploads(() => setTimeout(count, 3000));
show(false);
