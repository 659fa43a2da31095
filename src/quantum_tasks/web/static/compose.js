// The page on which programs are written, looked at and run.

import { choose, chosen, FieldError, request, showChosen, showInputs } from "./options.js";
import { element, estimated, problem, ResultView } from "./result.js";
import { cancel, Failure, isFinal, submit, validate } from "./service.js";
import { PlainEditor, upgrade } from "./editor.js";
import { keep, kept, packed, unpacked } from "./share.js";

const EXAMPLES = {
  bell: ["Bell pair"],
  ghz: ["GHZ state of 20 qubits"],
  teleportation: ["Teleportation, with feed-forward"],
  qft: ["Quantum Fourier transform"],
  grover: ["Grover's search"],
  "phase-estimation": ["Phase estimation"],
  sweep: ["Sweep over an angle", { inputs: { theta: "0 : 2*pi : 21" } }],
  noise: ["Noise", { p1: "0.002", p2: "0.02", readout: "0.03" }],
  observables: ["Expectation values", { shots: "0", observables: "ZZ; XX; ZI" }],
  "surface-code": ["Surface code of 17 qubits", { p1: "0.001", p2: "0.005", readout: "0.01" }],
  "repeat-until-success": ["Repeat until success"],
  mistake: ["A program with a mistake"],
};
const ANGLES = new Set(["rx", "ry", "rz", "p"]);
const DECLARED = /(?<=^|[;}])\s*(?:qubit(\s*\[[^\]]*\])?\s+|qreg\s+)([\p{L}_][\p{L}\p{N}_]*)\s*(\[)?/gmu;
const QUBITS = { cx: 2, cz: 2, swap: 2, ccx: 3 };
const TYPED_MS = 150; // after the last key, a program is looked at

const byId = (id) => document.getElementById(id);
const [form, example, facts, problems] = ["form", "example", "facts", "problems"].map(byId);
const textarea = byId("program");
const bell = textarea.value;
const result = new ResultView(byId("result"));
let circuit = null; // the drawing, once its module is there
let editor = new PlainEditor(textarea, { onchange: changed, oncursor });

// Looking at a program while it is typed

let typed; // the timer
let looking = new AbortController();
let restoring = false; // whether a program is shown that nobody edited
let resumes = 0; // when the service wants to be asked again
let latest = { problems: [] }; // what was found

function changed({ edited = !restoring } = {}) {
  if (edited) example.value = "";
  showInputs(editor.text);
  showChosen();
  if (edited) keep({ qc: editor.text, ...chosen() });
  clearTimeout(typed);
  typed = setTimeout(look, Math.max(TYPED_MS, resumes - Date.now()));
}

async function look() {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  try {
    const body = request(editor.text);
    showCurl(body);
    showFound(await validate(body, signal));
  } catch (failure) {
    if (signal.aborted) return;
    circuit?.stale(true);
    if (failure instanceof FieldError) return showFieldError(failure);
    if (!(failure instanceof Failure)) throw failure;
    facts.textContent = failure.message;
    if (!failure.passes) return;
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

function showFieldError({ field, message }) {
  const input = typeof field === "string" ? byId(field) : field;
  input.setAttribute("aria-invalid", "true");
  problems.replaceChildren(element("div", { className: "problem error" }, element("p", {}, message)));
  return input;
}

function oncursor(line) {
  circuit?.mark(line);
}

// Running it

let running = new AbortController();
let current = null; // the id of the task that is awaited
let submitted = null; // what was run last

async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  let body;
  try {
    body = request(editor.text);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    byId("options").open ||= typeof error.field === "string";
    return showFieldError(error).focus();
  }
  byId("result").querySelector(".placeholder")?.remove();
  result.clear("Submitting …");
  result.busy = true;
  byId("result").scrollIntoView({ block: "nearest" });
  try {
    const record = await submit(body, signal, (sentence) => result.say("queued", sentence));
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

for (const [name, [title]] of Object.entries(EXAMPLES)) {
  example.append(element("option", { value: name }, title));
}

async function open(name) {
  if (!name) return restore(kept());
  const response = await fetch(new URL(`./examples/${name}.qasm`, import.meta.url)).catch(() => null);
  if (!response?.ok) return say("The example could not be loaded.");
  const qc = await response.text();
  if (example.value === name) restore({ qc, ...EXAMPLES[name][1] }, name);
}

/** Shows a program with its options; without one, the first example. */
function restore(draft, name = draft ? "" : "bell") {
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

/** A statement with qubits that the program has. */
function statement(gate) {
  const declared = [...editor.text.matchAll(DECLARED)];
  const qubits = declared.flatMap(([, sized, name, old]) =>
    sized || old ? [0, 1, 2].map((n) => `${name}[${n}]`) : name,
  );
  const [, , name = "q", old] = declared[0] ?? [];
  if (gate === "measure") return old ? `measure ${name} -> c;` : `c = measure ${name};`;
  if (gate === "barrier") return `barrier ${name};`;
  const on = qubits.concat("q[0]", "q[1]", "q[2]").slice(0, QUBITS[gate] ?? 1);
  return `${gate}${ANGLES.has(gate) ? "(pi/2)" : ""} ${on.join(", ")};`;
}

for (const button of byId("palette").children) {
  const gate = button.textContent;
  button.addEventListener("click", () => (editor.insert(statement(gate)), editor.focus()));
}

// What people do

form.addEventListener("submit", (event) => (event.preventDefault(), run()));
form.addEventListener("input", ({ target }) => {
  if (target === textarea || target.closest(".cm-editor")) return;
  target.removeAttribute("aria-invalid");
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
  run();
});
addEventListener("hashchange", async () => {
  const found = await shared();
  if (found) restore(found);
});
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", async (event) => {
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  restore({ qc: await file.text() });
  keep({ qc: editor.text, ...chosen() });
});

const first = (await shared()) ?? kept();
if (first) textarea.value = first.qc;
restore(first);
const { CircuitView } = await import("./circuit.js");
circuit = new CircuitView(byId("circuit"), {
  onpick: (line, column) => editor.goTo(line, column),
  onhover: (lines) => editor.markLines(lines),
});
draw();
const nonce = document.querySelector("meta[name=style-nonce]")?.content ?? "";
editor = await upgrade(textarea, { nonce, onchange: changed, oncursor });
editor.show(latest.problems);
