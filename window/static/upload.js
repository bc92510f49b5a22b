// Songs that are dropped or chosen: sent one after the other, with their progress.
import { $, element, say, toast } from "/static/page.js";

const token = document.querySelector('meta[name="form-token"]').content;
let queue = Promise.resolve();

function send(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    request.open("PUT", `/upload/${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-Form-Token", token);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => (progress.value = event.loaded / event.total);
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject(new Error(request.response?.error ?? request.statusText)));
    request.onerror = () => reject(new Error(request.statusText || file.name));
    request.send(file);
  });
}

function add(file, list, done) {
  const line = element("li", file.name);
  const progress = element("progress", "", { "aria-label": file.name, max: 1, value: 0 });
  line.append(progress);
  list.append(line);
  if (file.size > Number(list.dataset.most) * 2 ** 20) {
    line.textContent = say(list.dataset.large, { name: file.name });
    line.className = "bad";
    return;
  }
  queue = queue.then(async () => {
    try {
      const reply = await send(file, progress);
      line.textContent = say(list.dataset.done, { name: reply.name });
      done();
    } catch (error) {
      line.textContent = `${file.name}: ${error.message}`;
      line.className = "bad";
      toast(line.textContent, true);
    }
  });
}

export function startUploads(done = () => {}) {
  const drop = $("drop");
  if (!drop) return;
  const list = $("uploads");
  const take = (files) => [...files].forEach((file) => add(file, list, done));
  $("files").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}
