// What became of a task, as people read it: its status, its outcomes, its problems.
// Text goes in as text only: keys, names and sentences are not ours.

import { Failure, follow, isFinal, result } from "./service.js";

const MOST_OUTCOMES = 32;
const LONG_KEY = 24; // characters; longer ones stand above their bars
const SPOKEN = 8; // outcomes in the name of a histogram
export const MARKS = { queued: "◌", running: "◐", completed: "●", failed: "✕", cancelled: "–" };

export const number = (value) => value.toLocaleString("en");
export const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

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

/** The region that shows one task, in its first element. */
export class ResultView {
  constructor(region) {
    this.region = region;
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
  say(status, sentence) {
    this.status.dataset.status = status;
    const mark = element("span", { className: "mark", ariaHidden: "true" }, MARKS[status] ?? "");
    this.status.replaceChildren(mark, sentence);
    clearTimeout(this.later);
    this.later = setTimeout(
      () => {
        this.spoken = Date.now();
        if (this.said.textContent !== sentence) this.said.textContent = sentence;
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
    const path = `/ui/tasks/${encodeURIComponent(record.id)}`;
    this.link.replaceChildren("Task ", element("a", { href: path, className: "id" }, record.id));
    this.link.hidden = location.pathname === path;
    const told = (sentence) => this.say("queued", sentence);
    const changed = ({ status }) => STATES[status] && this.say(status, STATES[status]);
    if (!isFinal(record)) {
      changed(record);
      record = await follow(record.id, signal, changed, told);
    }
    if (record.status === "completed") {
      this.complete(record, await result(record, MOST_OUTCOMES, signal, told));
    } else if (record.status === "failed") {
      this.fail(new Failure(record.error.message, { errors: [record.error] }));
    } else {
      this.say(record.status, "Cancelled.");
    }
    return record;
  }

  complete(record, found) {
    const { usage, engine, seed } = record;
    const runs = found.items ?? [found];
    const shots = found.shots ? plural(found.shots, "shot") : "exact values";
    const of = found.items ? `${plural(runs.length, "run")}${found.shots ? " of" : ","} ` : "";
    this.say("completed", `Completed: ${of}${shots}.`);
    const parts = [
      usage?.simulate_ms != null && `simulated in ${duration(usage.simulate_ms)}`,
      engine && `by ${engine}`,
      found.shots > 0 && seed != null && `seed ${seed}`,
    ];
    this.body.append(element("p", { className: "quiet" }, parts.filter(Boolean).join(" · ")));
    const shown = element("div", { className: "outcomes" });
    const { observables = [] } = record.request;
    const show = (run) => shown.replaceChildren(...outcomes(run, found.shots, observables));
    if (found.items) this.body.append(choice(found.items, show));
    this.body.append(shown);
    show(runs[0]);
  }
}

const STATES = {
  queued: "Queued: it waits for its turn …",
  running: "Running …",
  cancelling: "Being cancelled …",
};

export const duration = (ms) =>
  ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${number(Number((ms / 1000).toPrecision(3)))} s`;

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

/** A choice among the runs of a sweep. */
function choice(items, show) {
  const named = (item) =>
    Object.entries(item.parameters ?? {})
      .map(([name, value]) => `${name} = ${typeof value === "number" ? +value.toPrecision(6) : value}`)
      .join(", ");
  const select = element(
    "select",
    { ariaLabel: "Run" },
    ...items.map((item, place) => element("option", { value: place }, named(item))),
  );
  select.addEventListener("change", () => show(items[select.value]));
  return element("label", { className: "run" }, "Run ", select);
}

function* outcomes(run, shots, observables) {
  if (run.error) yield element("div", { className: "problem error" }, ...problem(run.error));
  if (run.expectation_values) yield expectations(run.expectation_values, observables);
  const all = Object.entries(run.probabilities ?? {});
  if (all.length) yield* histogram(all, run.rest, shots);
  else if (!run.error && !run.expectation_values) yield element("p", {}, "There is nothing to show.");
}

function expectations(values, observables) {
  const operatorOf = (terms, place) => {
    const text = operator(terms) || String(place + 1);
    return text.length > 40 ? `${text.slice(0, 39)}…` : text;
  };
  const rows = values.map(({ value, std }, place) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, operatorOf(observables[place], place)),
      element("td", {}, Math.abs(value) < 1e-12 ? "0" : String(+value.toPrecision(6))),
      element("td", {}, std === null ? "unknown" : std ? `± ${Number(std.toPrecision(2))}` : "exact"),
    ),
  );
  const head = ["Observable", "Mean", "Error"].map((text) => element("th", { scope: "col" }, text));
  return element(
    "table",
    { className: "values" },
    element("caption", {}, "Expectation values"),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

/** "XX + 0.5 YY" */
export const operator = (terms) =>
  [terms ?? []]
    .flat()
    .map(({ pauli, coeff = 1 }) => (coeff === 1 ? pauli : `${coeff} ${pauli}`))
    .join(" + ")
    .replaceAll("+ -", "- ");

/** Bars for people who see, and a table for those who do not. */
function* histogram(all, rest, shots) {
  const most = all.reduce((found, [, share]) => Math.max(found, share), 0);
  const shown = [...all].sort(([, a], [, b]) => b - a).slice(0, MOST_OUTCOMES);
  // By key as text: an object puts the keys that look like integers first, "10" before "00".
  shown.sort(([a], [b]) => (a < b ? -1 : 1));
  const amount = (share) => (shots ? number(Math.round(share * shots)) : share.toFixed(6));
  const few = shown.slice(0, SPOKEN).map(([key, share]) => `${key} ${amount(share)}`);
  if (shown.length > SPOKEN) few.push("and more");
  const what = plural(shown.length + (rest?.outcomes ?? 0), "outcome");
  const bars = element("div", {
    role: "img",
    ariaLabel: `Histogram: ${what}; ${few.join(", ")}`,
    className: shown.some(([key]) => key.length > LONG_KEY) ? "bars long" : "bars",
  });
  for (const [key, share] of shown) {
    const bar = element("span", { className: "length" });
    bar.style.width = `${(100 * share) / most}%`;
    bars.append(
      element("span", { className: "key" }, key || "(no bits)"),
      element("span", { className: "track" }, bar),
      element("span", { className: "count" }, amount(share)),
      element("span", { className: "share" }, shots ? percent(share) : ""),
    );
  }
  yield bars;
  const rows = shown.map(([key, share]) =>
    element("tr", {}, element("td", {}, key), element("td", {}, amount(share))),
  );
  const head = ["Outcome", shots ? "Count" : "Probability"];
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head.map((text) => element("th", {}, text)))),
    element("tbody", {}, ...rows),
  );
  yield element("div", { className: "hidden" }, table); // a table itself would not become small
  if (rest?.outcomes) {
    const others = shots ? plural(Math.round(rest.probability * shots), "shot") : percent(rest.probability);
    yield element(
      "p",
      { className: "quiet" },
      `These are the ${shown.length} most frequent outcomes; ${number(rest.outcomes)} more share ` +
        `the other ${others}.`,
    );
  }
}

export const percent = (share) => (share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`);
