// The page Health: what works, what to do, the journal, and who may see this page.
import { $, ago, element, listenToStatus, onClick, say, send, toast, words } from "/static/page.js";
import { drawChances } from "/static/picture.js";

async function readHealth() {
  const parts = $("parts");
  try {
    const health = await send("/do", { do: "health" });
    parts.replaceChildren(...health.parts.map(({ part, well, what }) => {
      const line = element("li");
      const name = element("strong", part, { class: well ? "mark-well" : "mark-bad" });
      const word = element("span", ` ${well ? parts.dataset.well : parts.dataset.bad}`, { class: "hidden" });
      line.append(name, word, element("p", what, { class: "quiet small" }));
      return line;
    }));
    $("version").textContent = health.version;
    if (health.since) $("since").textContent = ago(health.since);
    if (health.temperature != null) $("temperature").textContent = say(words.degrees, { value: Math.round(health.temperature) });
    const { free_mb: free, rss_mb: used } = health.memory ?? {};
    if (free != null) $("memory").textContent = say(words.mb, { free: Math.round(free), used: Math.round(used) });
  } catch (error) {
    parts.replaceChildren(element("li", error.message));
  }
}

function drawMoods(moods) {
  const total = Object.values(moods ?? {}).reduce((sum, count) => sum + count, 0);
  drawChances(Object.fromEntries(Object.entries(moods ?? {}).map(([mood, count]) => [mood, count / total])));
  $("no-moods").hidden = total > 0;
}

async function readJournal() {
  try {
    const { lines, moods, releases } = await send("/journal", null, "GET");
    drawMoods(moods);
    const journal = $("journal");
    journal.textContent = lines.join("\n") || journal.dataset.none;
    journal.scrollTop = journal.scrollHeight;
    $("releases").textContent = releases.join(", ") || "–";
  } catch (error) {
    toast(error.message, true);
  }
}

onClick("again", () => Promise.all([readHealth(), readJournal()]));
for (const button of document.querySelectorAll(".send-away")) {
  onClick(button, async () => {
    if (button.dataset.sure) {
      toast(button.dataset.sure);
      delete button.dataset.sure;
      return;
    }
    try {
      await send(`/browsers/${button.dataset.key}/send-away`);
      location.reload();
    } catch (error) {
      toast(error.message, true);
    }
  });
}
let troubles = null;
listenToStatus((status) => {
  const now = JSON.stringify(status?.trouble ?? null);
  if (troubles !== null && now !== troubles) readHealth();
  troubles = now;
});
readHealth();
readJournal();
