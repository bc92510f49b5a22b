// The page Now: what the box sees and plays, and what it can be told.
import { drawTimers } from "/static/timers.js";
import { $, act, ago, announce, arrange, element, listenToStatus, moodName, moodWords, onClick, percent, percents, say, send, startVolume, words } from "/static/page.js";

const ALL_LIT = new Set(["starting", "looking", "unsure", "no_face", "trouble", "paused", "camera_off", "pressed", "held", "going_off", "asked", "watched"]);
const OF_A_MOOD = new Set(["mood", "correction", "hand"]);
let status = null;
let moods = ["happy", "neutral", "sad"];
const showVolume = startVolume("–");

function drawLights() {
  const { state } = status;
  const mood = shownMood();
  const one = mood && !["looking", "starting", "pressed", "held", "going_off", "unsure", "no_face"].includes(state) ? mood : null;
  const lights = $("lights");
  lights.dataset.state = state;
  const shown = one && !moods.includes(one) ? [...moods, one] : moods; // chosen by hand, and not one of the model's
  lights.replaceChildren(...shown.map((each) => {
    const light = element("i", "", { "data-mood": each });
    light.classList.toggle("lit", one ? each === one : ALL_LIT.has(state));
    return light;
  }));
  lights.setAttribute("aria-label", say(words.lights[state] ?? state, { mood: moodName(mood) }));
}

// The mood that the lights and the large word are about.
function shownMood() {
  if (status.chosen_by === "hand" && status.state !== "mood") {
    return Object.entries(status.chosen_for ?? {}).sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  }
  return status.mood;
}

// How sure the box was of its own look says nothing of a mood that a person has named.
function isNamed() {
  return status.chosen_by === "hand" || status.corrected;
}

function drawMood() {
  const text = say(words.state[status.state] ?? status.state, { mood: moodName(shownMood()) });
  $("mood").textContent = text;
  const parts = [];
  if (["mood", "by_hand"].includes(status.state) || status.state === "unsure") {
    if (status.confidence && !isNamed()) parts.push(percent(100 * status.confidence));
  }
  if (status.chosen_by) {
    const by = words.by[status.chosen_by] ?? status.chosen_by;
    // Where the large word is no mood, as in "camera off", the mood stands here.
    const mood = !["mood", "by_hand"].includes(status.state) && OF_A_MOOD.has(status.chosen_by) && moodName(shownMood());
    parts.push(mood ? say(words.by_of, { mood, by }) : by);
  }
  parts.push(ago(status.since));
  $("by").textContent = parts.join(" · ");
  announce(say(words.announce_mood, { text }));
}

function drawChances() {
  const chances = (isNamed() ? status.probabilities : status.chosen_for) ?? {};
  const title = $("chances-title");
  title.textContent = isNamed() ? title.dataset.before : title.dataset.sure;
  $("chances-card").hidden = !Object.keys(chances).length; // nobody was seen yet
  const shown = percents(chances);
  const rows = moods.map((mood) => {
    const value = 100 * (chances[mood] ?? 0);
    const row = element("div", "", { "data-mood": mood });
    const bar = element("dd", "", { class: "bar", "aria-hidden": "true" });
    const filled = element("span");
    filled.style.setProperty("--part", value);
    bar.append(filled);
    row.append(element("dt", moodName(mood)), bar, element("dd", shown[mood] ?? percent(0)));
    return row;
  });
  $("chances").replaceChildren(...rows);
}

function drawMusic() {
  const playing = status.playing === "play";
  const [artist, ...title] = (status.song ?? "").split(" - ");
  $("title").textContent = status.song ? title.join(" - ") || artist : status.playing === null ? words.mpd_missing : words.nothing;
  $("artist").textContent = status.stepped_back ? words.yielded : title.length ? artist : "\u00a0";
  const pause = $("pause");
  pause.classList.toggle("is-playing", playing);
  pause.setAttribute("aria-label", playing ? pause.dataset.pause : pause.dataset.play);
  for (const id of ["skip", "like", "never"]) $(id).disabled = !status.song;
  showVolume(status.volume);
}

function drawRest() {
  $("camera").setAttribute("aria-checked", String(status.camera === "on"));
  $("look").disabled = status.camera === "off";
  $("wrong").disabled = !status.mood && !(status.chosen_by === "unsure");
  for (const button of $("hand").children) {
    button.setAttribute("aria-pressed", String(status.chosen_by === "hand" && shownMood() === button.dataset.mood));
  }
}

// Why the box has chosen a song, in a few words: at first why it fits, then what else speaks for or against it.
function whyOf(reasons) {
  const { why } = words;
  if (!reasons) return why.others;
  const known = reasons.source !== "nothing known";
  const fits = reasons.fit >= 0.7 ? why.very_well : reasons.fit >= 0.4 ? why.well : why.roughly;
  const source = reasons.source === "genre" ? say(why.genre, { genre: reasons.genre }) : say(why.source, { source: words.source[reasons.source] ?? reasons.source });
  const parts = [reasons.playlist ? why.playlist : known ? `${fits}, ${source}` : why.little];
  const heard = reasons.genre && reasons.genre_plays >= 3 ? reasons.genre_heard / reasons.genre_plays : 0.5;
  if (heard >= 0.7) parts.push(why.liked);
  if (heard <= 0.3) parts.push(why.skipped);
  if (reasons.again) parts.push(why.again);
  else if (reasons.rested < 0.8) parts.push(why.lately);
  else if (reasons.artist_rested < 0.7) parts.push(why.artist_lately);
  return parts.join(", ");
}

// What comes next is not in the status, so it is asked for when the song changes.
async function readQueue() {
  const reply = await send("/do", { do: "queue" }).catch(() => null);
  $("next-card").hidden = !reply?.next?.length;
  $("next").replaceChildren(...(reply?.next ?? []).slice(0, 5).map((song) => {
    const line = element("li", song.title || song.uri);
    line.append(element("span", song.artist ?? ""), element("span", whyOf(song.reasons), { class: "why" }));
    return line;
  }));
}

let queueTimer;
function readQueueSoon() {
  clearTimeout(queueTimer);
  queueTimer = setTimeout(readQueue, 700); // MPD's queue changes a little after the song
}

async function readStyle() {
  const reply = await send("/do", { do: "settings" }).catch(() => null);
  const style = reply?.settings.find((each) => each.key === "music.style");
  $("style").hidden = !style;
  for (const button of $("style").children) button.setAttribute("aria-pressed", String(button.dataset.style === style?.value));
  return style;
}

for (const button of $("style").children) {
  onClick(button, async () => {
    const style = await readStyle();
    const later = style?.restart ? $("style").dataset.later : "";
    if (await act({ do: "set", key: "music.style", value: button.dataset.style }, later)) await readStyle();
  });
}

// The moods that the box's model tells: those of its last look at a face. No other can be corrected to.
function knowMoods() {
  const told = status.probabilities;
  if (told) moods = Object.keys(moodWords).filter((mood) => mood in told);
  for (const button of $("was").children) button.hidden = !moods.includes(button.dataset.mood);
}

function draw(next) {
  document.body.classList.toggle("unconnected", !next);
  for (const button of document.querySelectorAll("main button")) button.disabled = !next;
  if (!next) return;
  const before = status;
  status = next;
  if (!before) readStyle();
  if (!before || before.song !== status.song || before.chosen_by !== status.chosen_by) readQueueSoon();
  knowMoods();
  drawLights();
  drawMood();
  drawChances();
  drawMusic();
  drawRest();
  drawTimers(status);
  if (before && before.song !== status.song && status.song) announce(say(words.announce_song, { song: status.song }));
}

function chips(id, request, done) {
  $(id).append(...Object.keys(moodWords).map((mood) => {
    const button = element("button", moodName(mood), { type: "button", "data-mood": mood });
    onClick(button, async () => {
      $("wrong-sheet").hidePopover(); // it would lie over what `act` says
      await act({ do: request, mood }, (reply) => say(done(reply), { mood: moodName(mood) }));
    });
    return button;
  }));
}

chips("hand", "set-mood", () => words.chosen);
chips("was", "was", (reply) => (reply.note ? words.not_corrected : words.corrected)); // a note: nothing changes
onClick("look", () => act({ do: "press" }));
onClick("pause", () => act({ do: status?.playing === "play" ? "pause" : "play" }));
onClick("skip", () => act({ do: "skip" }));
onClick("like", async (button) => button.classList.toggle("chosen", Boolean(await act({ do: "like" }, words.liked))));
onClick("never", () => act({ do: "never" }, words.nevered));
onClick("camera", (button) => act({ do: "camera", to: button.getAttribute("aria-checked") === "true" ? "off" : "on" }));

// In two columns, one has the mood and the other the music. In one, the music comes before what is rarely used.
arrange((isWide, mood, music) => {
  if (isWide) mood.append($("hand-card"), $("camera-card"));
  else {
    $("timers-card").before($("hand-card"));
    music.append($("camera-card"));
  }
});

listenToStatus(draw);
setInterval(() => status && !document.hidden && drawMood(), 30000);
