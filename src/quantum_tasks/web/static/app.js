"use strict";

const SHOWN_OUTCOMES = 32;
const LONG_KEY = 24; // characters; longer ones stand above their bars
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 1000;

const byId = (id) => document.getElementById(id);
const [form, example, program, shots] = ["form", "example", "program", "shots"].map(byId);

/** What went wrong, as a sentence; `errors` as in problem+json. */
class Failure extends Error {
  constructor(message, { errors = [], passes = false, retryAfterS = 0 } = {}) {
    super(message);
    Object.assign(this, { errors, passes, retryAfterS });
  }
}

// Running a program

let running = new AbortController();

/** Runs the program; a run that is still awaited gives way to this one. */
async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  clearResult();
  say("Submitting …");
  try {
    const { task_id: id } = await ask("/tasks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request()),
      signal,
    });
    showTask(id);
    say("The task is in progress …");
    showOutcome(await finalState(id, signal));
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    showFailure(failure);
  }
}

const request = () => ({ qc: program.value, shots: Number(shots.value) });

/** The body of a response; throws a Failure for any but a good one. */
async function ask(path, options) {
  let response;
  let body;
  try {
    response = await fetch(path, options);
    body = await response.json();
  } catch {
    if (!response) {
      throw new Failure("The service cannot be reached. Is it running?", { passes: true });
    }
  }
  if (response.ok && body) return body;
  const retryAfterS = Number(response.headers.get("Retry-After")) || 0;
  const sentence =
    body?.detail ?? body?.message ?? `The service answered with HTTP status ${response.status}.`;
  throw new Failure(retryAfterS ? `${sentence} Try again in ${retryAfterS} s.` : sentence, {
    errors: body?.errors,
    passes: response.status >= 500,
    retryAfterS,
  });
}

/** Asks until the task is final. It is stored, so a service that is away does not end the wait. */
async function finalState(id, signal) {
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)) {
    let waitMs = pauseMs;
    try {
      const task = await ask(`/tasks/${encodeURIComponent(id)}`, { signal });
      if (task.status !== "pending") return task;
      say("The task is in progress …");
    } catch (failure) {
      if (signal.aborted || !failure.passes) throw failure;
      waitMs = Math.max(LAST_POLL_MS, failure.retryAfterS * 1000);
      say(`${failure.message} The task is not lost; still asking …`);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    signal.throwIfAborted();
  }
}

// Showing what came of it. Text goes in as text only: keys and sentences are not ours.

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function say(sentence, failed = false) {
  const status = byId("status");
  // Not the same again: a screen reader would repeat it at every poll.
  if (status.textContent !== sentence) status.textContent = sentence;
  status.classList.toggle("failure", failed);
}

function clearResult() {
  for (const id of ["problems", "counts", "more"]) byId(id).replaceChildren();
  for (const field of [program, shots]) field.removeAttribute("aria-invalid");
  byId("task").hidden = true;
  showCurl();
}

function showTask(id) {
  byId("link").textContent = id;
  byId("link").href = `/tasks/${encodeURIComponent(id)}`;
  byId("task").hidden = false;
  showCurl(id);
}

function showOutcome(task) {
  if (task.status !== "completed") throw new Failure(task.message);
  const outcomes = Object.entries(task.result);
  const total = outcomes.reduce((sum, [, count]) => sum + count, 0);
  const shown = outcomes.sort(([, a], [, b]) => b - a).slice(0, SHOWN_OUTCOMES);
  const most = shown[0][1];
  // By key as text: an object puts the keys that look like integers first, "10" before "00".
  shown.sort(([a], [b]) => (a < b ? -1 : 1));
  byId("counts").classList.toggle("long", shown.some(([key]) => key.length > LONG_KEY));
  byId("counts").replaceChildren(...shown.map(([key, count]) => bar(key, count, total, most)));
  say(`Completed: ${plural(total, "shot")}, ${plural(outcomes.length, "outcome")}.`);
  const hidden = outcomes.length - shown.length;
  if (hidden) {
    const rest = total - shown.reduce((sum, [, count]) => sum + count, 0);
    byId("more").textContent =
      `These are the ${SHOWN_OUTCOMES} most frequent outcomes; ` +
      `${number(hidden)} more share the other ${plural(rest, "shot")}.`;
  }
}

function bar(key, count, total, most) {
  const row = element("li", "");
  const length = element("div", "bar");
  length.style.width = `${(100 * count) / most}%`;
  const share = (100 * count) / total;
  const shareText = share < 0.05 ? "< 0.1 %" : `${share.toFixed(1)} %`;
  row.append(element("span", "key", key), length);
  row.append(element("span", "count", number(count)), element("span", "share", shareText));
  return row;
}

const number = (value) => value.toLocaleString("en");
const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

function showFailure({ message, errors }) {
  say(message, true);
  for (const { snippet, hint } of errors) {
    if (snippet) byId("problems").append(element("pre", "snippet", snippet));
    if (hint) byId("problems").append(element("p", "hint", `Hint: ${hint}`));
  }
  const [first] = errors;
  if (first?.pointer === "/shots") {
    shots.setAttribute("aria-invalid", "true");
    shots.select();
  } else if (first?.line) {
    program.setAttribute("aria-invalid", "true");
    selectLine(first.line);
  }
  byId("answer").scrollIntoView({ block: "nearest" });
}

/** Selects a line of the program, counted from 1, and brings it into the editor's view. */
function selectLine(line) {
  const lines = program.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  program.focus({ preventScroll: true });
  program.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  const lineHeight = parseFloat(getComputedStyle(program).lineHeight);
  program.scrollTop = (line - 0.5) * lineHeight - program.clientHeight / 2;
}

// The same with curl

/** JSON in a quoted here-document: the shell changes nothing in it, whatever the program says. */
function showCurl(id = "TASK_ID") {
  const tasks = `${window.location.origin}/tasks`;
  byId("curl").textContent =
    `curl -s '${tasks}' -H 'Content-Type: application/json' --data @- <<'END'\n` +
    `${JSON.stringify(request())}\nEND\ncurl -s '${tasks}/${id}'`;
}

async function copyCurl() {
  getSelection().selectAllChildren(byId("curl"));
  // Over plain HTTP, other than on this very machine, browsers offer no clipboard.
  const copied = navigator.clipboard?.writeText(byId("curl").textContent) ?? Promise.reject();
  await copied.catch(() => document.execCommand("copy"));
  byId("copy").textContent = "Copied";
  setTimeout(() => (byId("copy").textContent = "Copy"), 2000);
}

// The editor

const drafts = new Map(); // an edited example, for whoever comes back to it
let opened;

async function openExample() {
  if (opened) drafts.set(opened, program.value);
  opened = undefined;
  const name = example.value;
  if (!drafts.has(name)) {
    const response = await fetch(`/static/examples/${name}.qasm`).catch(() => null);
    if (!response?.ok) return say("The example could not be loaded.", true);
    drafts.set(name, await response.text());
  }
  if (example.value !== name) return; // another one was chosen meanwhile
  opened = name;
  program.value = drafts.get(name);
  program.scrollTop = 0;
  program.removeAttribute("aria-invalid");
  showCurl();
}

// Tab indents only once something was typed or clicked, and not after Esc: who walks through the
// page by keyboard is never caught in the editor.
let tabIndents = false;
program.addEventListener("focus", () => (tabIndents = false));
for (const event of ["input", "click"]) {
  program.addEventListener(event, () => (tabIndents = true));
}
program.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tabIndents = false;
  if (event.key === "Tab" && !event.shiftKey && tabIndents) {
    event.preventDefault();
    document.execCommand("insertText", false, "  "); // deprecated; nothing else keeps undo
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit();
});
form.addEventListener("input", () => showCurl());
example.addEventListener("change", openExample);
byId("copy").addEventListener("click", copyCurl);
openExample();
