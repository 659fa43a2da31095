// The page on which programs are written, looked at and run.

import { choose, chosen, FieldError, request, showChosen, showInputs } from "./options.js";
import { element, estimated, problem, ResultView } from "./result.js";
import { cancel, Failure, isFinal, submit, validate } from "./service.js";
import { PlainEditor, upgrade } from "./editor.js";
import { keep, kept, packed, unpacked } from "./share.js";

const MOST_BYTES = 1_000_000; // of a file
const TYPED_MS = 150; // after the last key, a program is looked at

const byId = (id) => document.getElementById(id);
const [form, example, facts, problems] = ["form", "example", "facts", "problems"].map(byId);
const textarea = byId("program");
const [bell, result] = [textarea.value, new ResultView(byId("result"))];
let circuit = null; // the drawing, once its module is there
const oncursor = (line) => circuit?.mark(line);
let editor = new PlainEditor(textarea, { onchange: changed, oncursor });

// Looking at a program while it is typed

let typed; // the timer
let looking = new AbortController();
let isDraft = false; // whether it is the draft that is kept
let restoring = false; // whether a program is shown that nobody edited
let resumes = 0; // when the service wants to be asked again
let latest = { problems: [] }; // what was found

function changed({ edited = !restoring } = {}) {
  if (edited) example.value = "";
  showInputs(editor.text);
  showChosen();
  if (edited) {
    if (location.hash) history.replaceState(null, "", location.pathname); // it is another program now
    keep({ qc: editor.text, ...chosen() }, !isDraft);
    isDraft = true;
    offerBefore();
  }
  clearTimeout(typed);
  typed = setTimeout(look, Math.max(TYPED_MS, resumes - Date.now()));
}

async function look() {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  for (const field of form.querySelectorAll("input[aria-invalid]")) unmark(field);
  try {
    const body = request(editor.text);
    showCurl(body);
    showFound(await validate(body, signal));
  } catch (failure) {
    if (signal.aborted) return;
    circuit?.stale(true);
    if (failure instanceof FieldError) return showFieldError(failure);
    if (!(failure instanceof Failure)) throw failure;
    if (!failure.passes) return showRefusal(failure);
    facts.textContent = failure.message;
    resumes = Date.now() + Math.max(1, failure.retryAfterS) * 1000;
    typed = setTimeout(look, resumes - Date.now());
  }
}

function showFound({ diagnostics, warnings, estimate, circuit: found }) {
  const all = [
    ...diagnostics.map((one) => ({ ...one, severity: "error" })),
    ...warnings.map((one) => ({ ...one, severity: "warning" })),
  ];
  latest = { problems: all.filter(({ line }) => line), circuit: found };
  editor.show(latest.problems);
  problems.replaceChildren(...all.map(listed));
  facts.textContent = estimate ? estimated(estimate) : "";
  draw();
}

function draw() {
  if (latest.circuit) circuit?.show(latest.circuit);
  circuit?.stale(!latest.circuit);
}

function listed({ severity, line, column, message, hint, snippet }) {
  const at = line ? ` (line ${line}, column ${column})` : "";
  const errors = [{ hint, snippet: severity === "error" && !line ? snippet : undefined }];
  const parts = problem({ message: message.replace(at, ""), errors });
  if (line) {
    const go = element("button", { type: "button", className: "place" }, `Line ${line}`);
    go.addEventListener("click", () => editor.goTo(line, column ?? 1));
    parts[0].prepend(go, " ");
  }
  return element("div", { className: `problem ${severity}` }, ...parts);
}

/** Shows what is wrong with a request as a whole, at its field if there is one. */
function showRefusal({ message, errors }) {
  const [, name] = /^\/(\w+)/.exec(errors[0]?.pointer ?? "") ?? [];
  showFieldError({ field: name && name !== "qc" ? byId(name) : null, message });
}

function showFieldError({ field, message }) {
  const input = typeof field === "string" ? byId(field) : field;
  input?.setAttribute("aria-invalid", "true");
  input?.setAttribute("aria-describedby", "problems");
  facts.textContent = "";
  editor.show([]);
  problems.replaceChildren(element("div", { className: "problem error" }, element("p", {}, message)));
  return input;
}

function unmark(field) {
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}

// Running it

let running = new AbortController();
let submitting = false; // a task of which nobody knows the id yet
let current = null; // the id of the task that is awaited
let submitted = null; // what was run last

async function run() {
  if (submitting) return;
  let body;
  try {
    body = request(editor.text);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    byId("options").open ||= typeof error.field === "string";
    return showFieldError(error).focus();
  }
  running.abort();
  running = new AbortController();
  const { signal } = running;
  current = null;
  byId("cancel").hidden = true;
  byId("result").querySelector(".placeholder")?.remove();
  result.clear("Submitting …");
  result.busy = true;
  byId("result").scrollIntoView({ block: "nearest" });
  try {
    submitting = true;
    const told = (sentence) => result.say("queued", sentence);
    const record = await submit(body, signal, told).finally(() => (submitting = false));
    current = record.id;
    byId("cancel").hidden = isFinal(record);
    submitted = { body: JSON.stringify(body), id: record.id };
    showCurl(body);
    await result.show(record, signal);
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    result.fail(failure, current ? "Failed" : "Not accepted");
    const place = failure.errors.find(({ line }) => line);
    if (place) editor.goTo(place.line, place.column ?? 1);
  } finally {
    if (!signal.aborted) {
      current = null;
      result.busy = false;
      byId("cancel").hidden = true;
    }
  }
}

async function stop() {
  try {
    if (current) await cancel(current);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    say(failure.message);
  }
}

// Examples, drafts, and programs that others share

async function open(name) {
  if (!name) return restore(kept(), "", true);
  if (name === "before") return restore(kept(true), name);
  const response = await fetch(new URL(`./examples/${name}.qasm`, import.meta.url)).catch(() => null);
  if (!response?.ok) return say("The example could not be loaded.");
  const qc = await response.text();
  if (example.value !== name) return; // another one was chosen meanwhile
  restore({ qc, ...JSON.parse(example.selectedOptions[0].dataset.options ?? "{}") }, name);
}

/** Offers the draft that gave way to this one. */
function offerBefore() {
  if (!kept(true) || example.querySelector("[value=before]")) return;
  example.options[0].after(element("option", { value: "before" }, "Yours, before that"));
}

/** Shows a program with its options; without one, the first example. */
function restore(draft, name = draft ? "" : "bell", isKept = false) {
  isDraft = isKept && draft !== null;
  const { qc = bell, ...options } = draft ?? {};
  restoring = true;
  editor.text = qc;
  restoring = false;
  choose(options, qc);
  example.value = name;
  changed({ edited: false });
}

/** Puts program and options into the part of the address that no server sees. */
async function share() {
  history.replaceState(null, "", await packed({ qc: editor.text, ...chosen() }));
  const copied = await copy(location.href);
  say(copied ? "The address of this program is copied." : "The address bar has this program now.");
}

async function shared() {
  if (!location.hash) return null;
  const found = await unpacked(location.hash);
  if (!found) say("The address has a program that cannot be read.");
  return found;
}

/** Opens a file that was dropped anywhere on the page. */
async function drop(event) {
  const [file] = event.dataTransfer.files;
  if (!file) return; // text that is moved about
  event.preventDefault();
  event.stopPropagation();
  const text = file.size > MOST_BYTES ? "\0" : await file.text().catch(() => "\0");
  if (text.includes("\0")) return say(`${file.name} is no program.`);
  restore({ qc: text });
  changed({ edited: true });
}

const say = (sentence) => (byId("note").textContent = sentence);

/** Over plain HTTP, other than on this very machine, browsers offer no clipboard. */
const copy = async (text) =>
  (await navigator.clipboard?.writeText(text).then(() => true, () => false)) ?? false;

// The same with curl

/** JSON in a quoted here-document: the shell changes nothing in it, whatever the program says. */
function showCurl(body) {
  const text = JSON.stringify(body);
  const id = text === submitted?.body ? submitted.id : "TASK_ID";
  const tasks = `${location.origin}/v1/tasks`;
  byId("curl").textContent =
    `curl -s '${tasks}' -H 'Content-Type: application/json' -H 'Prefer: wait=20' --data @- <<'END'\n` +
    `${text}\nEND\ncurl -s '${tasks}/${id}/result'`;
}

async function copyCurl() {
  getSelection().selectAllChildren(byId("curl"));
  if (!(await copy(byId("curl").textContent))) document.execCommand("copy");
  byId("copy").textContent = "Copied";
  setTimeout(() => (byId("copy").textContent = "Copy"), 2000);
}

// The palette

for (const button of byId("palette").children) {
  button.addEventListener("click", async () => {
    const { statement } = await import("./palette.js");
    editor.insert(statement(button.textContent, editor.text));
    editor.focus();
  });
}

// What people do

form.addEventListener("submit", (event) => (event.preventDefault(), run()));
form.addEventListener("input", ({ target }) => {
  if (target === textarea || target.closest(".cm-editor")) return;
  if (target !== example) changed();
});
example.addEventListener("change", () => open(example.value));
byId("run").addEventListener("click", (event) => {
  if (event.detail > 1) event.preventDefault(); // a double click is one run
});
byId("share").addEventListener("click", share);
byId("cancel").addEventListener("click", stop);
byId("copy").addEventListener("click", copyCurl);
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (!event.repeat) run();
});
addEventListener("hashchange", async () => restoreFirst(await shared()));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", drop, { capture: true }); // before the editor takes it

const restoreFirst = (found) => restore(found ?? kept(), undefined, !found);
const first = await shared();
textarea.value = (first ?? kept())?.qc ?? bell;
restoreFirst(first);
offerBefore();
const { CircuitView } = await import("./circuit.js");
circuit = new CircuitView(byId("circuit"), {
  onpick: (line, column) => editor.goTo(line, column),
  onhover: (lines) => editor.markLines(lines),
});
draw();
const nonce = document.querySelector("meta[name=style-nonce]").content;
editor = await upgrade(textarea, { nonce, onchange: changed, oncursor });
editor.show(latest.problems);
