// What became of a task, as people read it: its status, its problems, and what pages are made of.
// Text goes in as text only: keys, names and sentences are not ours.

import { Failure, follow, isFinal, result } from "./service.js";

const MOST_OUTCOMES = 32;

export const MARKS = { queued: "◌", running: "◐", completed: "●", failed: "✕", cancelled: "–", away: "↻" };

export const number = (value) => value.toLocaleString("en");
export const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
export const percent = (share) =>
  share > 0 && share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
export const duration = (ms) =>
  ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${number(Number((ms / 1000).toPrecision(3)))} s`;

/** A value of JSON; also a number that JavaScript has not, which is kept as it was written. */
export const asText = (value) => {
  if (typeof value === "string") return value;
  return value?.rawJSON ?? JSON.stringify(value);
};

/** An element with attributes or properties, and children that are elements or text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The region that shows one task, in its first element. `onrecord` gets what is heard of the task;
 *  `oncomplete`, what it brought, to be shown in another way than here: so many outcomes of it. */
export class ResultView {
  constructor(region, { onrecord = () => {}, oncomplete, most = MOST_OUTCOMES } = {}) {
    Object.assign(this, { region, onrecord, oncomplete, most });
    this.status = element("p", { className: "status" });
    this.said = element("p", { className: "hidden", ariaLive: "polite" });
    this.failure = element("div", { className: "problem error", role: "alert", hidden: true });
    this.link = element("p", { className: "quiet", hidden: true });
    this.body = element("div", { className: "outcomes" });
    region.firstElementChild.replaceChildren(this.status, this.said, this.failure, this.link, this.body);
    this.spoken = 0;
  }

  clear(sentence) {
    this.failure.hidden = this.link.hidden = true;
    this.body.replaceChildren();
    this.say("running", sentence);
  }

  set busy(busy) {
    this.region.ariaBusy = String(busy);
  }

  /** Says a status; aloud at most once a second, and never the same twice. */
  say(status, sentence, aloud = sentence) {
    this.status.dataset.status = status;
    const mark = element("span", { className: "mark", ariaHidden: "true" }, MARKS[status] ?? "");
    this.status.replaceChildren(mark, sentence);
    clearTimeout(this.later);
    this.later = setTimeout(
      () => {
        this.spoken = Date.now();
        if (this.said.textContent !== aloud) this.said.textContent = aloud;
      },
      Math.max(0, this.spoken + 1000 - Date.now()),
    );
  }

  /** Shows why something failed. */
  fail(failure, title = "Failed") {
    this.say("failed", `${title}.`);
    this.failure.replaceChildren(...problem(failure));
    this.failure.hidden = false;
  }

  /** Follows a task to its end, and shows what it brought. */
  async show(record, signal) {
    drawing().catch(() => {}); // it is asked for again when it is needed
    const path = `/ui/tasks/${encodeURIComponent(record.id)}`;
    this.link.replaceChildren("Task ", element("a", { href: path, className: "id" }, record.id));
    this.link.hidden = location.pathname === path;
    const told = (sentence) => this.say("away", sentence);
    const changed = (change) => {
      this.onrecord(change);
      if (STATES[change.status]) this.say(change.status, waiting(change), STATES[change.status]);
    };
    if (!isFinal(record)) {
      changed(record);
      record = await follow(record.id, signal, changed, told);
      this.onrecord(record);
    }
    if (record.status === "completed") {
      await this.complete(record, await result(record, this.most, signal, told));
    } else if (record.status === "failed") {
      this.fail(new Failure(record.error.message, { errors: [record.error] }));
    } else {
      this.say(record.status, "Cancelled.");
    }
    return record;
  }

  async complete(record, found) {
    const { usage, engine, seed } = record;
    const runs = found.items ?? [found];
    const shots = found.shots ? plural(found.shots, "shot") : "exact values";
    const of = found.items ? `${plural(runs.length, "run")}${found.shots ? " of" : ","} ` : "";
    this.say("completed", `Completed: ${of}${shots}.`);
    const parts = [
      usage?.simulate_ms != null && `simulated in ${duration(usage.simulate_ms)}`,
      engine && `by ${engine}`,
      found.shots > 0 && seed != null && `seed ${asText(seed)}`,
    ];
    this.body.append(element("p", { className: "quiet" }, parts.filter(Boolean).join(" · ")));
    if (this.oncomplete) return this.oncomplete(record, found, this.body);
    const { choice, outcomes } = await drawing();
    const shown = element("div", { className: "outcomes" });
    const { observables = [] } = record.request;
    const show = (run) => shown.replaceChildren(...outcomes(run, found.shots, observables));
    if (found.items) this.body.append(choice(found.items, show));
    this.body.append(shown);
    show(runs[0]);
  }
}

/** What draws results: it is loaded when there may be one. */
const drawing = () =>
  import("./histogram.js").catch(() => {
    throw new Failure("The files of this page could not be loaded. Load the page again.");
  });

const STATES = {
  queued: "Queued: it waits for its turn …",
  running: "Running …",
  cancelling: "Being cancelled …",
};

/** With the place in the queue, and when the task may start. */
function waiting({ status, queue }) {
  if (status !== "queued" || !queue) return STATES[status];
  const ms = queue.estimated_start_at ? Date.parse(queue.estimated_start_at) - Date.now() : NaN;
  const soon = ms > 1000 ? `in about ${duration(Math.round(ms / 1000) * 1000)}` : "in a moment";
  return `Queued: place ${number(queue.position)}${isNaN(ms) ? "" : `; it may start ${soon}`} …`;
}

/** What a program is, and what its run would take. */
export function estimated({ stats, time_class, estimated_ms: ms, large }) {
  const gates = Object.entries(stats.gates).filter(([name]) => name !== "measure");
  const count = gates.reduce((sum, [, times]) => sum + times, 0);
  const soon = time_class === "moments" ? "moments" : `about ${duration(ms)}`;
  return [
    plural(stats.qubits, "qubit"),
    `depth ${number(stats.depth)}`,
    plural(count, "gate"),
    memory(stats.memory_bytes),
    stats.method.replaceAll("_", " "),
    large ? `${soon}, large` : soon,
  ].join(" · ");
}

function memory(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < 3; unit++) bytes /= 1024;
  return `${number(Number(bytes.toPrecision(3)))} ${units[unit]}`;
}

/** A problem of a task, or of a request, with what may mend it. */
export function problem({ message, errors = [] }) {
  const made = [element("p", {}, message)];
  for (const { snippet, hint } of errors) {
    if (snippet) made.push(element("pre", {}, snippet));
    if (hint) made.push(element("p", { className: "hint" }, `Hint: ${hint}`));
  }
  return made;
}
