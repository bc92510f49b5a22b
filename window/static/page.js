// What all pages share: texts, requests, messages, and the box's status as it changes.
const parsed = (id) => JSON.parse(document.getElementById(id).textContent);
export const words = parsed("words");
export const moodWords = parsed("moods");
export const $ = (id) => document.getElementById(id);

export function say(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export const moodName = (mood) => moodWords[mood] ?? mood ?? "";

let hideTimer;
export function toast(text, isBad = false) {
  const shown = $("toast");
  shown.textContent = text;
  shown.classList.toggle("bad", isBad);
  shown.classList.add("shown");
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => shown.classList.remove("shown"), isBad ? 8000 : 3500);
}

export function announce(text) {
  if ($("announcement").textContent !== text) $("announcement").textContent = text;
}

const token = document.querySelector('meta[name="form-token"]').content;

// Sends a request to the page's own server. Throws an error whose message is for people.
export async function send(path, content, method = "POST") {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "X-Form-Token": token, ...(method === "GET" ? {} : { "Content-Type": "application/json" }) },
      body: method === "GET" ? undefined : JSON.stringify(content ?? {}),
      credentials: "same-origin",
    });
  } catch {
    throw new Error(words.lost);
  }
  const reply = await response.json().catch(() => ({ error: response.statusText }));
  if (response.status === 403 && method === "GET") location.reload();
  if (!response.ok) throw new Error(reply.error ?? response.statusText);
  return reply;
}

// Has the box do something, and says so, or says why not. `done` may be a function of the box's reply.
export async function act(request, done = "") {
  try {
    const reply = await send("/do", request);
    const text = typeof done === "function" ? done(reply) : done;
    if (text) toast(text);
    return reply;
  } catch (error) {
    toast(error.message, true);
    return null;
  }
}

// Disables a button until what it does is done.
export function onClick(id, action) {
  const button = typeof id === "string" ? $(id) : id;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await action(button);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

export function showProblem(text) {
  const banner = $("problem");
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = !text;
}

// Calls `handle` with each event of a stream while the page is visible; a hidden page costs the box nothing.
export function listen(path, handle, onLost = () => showProblem(words.lost)) {
  let source = null;
  let timer = null;
  const open = () => {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource(path);
    source.onmessage = (event) => handle(JSON.parse(event.data));
    source.onerror = () => {
      onLost();
      if (source?.readyState === EventSource.CLOSED) {
        close();
        timer = setTimeout(open, 5000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
  return { close: () => { clearTimeout(timer); close(); }, open };
}

// The status line by line, and the problems in it at the top of every page.
export function listenToStatus(handle) {
  return listen("/events", (status) => {
    if (status.error) {
      showProblem(status.error);
      handle(null);
      return;
    }
    const troubles = Object.entries(status.trouble ?? {}).map(([part, problem]) => `${part}: ${problem}`);
    showProblem(troubles.join(" · "));
    handle(status);
  }, () => {
    showProblem(words.lost);
    handle(null);
  });
}

// The slider of the volume. Returns what shows the volume that the box tells, or null where there is none.
export function startVolume(missing) {
  const [slider, text] = [$("volume"), $("loudness")];
  let isHeld = false;
  const show = (volume) => {
    slider.disabled = volume === null;
    if (!isHeld && volume !== null) slider.value = volume;
    text.textContent = volume === null ? missing : percent(slider.value);
  };
  slider.addEventListener("input", () => {
    isHeld = true;
    text.textContent = percent(slider.value);
  });
  slider.addEventListener("change", async () => {
    const reply = await act({ do: "volume", to: Number(slider.value) });
    isHeld = false;
    if (reply) show(reply.volume); // music.volume_max may allow less
  });
  return show;
}

// Has both columns of a page be about as long on a wide screen, where `place` puts some cards into the other column. They
// are moved, so that the tab key and a screen reader follow what is seen.
export function arrange(place) {
  const wide = matchMedia("(min-width: 60rem)"); // as in style.css
  const follow = () => place(wide.matches, ...document.querySelectorAll(".columns > div"));
  wide.addEventListener("change", follow);
  follow();
}

export function ago(time) {
  const minutes = Math.floor((Date.now() - new Date(time)) / 60000);
  if (minutes < 1) return words.ago_now;
  if (minutes < 60) return say(words.ago_minutes, { count: minutes });
  if (minutes < 48 * 60) return say(words.ago_hours, { count: Math.round(minutes / 60) });
  return say(words.ago_days, { count: Math.round(minutes / 1440) });
}

export const percent = (value) => say(words.percent, { value: Math.round(value) });

// A whole distribution, so that what is shown adds up to 100 %: as in device/printable.py.
export function percents(shares) {
  const exact = Object.entries(shares).map(([name, share]) => [name, 100 * share]).sort((a, b) => b[1] - a[1]);
  const whole = new Map(exact.map(([name, value], place) => [name, place ? Math.floor(value) : Math.round(value)]));
  const sum = (values) => [...values].reduce((a, b) => a + b, 0);
  const missing = Math.round(sum(exact.map(([, value]) => value))) - sum(whole.values());
  const [first, ...others] = exact;
  const highest = whole.get(first?.[0]);
  const smaller = others.filter(([name, value]) => whole.get(name) < Math.min(highest, value)).sort((a, b) => (b[1] % 1) - (a[1] % 1));
  const equal = others.filter(([name]) => whole.get(name) === highest);
  for (const [name] of [...smaller, first, ...equal].slice(0, Math.max(0, missing))) whole.set(name, whole.get(name) + 1);
  return Object.fromEntries([...whole].map(([name, value]) => [name, percent(value)]));
}
