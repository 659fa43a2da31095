// The page of one task.

import { CircuitView } from "./circuit.js";
import { duration, element, number, operator, ResultView } from "./result.js";
import { ask, cancel, Failure, fetched, isFinal, task, validate } from "./service.js";
import { packed } from "./share.js";

const byId = (id) => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split("/").pop());
const path = `/v1/tasks/${encodeURIComponent(id)}`;
const result = new ResultView(byId("result"));
const circuit = new CircuitView(byId("circuit"), { onpick: showLine });
const leaving = new AbortController();

/** Selects a line of the program. */
function showLine(line) {
  const text = byId("program").firstChild;
  const lines = text.data.split("\n");
  const begin = lines.slice(0, line - 1).join("\n").length + (line > 1);
  getSelection().setBaseAndExtent(text, begin, text, begin + lines[line - 1].length);
  byId("program").focus();
}

/** Does something; says why it failed, if it did. */
async function attempt(work) {
  try {
    await work();
  } catch (failure) {
    if (leaving.signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    byId("note").textContent = failure.message;
  }
}

function show(record) {
  document.title = `${record.name ?? "Task"}: ${record.status} · quantum-tasks`;
  byId("cancel").hidden = isFinal(record);
  const { request, usage, queue } = record;
  const tags = Object.entries(record.tags).map(([key, value]) => `${key}=${value}`);
  const facts = {
    Name: record.name,
    Tags: tags.join(", "),
    Shots: request.shots === undefined ? "" : number(request.shots),
    Method: record.stats?.method.replaceAll("_", " "),
    Engine: record.engine,
    Seed: record.seed,
    Submitted: time(record.created_at),
    Started: time(record.started_at),
    Ended: time(record.ended_at),
    "Kept until": time(record.expires_at),
    "In the queue": queue && `place ${number(queue.position)}`,
    Simulated: usage?.simulate_ms != null && duration(usage.simulate_ms),
  };
  const shown = Object.entries(facts).filter(([, value]) => value || value === 0);
  byId("facts").replaceChildren(
    ...shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]),
  );
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
    ...Object.fromEntries(set.map(([key, value]) => [key, String(value)])),
    ...(texts.length && { inputs: Object.fromEntries(texts) }),
  };
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const time = (text) =>
  text && new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "medium" });

async function draw(record) {
  const qc = await (await fetched(`${path}/circuit?format=source`)).text();
  byId("program").textContent = qc;
  const { parameters } = record.request;
  const found = await validate({ qc, ...(parameters && { parameters }) }, leaving.signal);
  if (found.circuit) circuit.show(found.circuit);
  else circuit.clear("There is no drawing of this circuit.");
  byId("open").href = `/${await packed({ qc, ...asFields(record) })}`;
}

byId("id").textContent = id;
byId("cancel").addEventListener("click", () => attempt(() => cancel(id)));
byId("again").addEventListener("click", () =>
  attempt(async () => {
    byId("again").disabled = true; // one click, one task
    try {
      location.assign(`/ui/tasks/${(await ask(`${path}/rerun`, { method: "POST" })).id}`);
    } catch (failure) {
      byId("again").disabled = false;
      throw failure;
    }
  }),
);
byId("save").addEventListener("click", () =>
  attempt(async () => {
    const link = element("a", { download: `${id}.svg` });
    link.href = URL.createObjectURL(await fetched(`${path}/circuit.svg`).then((svg) => svg.blob()));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }),
);
addEventListener("pagehide", () => leaving.abort());
try {
  const record = await task(id, leaving.signal);
  byId("actions").hidden = false;
  show(record);
  attempt(() => draw(record));
  show(await result.show(record, leaving.signal));
} catch (failure) {
  if (!leaving.signal.aborted) {
    if (!(failure instanceof Failure)) throw failure;
    result.fail(failure, "The task cannot be shown");
  }
}
result.busy = false;
