// The songs of the library, piece by piece, and the plane of valence and energy that they are drawn in.
import { $, say, send, words } from "/static/page.js";

const MOST = 20000; // songs that a page holds
const EDGE = 14;
const NEAR = 18;

// The library has no titles, for which MPD is asked song by song; a file's name says it well enough until then.
export const titleOf = (song) => song.title || song.uri.split("/").pop().replace(/\.\w{2,4}$/, "");

export async function readTitle(song) {
  if (song.title === undefined) {
    song.title = ""; // it is asked for once
    const reply = await send("/do", { do: "song", uri: song.uri }).catch(() => null);
    song.title = reply?.song.title ?? "";
  }
  return titleOf(song);
}

const MOST_TITLES = 40; // of a request
const MOST_BYTES = 3000; // of their URIs, since the box takes lines of 4096

// Asks for the titles of songs of which they are not known; whether there were such songs.
export async function readTitles(songs) {
  const unknown = songs.filter((song) => song.title === undefined);
  const count = unknown.length;
  while (unknown.length) {
    const some = [];
    let bytes = 0;
    while (unknown.length && some.length < MOST_TITLES) {
      bytes += new TextEncoder().encode(JSON.stringify(unknown[0].uri)).length + 1;
      if (some.length && bytes > MOST_BYTES) break;
      some.push(unknown.shift());
    }
    for (const song of some) song.title = ""; // they are asked for once
    const reply = await send("/do", { do: "titles", uris: some.map((song) => song.uri) }).catch(() => null);
    for (const song of some) song.title = reply?.titles[song.uri] ?? "";
  }
  return count > 0;
}

export async function readLibrary(onSongs) {
  const songs = [];
  let after = null;
  do {
    const piece = await send("/do", after ? { do: "library", after } : { do: "library" });
    songs.push(...piece.songs);
    after = piece.next;
    onSongs(songs);
  } while (after && songs.length < MOST);
  return songs;
}

// Where a mood is in the plane, for the colours of the songs and for the chips.
export const PLACES = { happy: [0.75, 0.7], neutral: [0.58, 0.45], sad: [0.3, 0.35], angry: [0.3, 0.8], fear: [0.38, 0.55], disgust: [0.42, 0.45], surprise: [0.68, 0.85] };
export const distance = (song, [valence, energy]) => Math.hypot(song.valence - valence, song.energy - energy);
const MAIN = ["happy", "neutral", "sad"];
export const moodOf = (song) => MAIN.reduce((best, mood) => (distance(song, PLACES[mood]) < distance(song, PLACES[best]) ? mood : best));

export class Plane {
  constructor(canvas, { onPick, onMove, onPlace }) {
    this.canvas = canvas;
    this.songs = [];
    this.chosen = null;
    this.moved = null;
    Object.assign(this, { onPick, onMove, onPlace });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    // A thumb on a song moves the song, and anywhere else the page.
    canvas.addEventListener("touchstart", (event) => {
      if (this.nearest(this.point(event.touches[0]))) event.preventDefault();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.take(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.drop(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerleave", () => this.tip(null));
  }

  get size() {
    return this.canvas.clientWidth;
  }

  at(song) {
    const inner = this.size - 2 * EDGE;
    return [EDGE + song.valence * inner, EDGE + (1 - song.energy) * inner];
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  nearest([x, y]) {
    let best = null;
    let least = NEAR;
    for (const song of this.songs) {
      const [left, top] = this.at(song);
      const far = Math.hypot(left - x, top - y);
      if (far < least) [best, least] = [song, far];
    }
    return best;
  }

  take(event) {
    const song = this.nearest(this.point(event));
    if (!song) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.moved = { song, before: [song.valence, song.energy], from: this.point(event), far: false };
    this.onPick(song);
  }

  move(event) {
    const point = this.point(event);
    if (!this.moved) {
      this.tip(this.nearest(point));
      return;
    }
    const { song, from } = this.moved;
    if (!this.moved.far && Math.hypot(point[0] - from[0], point[1] - from[1]) < 6) return;
    this.moved.far = true;
    const inner = this.size - 2 * EDGE;
    const within = (value) => Math.min(1, Math.max(0, value));
    song.valence = within((point[0] - EDGE) / inner);
    song.energy = within(1 - (point[1] - EDGE) / inner);
    this.onMove(song);
    this.tip(song);
    this.draw();
  }

  drop() {
    const { song, far } = this.moved ?? {};
    this.moved = null;
    if (far) this.onPlace(song);
  }

  cancel() {
    if (this.moved) [this.moved.song.valence, this.moved.song.energy] = this.moved.before;
    this.moved = null;
    this.draw();
  }

  tip(song) {
    const tip = $("tip");
    tip.hidden = !song;
    this.canvas.style.cursor = song ? "grab" : "default";
    this.tipped = song;
    if (!song) return;
    const [x, y] = this.at(song);
    const write = () => (tip.textContent = song.artist ? `${titleOf(song)} – ${song.artist}` : titleOf(song));
    write();
    if (song.title === undefined) setTimeout(() => this.tipped === song && readTitle(song).then(() => this.tipped === song && write()), 150);
    tip.style.setProperty("--x", Math.min(Math.max(x, 70), this.size - 70));
    tip.style.setProperty("--y", y < 60 ? y + 56 : y);
  }

  draw() {
    const { canvas, size } = this;
    const sharp = devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(size * sharp);
    const pen = canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    pen.strokeStyle = colour("line");
    pen.beginPath();
    pen.moveTo(size / 2, 28);
    pen.lineTo(size / 2, size - 28);
    pen.moveTo(52, size / 2);
    pen.lineTo(size - 58, size / 2);
    pen.stroke();
    const radius = this.songs.length > 2000 ? 2.5 : this.songs.length > 300 ? 4 : 6;
    for (const song of this.songs) {
      const [x, y] = this.at(song);
      pen.globalAlpha = song === this.chosen ? 1 : song.source === "nothing known" ? 0.35 : 0.8;
      pen.fillStyle = colour(moodOf(song));
      pen.beginPath();
      pen.arc(x, y, song === this.chosen ? radius + 4 : radius, 0, 7);
      pen.fill();
      if (song.source === "own word" || song === this.chosen) {
        pen.strokeStyle = colour("text");
        pen.lineWidth = song === this.chosen ? 3 : 1.5;
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
  }
}

export const countText = (count) => say(count === 1 ? words.songs_one : words.songs_count, { count });
