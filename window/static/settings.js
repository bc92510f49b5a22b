// The page Settings: every key with its meaning, from the box's own schema.
import { $, act, element, listenToStatus, onClick, say, send, toast } from "/static/page.js";

const form = $("settings");
const words = JSON.parse(form.dataset.words);
form.addEventListener("submit", (event) => event.preventDefault());

// A list of texts is shown with one of them a line, any other list and a table as JSON.
const isLines = ({ kind, value }) => kind === "list" && value.every((each) => typeof each === "string");
const isJson = (setting) => ["list", "table"].includes(setting.kind) && !isLines(setting);
const shown = (value) => (value === null || value === "" || (Array.isArray(value) && !value.length) ? words.empty : typeof value === "object" ? JSON.stringify(value) : String(value));

function control(setting, id) {
  const { kind, value } = setting;
  if (kind === "bool") {
    const made = element("button", "", { class: "switch", type: "button", role: "switch", id, "aria-checked": String(value) });
    made.append(element("span"));
    return made;
  }
  if (kind === "choices") {
    const made = element("select", "", { id });
    for (const each of setting.choices) made.append(element("option", String(each), { value: each }));
    made.value = value;
    return made;
  }
  if (isLines(setting)) {
    const made = element("textarea", "", { id, rows: Math.max(2, Math.min(8, value.length + 1)), spellcheck: "false" });
    made.value = value.join("\n");
    return made;
  }
  const number = kind === "int" || kind === "float";
  const made = element("input", "", { id, type: number ? "number" : "text", autocomplete: "off", spellcheck: "false" });
  if (number) Object.assign(made, { step: kind === "int" ? 1 : "any", min: setting.least ?? "", max: setting.most ?? "" });
  made.value = isJson(setting) ? JSON.stringify(value) : value ?? "";
  return made;
}

function valueOf(setting, made) {
  if (setting.kind === "int" || setting.kind === "float") return made.value === "" ? null : Number(made.value);
  if (isLines(setting)) return made.value.split("\n").map((each) => each.trim()).filter(Boolean);
  return isJson(setting) ? JSON.parse(made.value) : made.value;
}

function row(setting) {
  const id = `key-${setting.key}`;
  const made = control(setting, id);
  const line = element("div", "", { class: "setting", "data-text": `${setting.key} ${setting.meaning}`.toLowerCase() });
  const label = element("label", setting.key.split(".").slice(1).join(".") || setting.key, { for: id });
  const meaning = element("p", setting.meaning, { class: "meaning", id: `${id}-meaning` });
  made.setAttribute("aria-describedby", `${id}-meaning`);
  made.disabled = Boolean(setting.fixed);
  const facts = element("p", "", { class: "facts-line" });
  const error = element("p", "", { class: "error", role: "alert" });
  if (setting.kind === "bool") {
    const head = element("div", "", { class: "row" });
    head.append(label, made);
    line.append(head, meaning, facts, error);
  } else line.append(label, meaning, made, facts, error);

  const explain = () => {
    facts.replaceChildren(element("span", say(words.default, { value: shown(setting.default) })));
    if (setting.fixed) facts.append(element("span", setting.fixed));
    else if (!setting.restart) facts.append(element("span", words.at_once, { class: "badge" }));
    if (setting.source !== "page") return;
    const reset = element("button", words.reset, { type: "button", class: "plain", "aria-label": `${words.reset} ${setting.key}` });
    reset.addEventListener("click", () => save(null));
    facts.append(element("span", words.changed, { class: "badge" }), reset);
  };
  const save = async (value) => {
    error.textContent = "";
    try {
      await send("/do", { do: "set", key: setting.key, value });
      toast(words.saved);
      if (setting.restart) $("restart").hidden = false;
      await read();
      $(id)?.focus();
    } catch (problem) {
      error.textContent = problem.message;
      made.setAttribute("aria-invalid", "true");
    }
  };
  if (setting.kind === "bool") made.addEventListener("click", () => save(made.getAttribute("aria-checked") !== "true"));
  else {
    made.addEventListener("change", () => {
      try {
        save(valueOf(setting, made));
      } catch (problem) {
        error.textContent = problem.message;
      }
    });
  }
  explain();
  return line;
}

function draw(settings) {
  const open = new Set([...form.querySelectorAll("details[open]")].map((each) => each.dataset.name));
  const isFirst = !form.querySelector("details");
  form.replaceChildren(...[...grouped(settings)].map(([name, some], number) => {
    const section = element("details", "", { class: "card", "data-name": name });
    section.open = open.has(name) || (isFirst && number === 0) || Boolean($("search").value);
    const inner = element("div");
    inner.append(...some.map(row));
    section.append(element("summary", words.sections[name] ?? name), inner);
    return section;
  }));
  filter();
}

function grouped(settings) {
  const sections = new Map();
  for (const each of settings) {
    const name = each.key.split(".")[0];
    sections.set(name, [...(sections.get(name) ?? []), each]);
  }
  return sections;
}

function filter() {
  const wanted = $("search").value.trim().toLowerCase();
  for (const section of form.querySelectorAll("details")) {
    let any = false;
    for (const line of section.querySelectorAll(".setting")) {
      line.hidden = !line.dataset.text.includes(wanted);
      any ||= !line.hidden;
    }
    section.hidden = !any;
    if (wanted) section.open = true;
  }
  $("none").hidden = Boolean(form.querySelector("details:not([hidden])"));
}

async function read() {
  try {
    draw((await send("/do", { do: "settings" })).settings);
  } catch (error) {
    form.replaceChildren(element("p", error.message));
  }
}

$("search").addEventListener("input", filter);
onClick("restart-now", async (button) => {
  if (await act({ do: "restart" }, button.dataset.done)) $("restart").hidden = true;
});
let wasLost = false;
listenToStatus((status) => {
  if (status && wasLost) read();
  wasLost = !status;
});
read();
