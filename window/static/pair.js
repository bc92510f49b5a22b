// Asks the box to be let in, and counts the seconds in which its button can be pressed.
import { $, onClick, say, send } from "/static/page.js";

const SECONDS = 30;

onClick("start", async (button) => {
  const waiting = $("waiting");
  const { text, left, done } = waiting.dataset;
  const end = Date.now() + SECONDS * 1000;
  const count = document.createElement("span");
  count.setAttribute("aria-hidden", "true"); // a screen reader need not read each second
  waiting.replaceChildren(`${text}. `, count);
  const show = () => (count.textContent = say(left, { seconds: Math.max(0, Math.round((end - Date.now()) / 1000)) }));
  show();
  const timer = setInterval(show, 500);
  button.disabled = true;
  try {
    const { first } = await send("/pair", {});
    waiting.textContent = done;
    location.replace(first ? "/welcome" : "/");
  } catch (error) {
    waiting.textContent = error.message;
    button.textContent = button.dataset.retry;
  } finally {
    clearInterval(timer);
    button.disabled = false;
  }
});

// A link lets in the browser that shows this page, and not one that has only fetched it in advance.
async function useLink(link) {
  try {
    await send(location.pathname, {});
    location.replace("/");
  } catch (error) {
    link.textContent = error.message;
  }
}

const link = $("link");
if (link && document.hidden) document.addEventListener("visibilitychange", () => useLink(link), { once: true });
else if (link) useLink(link);
