// The page on which programs are written, looked at and run. What only some visitors need is loaded
// when they do: options, addresses, the palette, and all that is there after Run.

import { attempted, byId, calledOf, element, estimated, Failure, listed, validate } from "./answers.js";
import { CircuitView } from "./circuit.js";
import { PlainEditor, upgrade } from "./editor.js";

const TYPED_MS = 150; // after the last key, a program is looked at

const IDS = ["form", "program", "example", "facts", "problems", "same"];
const [form, textarea, example, facts, problems, same] = IDS.map(byId);
const bell = textarea.value;
const goTo = (line, column) => editor.goTo(line, column);
const circuit = new CircuitView(byId("circuit"), { onpick: goTo, onhover: (lines) => editor.markLines(lines) });
const oncursor = (line) => circuit.mark(line);
let editor = new PlainEditor(textarea, { onchange: changed, oncursor });

/** A module that is needed only now. Later it is there without a wait. */
async function part(name) {
  try {
    return (parts[name] ??= await import(`./${name}.js`));
  } catch {
    throw new Failure("A file of this page cannot be loaded. Is the service running?", { passes: true });
  }
}
const parts = {};
/** Loads what whoever does anything will need soon. */
const prepare = () => ["options", "running"].forEach((name) => part(name).catch(() => {}));

const say = (sentence) => (byId("note").textContent = sentence);
const attempt = (work) => attempted(work, ({ message }) => say(message));

// Options, and a field for each input

const FIELDS = ["shots", "seed", "method", "precision", "p1", "p2", "readout", "observables", "name", "tags"];
const INPUT = /(?<=^|[;}])\s*input\s+([a-z]+)\s*(\[[^;]*\])?\s*([\p{L}_][\p{L}\p{N}_]*)\s*;/gmu;
const FIRST = { angle: "pi/4", float: "0.5", bool: "true", bit: "0", duration: "100ns" };
const stood = new Map(); // what was in the fields of inputs, by their names

const inputFields = () => [...byId("inputs").querySelectorAll("input")];
const inputValues = () => Object.fromEntries(inputFields().map((field) => [field.dataset.input, field.value]));
const filled = () => FIELDS.map(byId).filter(({ value }) => value);

/** Makes a field for each input of the program; those that stay keep their values. */
function showInputs(values = {}) {
  const group = byId("inputs");
  for (const [name, value] of Object.entries({ ...inputValues(), ...values })) stood.set(name, value);
  const code = editor.text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");
  const wanted = [...code.matchAll(INPUT)];
  const now = wanted.map(([, type, size, name]) => `${type}${size} ${name}`).join();
  if (group.dataset.shown === now && group.childElementCount === wanted.length) return;
  group.dataset.shown = now;
  group.replaceChildren(
    ...wanted.map(([, type, size, name]) => {
      const first = size && type === "bit" ? "0".repeat(parseInt(size.slice(1)) || 1) : FIRST[type];
      const field = element("input", { value: stood.get(name) ?? first ?? "0", spellcheck: false });
      Object.assign(field.dataset, { input: name, type });
      field.title = "a value, or a range for one task of many runs: from : to : how many";
      return element("label", {}, `${name} `, field);
    }),
  );
  group.hidden = !wanted.length;
}

/** What was chosen, without what is usual. */
function chosen() {
  const found = Object.fromEntries(filled().map(({ id, value }) => [id, value]));
  return inputFields().length ? { ...found, inputs: inputValues() } : found;
}

/** Says what was chosen beside the word Options, which may be closed. */
const showChosen = () =>
  (byId("chosen").textContent = filled().map((field) => `${calledOf(field)} ${field.value}`).join(" · "));

/** The request of a task: the program with its options. A FieldError has a `field`. */
async function request() {
  if (!filled().length && !inputFields().length) return { qc: editor.text };
  return (await part("options")).request(editor.text);
}

// Looking at a program while it is typed

let [typed, looking] = [0, new AbortController()]; // the timer, and what ends the present look
let isDraft = false; // whether it is the draft that is kept
let restoring = false; // whether a program is shown that nobody edited
let resumes = 0; // when the service wants to be asked again
let latest = []; // the problems that were found

function changed({ edited = !restoring } = {}) {
  if (edited) example.value = "";
  showInputs();
  showChosen();
  if (edited) {
    if (location.hash) history.replaceState(null, "", location.pathname); // it is another program now
    keep({ qc: editor.text, ...chosen() }, !isDraft);
    if (!isDraft) offerBefore();
    isDraft = true;
  }
  clearTimeout(typed);
  typed = setTimeout(look, Math.max(edited ? TYPED_MS : 0, resumes - Date.now()));
}

async function look() {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  for (const field of form.querySelectorAll("input[aria-invalid]")) {
    for (const name of ["aria-invalid", "aria-describedby"]) field.removeAttribute(name);
  }
  try {
    const body = await request();
    showCommand(body);
    showFound(await validate(body, signal));
  } catch (failure) {
    if (signal.aborted) return;
    circuit.stale(true);
    if (!failure.field && !(failure instanceof Failure)) throw failure;
    if (!failure.passes) return showFieldError(failure);
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
  editor.show((latest = all.filter(({ line }) => line)));
  problems.replaceChildren(...all.map((one) => listed(one, goTo)));
  facts.textContent = estimate ? estimated(estimate) : "";
  if (found) circuit.show(found);
  circuit.stale(!found);
}

/** Shows what is wrong with a request as a whole, at its field if there is one. */
function showFieldError({ field, message, errors = [] }) {
  const name = field ?? /^\/(?!qc\b)(\w+)/.exec(errors[0]?.pointer ?? "")?.[1] ?? "";
  const input = typeof name === "string" ? byId(name) : name;
  input?.setAttribute("aria-invalid", "true");
  input?.setAttribute("aria-describedby", "problems");
  facts.textContent = "";
  editor.show([]);
  problems.replaceChildren(element("div", { className: "problem error" }, element("p", {}, message)));
  return input;
}

// Running it, and the same with curl

async function run() {
  const region = byId("result");
  const before = region.ariaBusy;
  region.ariaBusy = "true";
  try {
    const body = await request();
    const onsubmitted = ({ id }) => showCommand(body, (submitted = { text: JSON.stringify(body), id }));
    const { run } = await part("running");
    await run(body, { onsubmitted, onplace: ({ line, column }) => goTo(line, column ?? 1) });
  } catch (error) {
    region.ariaBusy = before;
    if (!error.field) throw error;
    byId("options").open ||= typeof error.field === "string";
    showFieldError(error).focus();
  }
}

let [submitted, shown] = [null, { qc: "" }]; // what was run last, and what the command is of
async function showCommand(body = shown) {
  shown = body;
  if (!same.open) return;
  const { command } = await part("copies"); // of two calls, the second may come here first
  const id = JSON.stringify(shown) === submitted?.text ? submitted.id : undefined;
  byId("curl").textContent = command(shown, id);
}

// Examples, drafts, and programs from elsewhere

const DRAFT = "quantum-tasks draft";
/** Keeps a draft, and the one before if this is another; unless this browser keeps nothing. */
function keep(found, isAnother) {
  try {
    const before = localStorage.getItem(DRAFT);
    if (isAnother && before) localStorage.setItem(`${DRAFT} before`, before);
    localStorage.setItem(DRAFT, JSON.stringify(found));
  } catch {} // then it is gone with the page
}

/** The draft, or the one before, or null. */
function kept(before = false) {
  try {
    const found = JSON.parse(localStorage.getItem(before ? `${DRAFT} before` : DRAFT));
    return typeof found?.qc === "string" ? found : null;
  } catch {
    return null;
  }
}

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
  const { qc = bell, inputs, ...options } = draft ?? {};
  restoring = true;
  editor.text = qc;
  restoring = false;
  for (const id of FIELDS) byId(id).value = options[id] ?? "";
  stood.clear();
  byId("inputs").replaceChildren();
  showInputs(inputs);
  example.value = name;
  changed({ edited: false });
}

/** Puts program and options into the part of the address that no server sees. */
async function share() {
  const [{ packed }, { copied }] = await Promise.all([part("share"), part("copies")]);
  history.replaceState(null, "", await packed({ qc: editor.text, ...chosen() }));
  const done = await copied(location.href);
  say(done ? "The address of this program is copied." : "The address bar has this program now.");
}

/** Shows the program of the address; without one, the draft, or the first example. */
async function restoreFirst() {
  const found = location.hash && (await (await part("share")).unpacked(location.hash));
  if (location.hash && !found) say("The address has a program that cannot be read.");
  textarea.value = (found || kept())?.qc ?? bell;
  restore(found || kept(), undefined, !found);
}

/** Opens a file that was dropped anywhere on the page. */
async function drop(event) {
  const [file] = event.dataTransfer.files;
  if (!file) return; // text that is moved about
  event.preventDefault();
  event.stopPropagation();
  const qc = await (await part("share")).read(file);
  if (qc === null) return say(`${file.name} is no program.`);
  restore({ qc });
  changed({ edited: true });
}

// What people do

const onclick = (id, work) => byId(id).addEventListener("click", (event) => attempt(() => work(event)));
form.addEventListener("submit", (event) => (event.preventDefault(), attempt(run)));
form.addEventListener("input", ({ target }) => {
  if (target !== textarea && target !== example && !target.closest(".cm-editor")) changed();
});
example.addEventListener("change", () => open(example.value));
onclick("run", (event) => event.detail > 1 && event.preventDefault()); // a double click is one run
onclick("share", share);
onclick("cancel", async () => (await part("running")).cancel());
onclick("copy", async ({ target }) => (await part("copies")).copyAll(byId("curl"), target));
onclick("palette", async ({ target }) => {
  if (!target.closest("button")) return;
  editor.insert((await part("palette")).statement(target.textContent, editor.text));
  editor.focus();
});
same.addEventListener("toggle", () => attempt(showCommand));
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (!event.repeat) attempt(run);
});
addEventListener("hashchange", () => attempt(restoreFirst));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => attempt(() => drop(event)), { capture: true }); // before the editor takes it
for (const event of ["pointerdown", "keydown", "input"]) addEventListener(event, prepare, { once: true });

await attempt(restoreFirst);
offerBefore();
await new Promise((painted) => new PerformanceObserver(painted).observe({ type: "paint", buffered: true }));
const { content: nonce } = document.querySelector("meta[name=style-nonce]");
editor = await upgrade(textarea, { nonce, onchange: changed, oncursor });
editor.show(latest);
