// What people do to a task, or with it.

import { ask, asText, element, fetched } from "./answers.js";
import { body } from "./copies.js";
import { changed } from "./outcomes.js";
import { follow, isFinal, result, submit, wholeView } from "./service.js";

const UNDO_S = 8; // until a task is deleted
export const SMALL = 20; // qubits, of which exact values are worked out in a moment
const path = ({ id }) => `/v1/tasks/${id}`;

/** Runs a task again with other options, to its end. Throws a Failure if it was refused or failed. */
export async function ran(record, changes, signal, say) {
  const told = (sentence) => say(sentence);
  const begun = await submit(body(record, changes), signal, told);
  return isFinal(begun) ? begun : follow(begun.id, signal, () => {}, told);
}

/** The ways to compare a task with another run of it: the name of the other, and what it changes. */
export const RUNS = {
  exact: { asOther: "exact", changes: { shots: 0, seed: null, memory: null } },
  ideal: { asOther: "ideal", changes: { noise: null } },
};

/** Another run beside this one: what it brought, or a sentence about why there is nothing. */
export async function beside(record, which, most, signal, say) {
  const { asOther, changes } = RUNS[which];
  say(`The ${asOther} run is being done …`);
  const other = await ran(record, changes, signal, say);
  if (other.status !== "completed") return { said: ended(other, `The ${asOther} run`) };
  const found = await result(other, most, signal, say);
  return { asOther, found, said: [`Beside it: the ${asOther} run, `, link(other), "."] };
}

const link = ({ id }) => element("a", { href: `/ui/tasks/${id}` }, `task ${id.slice(0, 8)}`);
const ended = (other, what) => [
  `${what} ${other.status === "failed" ? `failed: ${other.error.message}` : `was ${other.status}`} (`,
  link(other),
  ")",
];

/** Runs a task again with the seed that its counts came from, and compares all that both brought. */
export async function verify(record, signal, say) {
  say("It runs again with the same seed …");
  const again = await ran(record, { seed: record.seed }, signal, say);
  if (again.status !== "completed") return ended(again, "The second run");
  const [one, other] = await Promise.all([whole(record, signal), whole(again, signal)]);
  const same = one === other || canonical(one) === canonical(other);
  const versions = changed(record, again);
  if (same) {
    const although = versions ? `, although versions differ (${versions})` : "";
    return [`The second run is identical ✓${although}: `, link(again), "."];
  }
  const why = versions
    ? `versions differ (${versions}), and other versions may draw differently`
    : "engine and versions are the same; another kind of processor may round or draw differently";
  return [`The second run is not identical: ${why}: `, link(again), "."];
}

/** All of a result, as text without its id. */
async function whole(record, signal) {
  const response = await fetched(`${path(record)}/result${wholeView(record)}`, { signal });
  return (await response.text()).replace(/^\{"id":"[^"]*",/, "{");
}

/** The same JSON, whatever the order of its keys. */
function canonical(text) {
  const sorted = (_, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value;
  return JSON.stringify(JSON.parse(text), sorted);
}

/** The form with a task's name and tags: a tag on each line, whose value may have any sign. */
export class Naming {
  constructor(form, record, onchange) {
    Object.assign(this, { form, record });
    [this.name, this.tags] = ["name", "tags"].map((name) => form.elements[name]);
    const said = form.querySelector("[role=status]");
    this.show(record);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.textContent = await this.save().then(
        (changed) => (onchange(changed), "Saved."),
        (failure) => failure.message,
      );
    });
  }

  show(record) {
    this.record = record;
    this.name.value = record.name ?? "";
    this.tags.value = Object.entries(record.tags).map((pair) => pair.join("=")).join("\n");
  }

  async save() {
    const lines = this.tags.value.split("\n").filter((line) => line.trim());
    const wanted = lines.map((line) => {
      const [key, ...rest] = line.split("=");
      if (!rest.length) throw new Error(`'${line.trim()}' is no tag: write key=value.`);
      return [key.trim(), rest.join("=").trim()];
    });
    const gone = Object.keys(this.record.tags).map((key) => [key, null]);
    const tags = Object.fromEntries([...gone, ...wanted]);
    const patch = JSON.stringify({ name: this.name.value.trim() || null, tags });
    const headers = { "Content-Type": "application/json" };
    const changed = await ask(path(this.record), { method: "PATCH", headers, body: patch });
    this.show(changed);
    return changed;
  }
}

/** A deletion that can be undone for some seconds. Until then nothing is deleted; who leaves the page
 *  does not wait for that. */
export class Deletion {
  constructor(host, record, { ondeleted, onfailed }) {
    Object.assign(this, { host, record, ondeleted, onfailed });
    this.rest = element("span", {}, "");
    this.undo = element("button", { type: "button", className: "plain" }, "Undo");
    this.undo.addEventListener("click", () => this.stop());
    addEventListener("pagehide", () => this.timer && this.finish());
  }

  start(button) {
    if (this.timer) return;
    this.button = button;
    let left = UNDO_S;
    const tell = () => (this.rest.textContent = `${left} s`);
    const ends = element("p", {}, "This task will be deleted, with its result, when you leave the page, or in ");
    ends.append(this.rest, ".");
    this.rest.ariaHidden = "true"; // nobody wants to hear each second
    this.host.replaceChildren(ends, this.undo);
    this.host.hidden = false;
    tell();
    this.timer = setInterval(() => (--left > 0 ? tell() : this.finish()), 1000);
    this.undo.focus();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.host.hidden = true;
    this.button.focus();
  }

  async finish() {
    this.stop();
    try {
      await fetched(path(this.record), { method: "DELETE", keepalive: true });
      this.ondeleted();
    } catch (failure) {
      this.onfailed(failure);
    }
  }
}

/** A name and an id, for the title of a page. */
export const title = ({ name, status }) => `${name ?? "Task"}: ${status} · quantum-tasks`;

/** The facts about a task, as [name, value]. */
export function facts(record, { time, duration, number }) {
  const { request, usage, queue, versions } = record;
  const ms = (value) => (value === null || value === undefined ? "" : duration(value));
  const tags = Object.entries(record.tags).map(([key, value]) => `${key}=${value}`);
  const known = {
    Name: record.name,
    Tags: tags.join(", "),
    Shots: request.shots === undefined ? "" : number(request.shots),
    Method: record.stats?.method.replaceAll("_", " "),
    Engine: record.engine,
    Seed: record.seed === null || record.seed === undefined ? "" : asText(record.seed),
    Versions: Object.entries(versions ?? {}).map(([name, value]) => `${name.replaceAll("_", "-")} ${value}`).join(", "),
    Submitted: time(record.created_at),
    Started: time(record.started_at),
    Ended: time(record.ended_at),
    "Kept until": time(record.expires_at),
    "In the queue": queue && `place ${number(queue.position)}`,
    Waited: record.started_at && ms(usage?.queue_ms),
    Compiled: ms(usage?.compile_ms),
    Simulated: ms(usage?.simulate_ms),
    "In all": ms(usage?.total_ms),
    Attempts: usage?.attempts > 1 ? number(usage.attempts) : "",
  };
  return Object.entries(known).filter(([, value]) => value || value === 0);
}
