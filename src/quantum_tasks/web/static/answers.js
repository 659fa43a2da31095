// What all pages ask the service, and how they show what it answers: numbers, elements, problems.
// A failure is always a Failure, with a sentence for people. Text goes in as text only: keys, names
// and sentences are not ours.

/** What went wrong; `errors` as in problem+json. It `passes` if trying again may help. */
export class Failure extends Error {
  constructor(message, { code = "", errors = [], passes = false, retryAfterS = 0 } = {}) {
    super(message);
    Object.assign(this, { code, errors, passes, retryAfterS });
  }
}

/** A good response; throws a Failure for any other. */
export async function fetched(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Failure("The service cannot be reached. Is it running?", { passes: true });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  const retryAfterS = Number(response.headers.get("Retry-After")) || 0;
  const sentence =
    body?.detail ?? body?.message ?? `The service answered with HTTP status ${response.status}.`;
  throw new Failure(retryAfterS ? `${sentence} Try again in ${retryAfterS} s.` : sentence, {
    code: body?.code,
    errors: body?.errors,
    passes: response.status >= 500 || response.status === 429,
    retryAfterS,
  });
}

/** The body of a good answer. */
export async function ask(path, options, reviver) {
  const response = await fetched(path, options);
  try {
    return JSON.parse(await response.text(), reviver);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Failure("The answer of the service broke off.", { passes: true });
  }
}

export const posted = (body, signal, headers = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
  signal,
});

/** Does something; `tell` is told of the failure if there is one, unless the signal ended the work. */
export async function attempted(work, tell, signal) {
  try {
    return await work();
  } catch (failure) {
    if (signal?.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    tell(failure);
  }
}

/** Whether a task would be accepted, and its circuit. */
export const validate = (request, signal) =>
  ask("/v1/validate?circuit=1", posted(request, signal));

// How it is shown

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

export const byId = (id) => document.getElementById(id);

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

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  made.append(...children);
  return made;
}

/** What a field is called: a text before it, in its label. */
export const calledOf = (field) => field.labels[0].firstChild.textContent.trim();

/** What a program is, and what its run would take. */
export function estimated({ stats, time_class, estimated_ms: ms, large }) {
  const gates = Object.entries(stats.gates).filter(([name]) => name !== "measure");
  const count = gates.reduce((sum, [, times]) => sum + times, 0);
  const soon = time_class === "moments" ? "takes a moment" : `takes about ${duration(ms)}`;
  return [
    plural(stats.qubits, "qubit"),
    `depth ${number(stats.depth)}`,
    plural(count, "gate"),
    `${memory(stats.memory_bytes)} of memory`,
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

/** A problem in a program; `go` leads to its line and column, if it has them. */
export function listed({ severity, line, column, message, hint, snippet }, go) {
  const at = line ? ` (line ${line}, column ${column})` : "";
  const parts = problem({ message: message.replace(at, ""), errors: [{ hint, snippet: line ? "" : snippet }] });
  if (line) {
    const button = element("button", { type: "button", className: "place" }, `Line ${line}`);
    button.addEventListener("click", () => go(line, column ?? 1));
    parts[0].prepend(button, " ");
  }
  return element("div", { className: `problem ${severity}` }, ...parts);
}

// A circuit in words

export const isBox = ({ kind }) => kind === "if" || kind === "while" || kind === "call";

export const named = (rows, qubits) => rows.map((row) => qubits[row]).join(", ");

export function titleOf({ kind, name, text, controls = [] }) {
  if (kind === "call") return `subroutine ${text}`;
  if (kind !== "gate") return text ? `${kind} ${text}` : kind;
  const few = controls.length < 3;
  const controlled = few ? "c".repeat(controls.length) + name : `controlled ${name}`;
  return text ? `${controlled}(${text})` : controlled;
}

/** "Circuit: 2 qubits, 2 operations: h on q[0], cx on q[0], q[1]" */
export function inWords({ qubits, steps }) {
  const all = steps.flatMap(withInner);
  const count = all.filter((step) => !isBox(step)).length;
  const first = all.slice(0, 5).map((step) => {
    const rows = [...(step.controls ?? []), ...(step.qubits ?? [])];
    const few = rows.length > 0 && rows.length < 6;
    return titleOf(step) + (few ? ` on ${named(rows, qubits)}` : "");
  });
  if (all.length > 5) first.push(`and ${(all.length - 5).toLocaleString("en")} more`);
  const size = `Circuit: ${plural(qubits.length, "qubit")}, ${plural(count, "operation")}`;
  return first.length ? `${size}: ${first.join(", ")}` : size;
}

const withInner = (step) => [
  step,
  ...[...(step.steps ?? []), ...(step.otherwise ?? [])].flatMap(withInner),
];
