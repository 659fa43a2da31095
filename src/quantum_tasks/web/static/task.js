// The page of one task.

import { beside, Deletion, facts, Naming, SMALL, title, verify } from "./actions.js";
import { asText, attempted, byId, duration, element, Failure, number, validate } from "./answers.js";
import { CircuitView } from "./circuit.js";
import { copied, curl, download, python, qiskit } from "./copies.js";
import { operator } from "./histogram.js";
import { Listing } from "./listing.js";
import { loaded, Outcomes } from "./outcomes.js";
import { ResultView } from "./result.js";
import { cancel, isFinal, knownTask, submit } from "./service.js";
import { packed } from "./share.js";

const id = decodeURIComponent(location.pathname.split("/").pop());
const path = `/v1/tasks/${encodeURIComponent(id)}`;
const leaving = new AbortController();
const { signal } = leaving;
const listing = new Listing(byId("program"), byId("problems"));
const circuit = new CircuitView(byId("circuit"), { onpick: (line) => listing.go(line) });
const onrecord = (change) => show(change.request ? change : { ...known, ...following(change) });
const result = new ResultView(byId("result"), { onrecord, oncomplete: complete });
let known; // the task, as it was heard of last
let outcomes = null;
let naming = null;

const say = (...parts) => byId("note").replaceChildren(...parts);

const attempt = (work) => attempted(work, ({ message }) => say(message), signal);

const time = (text) =>
  text && new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "medium" });

function show(record) {
  known = record;
  const shown = facts(record, { time, duration, number });
  byId("facts").replaceChildren(
    ...shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]),
  );
  showStatus(record);
}

/** What an event says of the task. */
const following = ({ status, at }) => ({
  ...(status === "queued" ? { status } : { status, queue: null }),
  ...(status === "running" && { started_at: at }),
});

/** What can be done to a task depends on its status. */
function showStatus({ status }) {
  document.title = title({ ...known, status });
  const { shots, noise } = known.request;
  const done = status === "completed";
  byId("cancel").hidden = isFinal({ status });
  byId("delete").hidden = !isFinal({ status });
  byId("beside").hidden = byId("downloads").hidden = !done;
  byId("exact").hidden = !(shots > 0 && known.stats?.qubits <= SMALL);
  byId("ideal").hidden = !noise;
  byId("csv").hidden = !shots && Boolean(known.request.observables?.length);
  byId("svg").hidden = !shots;
}

function complete(record, found, host) {
  outcomes = new Outcomes(record, found, host);
}

/** The fields of the composer for the options of a task; not those of a sweep's inputs. */
function asFields({ name, tags, request }) {
  const { shots, seed, method, precision, noise, observables = [], parameters } = request;
  const { p1, p2 } = noise?.depolarizing ?? {};
  const sums = observables.map(operator);
  const fields = {
    ...{ shots, seed, p1, p2, name, readout: noise?.readout, observables: sums.join("; ") },
    method: method === "automatic" ? "" : method,
    precision: precision === "automatic" ? "" : precision,
    tags: Object.entries(tags).map((pair) => pair.join("=")).join(", "),
  };
  const set = Object.entries(fields).filter(([, value]) => value || value === 0);
  const inputs = Array.isArray(parameters) ? null : parameters;
  const texts = Object.entries(inputs ?? {}).map(([key, value]) => [key, asText(value)]);
  return {
    ...Object.fromEntries(set.map(([key, value]) => [key, asText(value)])),
    ...(texts.length && { inputs: Object.fromEntries(texts) }),
  };
}

async function draw(record) {
  const { qc, parameters } = record.request;
  listing.show(qc, marks(record));
  byId("open").href = `/${await packed({ qc, ...asFields(record) })}`;
  const found = await validate({ qc, ...(parameters && { parameters }) }, signal);
  if (found.circuit) circuit.show(found.circuit);
  else circuit.clear("There is no drawing of this circuit.");
}

/** What is to be marked in the program. */
const marks = ({ error, warnings = [] }) => [
  ...(error?.line ? [{ ...error, severity: "error" }] : []),
  ...warnings.map((one) => ({ ...one, severity: "warning" })),
];

/** Lets a button do something that takes a while, once at a time. */
function onclick(name, work) {
  const button = byId(name);
  button.addEventListener("click", async () => {
    if (button.ariaDisabled === "true") return; // one click, one task
    button.ariaDisabled = "true";
    try {
      await attempt(() => work(button));
    } finally {
      button.ariaDisabled = "false";
    }
  });
}

/** Another tab may be where it was copied to: the clipboard, or at least what is selected. */
async function copy(text) {
  byId("copied").textContent = text;
  byId("copied").hidden = false;
  const done = await copied(text);
  if (!done) getSelection().selectAllChildren(byId("copied"));
  byId("copynote").textContent = done ? "It is copied." : "It is selected: copy it.";
}

byId("id").textContent = id;
onclick("cancel", () => cancel(id));
onclick("again", async () => {
  location.assign(`/ui/tasks/${(await submit(undefined, signal, say, `${path}/rerun`)).id}`);
});
onclick("verify", async () => say(...(await verify(known, signal, say))));
for (const which of ["exact", "ideal"]) {
  onclick(which, async () => {
    const { asOther, found, said } = await beside(known, which, loaded(known), signal, say);
    if (found) await outcomes.compare(asOther, found);
    say(...said);
  });
}
for (const kind of ["json", "csv", "svg", "drawing"]) {
  onclick(kind, () => download(known, kind, outcomes?.place ?? 0));
}
for (const [name, made] of Object.entries({ curl, python, qiskit })) {
  byId(name).addEventListener("click", () => copy(made(known)));
}
const deletion = () =>
  new Deletion(byId("undo"), known, {
    ondeleted() {
      byId("all").replaceChildren(
        element("section", { className: "pane wide", ariaLabel: "Result" }, element("p", { role: "status" }, "This task is deleted.")),
      );
      document.title = "Deleted · quantum-tasks";
    },
    onfailed: (failure) => say(failure.message),
  });
let deleting = null;
byId("delete").addEventListener("click", () => (deleting ??= deletion()).start(byId("delete")));
addEventListener("pagehide", () => leaving.abort());
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
try {
  const record = await knownTask(id, signal, (sentence) => result.say("away", sentence));
  byId("actions").hidden = byId("same").hidden = byId("about").hidden = false;
  show(record);
  naming = new Naming(byId("naming"), record, (changed) => show({ ...changed, queue: known.queue }));
  attempt(() => draw(record));
  result.most = loaded(record);
  const ended = await result.show(record, signal);
  if (ended.error?.line) listing.show(ended.request.qc, marks(ended));
} catch (failure) {
  if (!signal.aborted) {
    if (!(failure instanceof Failure)) throw failure;
    result.fail(failure, "The task cannot be shown");
  }
}
result.busy = false;
