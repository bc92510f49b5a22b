// What the box has learned, in a few sentences.
import { $, element, moodName, moodWords, say, send, words } from "/static/page.js";

const LEAST = 2; // plays and skips, below which a genre says nothing
const MOST = 3; // genres of a kind
const LIKELIER = 1.1; // or less likely, from which on corrections are worth a word

const joined = (names) => names.join(", ");

function linesOf({ songs, heard, skipped, genres, moods }) {
  const { learned } = words;
  const lines = songs ? [say(learned.counts, { songs, heard, skipped })] : [];
  for (const mood of Object.keys(moodWords)) {
    const known = genres.filter((each) => each.mood === mood && each.heard + each.skipped >= LEAST);
    const names = (isKind) => joined(known.filter(isKind).slice(0, MOST).map((each) => each.genre));
    const liked = names((each) => each.heard >= 0.7 * (each.heard + each.skipped));
    const disliked = names((each) => each.skipped >= 0.7 * (each.heard + each.skipped));
    const parts = [liked && say(learned.heard, { genres: liked }), disliked && say(learned.skipped, { genres: disliked })];
    const text = parts.filter(Boolean).join("; ");
    if (text) lines.push(say(learned.mood, { mood: moodName(mood), text }));
  }
  const corrected = (isSo) => joined(Object.keys(moods).filter((mood) => isSo(moods[mood])).map(moodName));
  const likelier = corrected((factor) => factor >= LIKELIER);
  const rarer = corrected((factor) => factor <= 1 / LIKELIER);
  if (likelier) lines.push(say(learned.likelier, { moods: likelier }));
  if (rarer) lines.push(say(learned.rarer, { moods: rarer }));
  return lines.length ? lines : [learned.nothing];
}

export async function readLearned() {
  const learned = await send("/do", { do: "learned" }).catch(() => null);
  $("learned").replaceChildren(...(learned ? linesOf(learned) : []).map((text) => element("li", text, { class: "small" })));
}
