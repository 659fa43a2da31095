// The page of one task.

import { CircuitView } from "./circuit.js";
import { duration, element, number, ResultView } from "./result.js";
import { ask, cancel, Failure, fetched, isFinal, task, validate } from "./service.js";
import { packed } from "./share.js";

const byId = (id) => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split("/").pop());
const path = `/v1/tasks/${encodeURIComponent(id)}`;
const result = new ResultView(byId("result"));
const circuit = new CircuitView(byId("circuit"));
const leaving = new AbortController();

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

const time = (text) =>
  text && new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "medium" });

async function draw(record) {
  const qc = await (await fetched(`${path}/circuit?format=source`)).text();
  byId("program").textContent = qc;
  const { parameters } = record.request;
  const found = await validate({ qc, ...(parameters && { parameters }) }, leaving.signal);
  if (found.circuit) circuit.show(found.circuit);
  else circuit.clear("There is no drawing of this circuit.");
  byId("open").href = `/${await packed({ qc })}`;
}

byId("id").textContent = id;
byId("cancel").addEventListener("click", () => attempt(() => cancel(id)));
byId("again").addEventListener("click", () =>
  attempt(async () => {
    const again = await ask(`${path}/rerun`, { method: "POST" });
    location.assign(`/ui/tasks/${again.id}`);
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
