// What became of a task, as people read it: its status, its problems, what it brought.

import { asText, duration, element, Failure, MARKS, number, plural, problem } from "./answers.js";
import { choice, MOST_OUTCOMES, outcomes } from "./histogram.js";
import { follow, isFinal, result } from "./service.js";

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
      this.complete(record, await result(record, this.most, signal, told));
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
      found.shots > 0 && seed != null && `seed ${asText(seed)}`,
    ];
    this.body.append(element("p", { className: "quiet" }, parts.filter(Boolean).join(" · ")));
    if (this.oncomplete) return this.oncomplete(record, found, this.body);
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

/** With the place in the queue, and when the task may start. */
function waiting({ status, queue }) {
  if (status !== "queued" || !queue) return STATES[status];
  const ms = queue.estimated_start_at ? Date.parse(queue.estimated_start_at) - Date.now() : NaN;
  const soon = ms > 1000 ? `in about ${duration(Math.round(ms / 1000) * 1000)}` : "in a moment";
  return `Queued: place ${number(queue.position)}${isNaN(ms) ? "" : `; it may start ${soon}`} …`;
}
