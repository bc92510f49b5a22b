// The live picture: asks for it, draws it with the face and the mood, and says how to turn the box.
import { $, announce, element, listen, moodName, moodWords, onClick, percent, percents, say, send, toast, words } from "/static/page.js";

const ASK_S = 30;
let stream = null;
let latest = 0;

function colourOf(mood) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${mood in moodWords ? mood : "neutral"}`);
}

function close(text) {
  stream?.close();
  stream = null;
  latest += 1;
  $("canvas").hidden = true;
  $("closed").hidden = false;
  $("stop").hidden = true;
  $("allow").hidden = false;
  $("hint").textContent = "";
  $("turn").hidden = true;
  $("left").textContent = "";
  if (text) $("closed-text").textContent = text;
  drawChances(null);
  if ($("nobody")) $("nobody").textContent = $("nobody").dataset.closed;
}

async function draw(frame) {
  const number = (latest += 1);
  if (!frame.jpeg) {
    if (!frame.hints?.length) return;
    $("canvas").hidden = true; // the last frame is not what the camera sees now
    $("closed").hidden = false;
    $("closed-text").textContent = "";
    return;
  }
  const image = new Image();
  image.src = `data:image/jpeg;base64,${frame.jpeg}`;
  await image.decode().catch(() => null);
  if (number !== latest || !image.naturalWidth) return; // a newer one has come, or it was closed
  const canvas = $("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const scale = canvas.width / (frame.width || canvas.width);
  if (frame.face) drawFace(pen, frame, scale);
  canvas.hidden = false;
  $("closed").hidden = true;
}

function drawFace(pen, frame, scale) {
  const [x, y, width, height] = frame.face.map((each) => each * scale);
  const colour = colourOf(frame.mood);
  const unit = pen.canvas.width / 640;
  pen.lineWidth = 3 * unit;
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.roundRect(x, y, width, height, 12 * unit);
  pen.stroke();
  const best = Math.max(0, ...Object.values(frame.probabilities ?? {}));
  if (!best) return;
  const text = `${moodName(frame.mood) || "?"} ${percent(100 * best)}`;
  pen.font = `600 ${22 * unit}px system-ui, sans-serif`;
  const wide = pen.measureText(text).width + 20 * unit;
  const top = y > 44 * unit ? y - 42 * unit : y + height + 6 * unit;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(x, top, wide, 36 * unit, 10 * unit);
  pen.fill();
  pen.fillStyle = "#15141a";
  pen.fillText(text, x + 10 * unit, top + 25 * unit);
}

export function drawChances(chances) {
  const shown = $("chances");
  if (!shown) return;
  const texts = percents(chances ?? {});
  const rows = Object.keys(moodWords).filter((mood) => mood in texts).map((mood) => {
    const row = element("div", "", { "data-mood": mood });
    const bar = element("dd", "", { class: "bar", "aria-hidden": "true" });
    const filled = element("span");
    filled.style.setProperty("--part", 100 * chances[mood]);
    bar.append(filled);
    row.append(element("dt", moodName(mood)), bar, element("dd", texts[mood]));
    return row;
  });
  shown.replaceChildren(...rows);
  if ($("nobody")) $("nobody").hidden = rows.length > 0;
}

function show(frame) {
  if (frame.error) {
    close(frame.error);
    announce(frame.error);
    return;
  }
  draw(frame);
  drawChances(frame.probabilities);
  const hints = (frame.hints ?? []).map((hint) => words.hints[hint.replaceAll(" ", "_")] ?? hint);
  const text = hints.join(" ") || (frame.face ? $("hint").dataset.none : "");
  if ($("hint").textContent !== text) $("hint").textContent = text;
  $("turn").hidden = !frame.turn;
  if (frame.turn) $("turn").dataset.degrees = frame.turn;
  if (frame.left_s !== undefined) {
    const left = Math.max(0, Math.round(frame.left_s));
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    $("left").textContent = say($("left").dataset.text, { time });
  }
}

// Lets the box turn its frames; those that are mirrored afterwards are turned the other way.
async function turn(button) {
  try {
    const { settings } = await send("/do", { do: "settings" });
    const setting = (key) => settings.find((each) => each.key === key);
    const further = Number(button.dataset.degrees);
    const { value, restart } = setting("camera.rotate");
    const rotate = (value + (setting("camera.mirror").value ? 360 - further : further)) % 360;
    await send("/do", { do: "set", key: "camera.rotate", value: rotate });
    button.hidden = true;
    toast(restart ? button.dataset.later : button.dataset.done);
  } catch (error) {
    toast(error.message, true);
  }
}

function watch() {
  $("allow").hidden = true;
  $("stop").hidden = false;
  $("closed-text").textContent = words.connecting;
  if ($("nobody")) $("nobody").textContent = $("nobody").dataset.watching;
  stream = listen("/frames", show, () => {});
}

export function startPicture() {
  const closed = $("closed-text").textContent;
  if ($("allow").dataset.open) watch();
  onClick("allow", async (button) => {
    const end = Date.now() + ASK_S * 1000;
    const text = $("closed-text");
    const before = text.textContent;
    const count = () => {
      const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
      text.textContent = `${button.dataset.waiting} (${say(button.dataset.left, { seconds })})`;
    };
    announce(button.dataset.waiting);
    $("closed").classList.add("asking");
    button.disabled = true;
    count();
    const timer = setInterval(count, 1000);
    try {
      await send("/aim/allow");
      clearInterval(timer);
      watch();
      $("stop").focus();
    } catch (error) {
      text.textContent = before;
      toast(error.message, true);
    } finally {
      clearInterval(timer);
      button.disabled = false;
      $("closed").classList.remove("asking");
    }
  });
  onClick("turn", turn);
  onClick("stop", async () => {
    const hadFocus = document.activeElement === $("stop");
    close(closed);
    await send("/aim/stop").catch((error) => toast(error.message, true));
    if (hadFocus) $("allow").focus();
  });
  addEventListener("pagehide", () => stream?.close());
}
