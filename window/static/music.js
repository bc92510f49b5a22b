// The page Music: the plane, the list of songs, what the owner says about a song, and uploads.
import { $, act, arrange, element, listenToStatus, moodName, onClick, say, send, toast, words } from "/static/page.js";
import { countText, distance, Plane, PLACES, readLibrary, readTitle, readTitles, titleOf } from "/static/library.js";
import { readLearned } from "/static/learned.js";
import { startUploads } from "/static/upload.js";

const SHOWN = 60;
let songs = [];
let mood = null;
let chosen = null;

const plane = new Plane($("plane"), { onPick: choose, onMove: showPlace, onPlace: place });

function found() {
  const wanted = $("search").value.trim().toLowerCase().split(/\s+/);
  const matches = songs.filter((song) => {
    const text = `${song.artist} ${titleOf(song)} ${song.genre} ${song.uri}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  if (mood) matches.sort((one, other) => distance(one, PLACES[mood]) - distance(other, PLACES[mood]));
  return matches;
}

let naming;

function list() {
  const matches = found();
  clearTimeout(naming); // somebody may be typing
  naming = setTimeout(async () => (await readTitles(matches.slice(0, SHOWN))) && list(), 200);
  $("songs").replaceChildren(...matches.slice(0, SHOWN).map((song) => {
    const button = element("button", titleOf(song), { type: "button", "aria-pressed": String(song === chosen) });
    const about = [song.artist || song.genre, song.never && words.never].filter(Boolean);
    button.append(element("span", about.join(" · ")));
    button.addEventListener("click", () => {
      choose(song);
      $("chosen").scrollIntoView({ block: "nearest" });
      $("chosen-title").focus();
    });
    const line = element("li");
    line.append(button);
    return line;
  }));
  $("more").textContent = matches.length > SHOWN ? say(words.songs_more, { count: matches.length - SHOWN }) : "";
}

function choose(song) {
  chosen = plane.chosen = song;
  $("chosen").hidden = false;
  const name = () => ($("chosen-title").textContent = song.artist ? `${titleOf(song)} – ${song.artist}` : titleOf(song));
  name();
  readTitle(song).then(() => song === chosen && name());
  const about = say(words.about, { genre: song.genre || "–", source: words.source[song.source] ?? song.source });
  $("chosen-about").textContent = song.never ? `${about} · ${words.never}` : about;
  $("unsay").hidden = song.source !== "own word" && !song.never;
  showPlace(song);
  plane.draw();
  for (const button of $("songs").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
  list();
}

function showPlace(song) {
  $("valence").value = Math.round(100 * song.valence);
  $("energy").value = Math.round(100 * song.energy);
}

async function place(song) {
  const [valence, energy] = [song.valence, song.energy].map((each) => Math.round(1000 * each) / 1000);
  if (await act({ do: "set-affect", uri: song.uri, valence, energy }, words.placed)) {
    song.source = "own word";
    choose(song);
  } else await read();
}

for (const id of ["valence", "energy"]) {
  $(id).addEventListener("input", () => {
    if (!chosen) return;
    chosen[id] = $(id).value / 100;
    plane.draw();
  });
}

onClick("place", () => place(chosen));
onClick("unsay", async () => {
  if (await act({ do: "set-affect", uri: chosen.uri }, words.unsaid)) await read();
});
$("search").addEventListener("input", list);

$("by-mood").append(...["happy", "neutral", "sad"].map((each) => {
  const button = element("button", moodName(each), { type: "button", "data-mood": each, "aria-pressed": "false" });
  button.addEventListener("click", () => {
    mood = mood === each ? null : each;
    for (const other of $("by-mood").children) other.setAttribute("aria-pressed", String(other.dataset.mood === mood));
    list();
  });
  return button;
}));

let isSure;
onClick("forget", async (button) => {
  if (!isSure) {
    const text = button.textContent;
    button.textContent = button.dataset.sure;
    isSure = setTimeout(() => {
      button.textContent = text;
      isSure = null;
    }, 6000);
    button.dataset.text = text;
    return;
  }
  clearTimeout(isSure);
  isSure = null;
  button.textContent = button.dataset.text;
  await act({ do: "forget" }, button.dataset.done);
  await readLearned();
});

async function read() {
  try {
    songs = await readLibrary((some) => {
      plane.songs = some;
      $("count").textContent = countText(some.length);
      plane.draw();
    });
    chosen = songs.find((song) => song.uri === chosen?.uri) ?? null;
    if (chosen) choose(chosen);
    list();
  } catch (error) {
    toast(error.message, true);
  }
}

// Which playlists MPD has, those of a mood first.
async function readPlaylists() {
  const shown = $("playlists");
  let lines;
  try {
    const { playlists } = await send("/do", { do: "playlists" });
    lines = playlists.map(({ name, mood: of, songs: count }) => {
      const line = element("li", name, { class: "row" });
      const about = element("span", "", { class: "quiet small" });
      if (of) about.append(element("span", say(shown.dataset.mood, { mood: moodName(of) }), { class: "badge" }), " ");
      if (count !== null) about.append(countText(count));
      line.append(about);
      return line;
    });
    if (!lines.length) lines = [element("li", shown.dataset.none, { class: "quiet" })];
  } catch (error) {
    lines = [element("li", error.message, { class: "quiet" })];
  }
  shown.replaceChildren(...lines);
}

arrange((isWide, left) => {
  if (isWide) left.append($("upload-card"));
  else $("forget-card").before($("upload-card"));
});

read();
readPlaylists();
readLearned();
startUploads(() => setTimeout(read, 3000)); // MPD reads a new song first
listenToStatus(() => {});
