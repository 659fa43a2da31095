// The tasks of the list that somebody has selected, and what can be done with them.

import { ask, byId, Failure, number, plural, posted } from "./answers.js";
import { isFinal } from "./service.js";

const MOST_IDS = 1000; // of one request
const CANCEL = "/v1/tasks/cancel";
const ends = (task) => !isFinal(task) && task.status !== "cancelling";

export class Chosen {
  /** `rows()` are the tasks of the list by id, `filters()` its filters as pairs; `attempt` does
   *  something that may fail, `draw` draws the list, `compare` is told of ids. */
  constructor(table, { rows, filters, attempt, draw, compare }) {
    Object.assign(this, { table, rows, filters, attempt, draw });
    this.clear();
    table.addEventListener("change", ({ target }) => this.change(target));
    table.addEventListener("keydown", (event) => this.key(event));
    byId("cancel").addEventListener("click", () => this.cancel());
    byId("compare").addEventListener("click", () => compare([...this.ids]));
  }

  clear() {
    this.ids = new Set();
    this.everything = null; // { matched, more } once all that match are selected
    this.offer = null; // the same, while that is only offered
    this.sentence = "";
  }

  has = (id) => Boolean(this.everything) || this.ids.has(id);

  change({ dataset: { id }, checked }) {
    const counted = this.offer;
    this.everything = this.offer = null;
    this.sentence = "";
    if (id) this.ids[checked ? "add" : "delete"](id);
    else this.ids = new Set(checked ? this.rows().keys() : []);
    if (this.ids.size && this.ids.size === this.rows().size) this.count(counted);
    this.draw();
  }

  /** ↑ and ↓ go from row to row, with Shift they select; Esc goes to the buttons. */
  key(event) {
    const boxes = [...this.table.querySelectorAll("tbody input")];
    const at = boxes.indexOf(event.target.closest("tr")?.querySelector("td input"));
    if (event.key === "Escape") {
      (byId("cancel").disabled ? byId("compare").disabled ? byId("q") : byId("compare") : byId("cancel")).focus();
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: boxes.length - 1 }[event.key];
    const box = boxes[to];
    if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    box.focus();
    if (event.shiftKey) {
      for (const one of [boxes[at], box]) if (one) this.ids.add(one.dataset.id);
      this.everything = null;
      this.draw();
    }
  }

  /** What the filters of the list are for a request that cancels. */
  get filter() {
    const given = {};
    for (const [name, value] of this.filters()) {
      given[name] = given[name] ? [given[name], value].flat() : value;
    }
    return Object.keys(given).length ? given : { status: "queued,running" };
  }

  /** Asks how many match, to offer them all. */
  async count(known) {
    const ids = this.ids;
    const { error, ended_after, ended_before } = this.filter;
    if (error || ended_after || ended_before) return; // none of them can be cancelled
    const counted = known ?? (await this.attempt(() => ask(CANCEL, posted({ filter: this.filter, dry_run: true }))));
    if (!counted || ids !== this.ids || ids.size !== this.rows().size) return;
    const { matched, next } = counted;
    const here = [...this.rows().values()].filter(ends).length;
    if (matched > here || next) this.offer = { ...counted, more: next };
    this.draw();
  }

  async cancel() {
    const tasks = [...this.ids].map((id) => this.rows().get(id)).filter((task) => task && ends(task));
    const { everything } = this;
    if (everything && !(await sure(this.amount(everything)))) return;
    this.working = true;
    await this.attempt(() => (everything ? this.cancelAll(everything) : this.cancelSome(tasks)));
    this.working = false;
    this.draw();
  }

  async cancelSome(tasks) {
    const found = [];
    for (let at = 0; at < tasks.length; at += MOST_IDS) {
      const ids = tasks.slice(at, at + MOST_IDS).map(({ id }) => id);
      found.push(...(await ask(CANCEL, posted({ ids }))).tasks);
    }
    for (const { id, status } of found) {
      const task = this.rows().get(id);
      if (task && status && !isFinal(task)) this.rows().set(id, { ...task, status });
    }
    this.say(done(found.filter(({ status }) => status?.startsWith("cancel")).length));
  }

  /** One request; of very many tasks several, each of which goes on where the one before ended. */
  async cancelAll(everything) {
    let [body, count, failures] = [{ filter: this.filter }, 0, 0];
    this.say(`Cancelling ${this.amount(everything)} …`);
    while (body) {
      try {
        const { cancelled, cancelling, next } = await ask(CANCEL, posted(body));
        [body, count, failures] = [next, count + cancelled + cancelling, 0];
        if (next) this.say(`Cancelled ${number(count)} of ${this.amount(everything)} …`);
      } catch (failure) {
        if (!(failure instanceof Failure) || !failure.passes || ++failures > 5) throw failure;
        await new Promise((resolve) => setTimeout(resolve, 1000 * Math.max(1, failure.retryAfterS)));
      }
    }
    this.clear();
    this.say(done(count));
  }

  say(sentence) {
    this.sentence = byId("note").textContent = sentence;
    this.draw();
  }

  amount = ({ matched, more }) => `${number(matched)}${more ? "+" : ""}`;

  /** What is selected, and which buttons can be pressed; `away` is what is wrong just now. */
  show(away) {
    const { ids, everything, offer } = this;
    const tasks = [...ids].map((id) => this.rows().get(id)).filter(Boolean);
    const count = everything ? this.amount(everything) : number(tasks.filter(ends).length);
    byId("cancel").disabled = this.working || count === "0";
    byId("cancel").textContent = count === "0" ? "Cancel" : `Cancel ${count}`;
    const some = tasks.length > 1 && tasks.length < 5;
    byId("compare").disabled = everything || !some || tasks.some(({ status }) => status !== "completed");
    const all = everything && `All ${this.amount(everything)} that match and have not ended are selected.`;
    const hint = tasks.length < 5 && byId("compare").disabled ? " Compare takes 2 to 4 that are completed." : "";
    const text = away || this.sentence || all || (tasks.length ? `${number(tasks.length)} selected.${hint}` : "");
    byId("chosen").firstChild.data = text;
    byId("chosen").classList.toggle("lost", Boolean(away));
    byId("all").hidden = !offer || Boolean(everything) || this.working;
    if (offer) byId("all").textContent = `Select all ${this.amount(offer)} that match`;
    byId("all").onclick = () => {
      this.everything = offer;
      this.draw();
      byId("cancel").focus();
    };
  }
}

const done = (count) => `${plural(count, "task")} cancelled.`;

/** Asks whether so many shall be cancelled. */
function sure(amount) {
  byId("question").replaceChildren(`Cancel ${amount} tasks?`);
  byId("yes").textContent = `Cancel ${amount}`;
  const dialog = byId("sure");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
