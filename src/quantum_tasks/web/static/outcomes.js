// What a task brought, with all that one may ask of it: order, number, registers, the runs of a
// sweep, the outcome of each shot, and another task beside it.

import { ask, asText, element, Failure, number, plural } from "./answers.js";
import { distance, distribution, noise } from "./distance.js";
import { outcomes } from "./histogram.js";
import { sweep } from "./sweep.js";

export const LOADED = 256; // outcomes
const MOST = 65_536; // exact outcomes, which is all that the service keeps
const OF_A_RUN = 32; // the same, in a sweep
const FIRST_SHOTS = 1000; // of the memory

export const loaded = (record) => (Array.isArray(record.request.parameters) ? OF_A_RUN : LOADED);

/** A field with its label, which alone is its name: not also all that can be chosen. */
function labelled(text, field) {
  field.ariaLabel = text;
  return element("label", { className: "labelled" }, text, " ", field);
}

/** A choice among [value, text]. */
function select(properties, options, chosen) {
  const made = element(
    "select",
    properties,
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  if (chosen !== undefined) made.value = chosen;
  return made;
}

export class Outcomes {
  constructor(record, found, host) {
    Object.assign(this, { record, found, host, place: 0, views: {}, turn: 0, beside: null, asOther: "" });
    this.shown = element("div", { className: "outcomes" });
    this.between = element("p", { className: "quiet" });
    const { observables = [], memory } = record.request;
    this.observables = observables;
    if (found.items) {
      const { made, go } = sweep(found.items, observables, (place) => this.go(place));
      this.host.append(made);
      this.start = () => go(0);
    } else {
      this.start = () => this.go(0);
    }
    const any = (found.items ?? [found]).some((run) => Object.keys(run.probabilities ?? {}).length);
    if (any) this.host.append(this.controls());
    this.host.append(this.shown, this.between);
    if (memory) this.host.append(this.memory());
    this.start();
  }

  controls() {
    const redraw = () => this.draw();
    const choices = (label, options, chosen) => {
      const field = select({}, options, chosen);
      field.addEventListener("change", redraw);
      return [labelled(label, field), field];
    };
    const orders = [["key", "outcome"], ["count", "frequency"], ["distance", "Hamming distance"]];
    const [sorting, order] = choices("Sort by", orders, "key");
    const tops = [16, 32, 64, 128, 256].filter((top) => top <= loaded(this.record));
    const [showing, top] = choices("Show", tops.map((top) => [top, `${top} outcomes`]), 32);
    const [valuing, values] = choices("Values", [["counts", "counts"], ["probabilities", "probabilities"]]);
    const from = element("input", { size: 12, spellcheck: false, autocapitalize: "off" });
    const origin = labelled("Distance from", from);
    from.addEventListener("input", redraw);
    const registers = (this.record.stats?.registers ?? []).filter(({ size }) => size);
    const every = [["", "all"], ...registers.map(({ name }, place) => [place, name])];
    const [bits, register] = choices("Registers", every, "");
    const { shots } = this.found;
    valuing.hidden = !shots;
    const runs = this.found.items ?? [this.found];
    const most = Math.max(...runs.map((run) => Object.keys(run.probabilities ?? {}).length));
    showing.hidden = most <= tops[0];
    bits.hidden = registers.length < 2;
    this.options = () => {
      origin.hidden = order.value !== "distance";
      return {
        lasting: true,
        order: order.value,
        top: Number(top.value),
        values: values.value,
        from: from.value.trim(),
        register: register.value && registers[register.value].name,
        bits: registers.length - 1 - register.value, // what is declared last is printed first
      };
    };
    this.wrong = (wrong) => (from.ariaInvalid = String(wrong));
    return element("div", { className: "bar controls" }, sorting, origin, showing, valuing, bits);
  }

  go(place) {
    this.place = place;
    this.fill?.();
    return this.draw();
  }

  run(found = this.found) {
    return found.items ? found.items[this.place] : found;
  }

  async draw() {
    const turn = ++this.turn;
    this.between.textContent = "";
    const options = this.options?.() ?? {};
    const { found, beside } = this;
    let [run, other] = [this.run(), beside && this.run(beside)];
    if (options.register) {
      const parts = this.run(await this.view(found.shots ? "registers" : `probabilities&top=${MOST}`));
      if (turn !== this.turn) return; // something else was chosen meanwhile
      const probabilities = found.shots
        ? shares(parts.registers?.[options.register])
        : part(parts.probabilities, options.bits);
      run = { ...run, rest: parts.rest, probabilities };
      other = null;
    }
    const keys = Object.keys(run.probabilities ?? {});
    const fits = keys.some((key) => key.length === options.from?.length && /^[01 ]*$/.test(options.from));
    this.wrong?.(Boolean(options.from) && !fits);
    if (!fits) options.from = "";
    const shown = outcomes(run, found.shots, this.observables, { ...options, beside: other, asOther: this.asOther });
    this.shown.replaceChildren(...shown);
    if (other?.probabilities && run.probabilities) this.between.textContent = this.apart(run, other);
  }

  /** Another view of the result, asked for once; nothing, and why, if there is none. */
  async view(name) {
    try {
      return await (this.views[name] ??= ask(`/v1/tasks/${this.record.id}/result?view=${name}`));
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      delete this.views[name];
      this.between.textContent = failure.message;
      return {};
    }
  }

  /** How far the two are from each other. */
  apart(run, other) {
    const [one, two] = [distribution(run, this.found.shots), distribution(other, this.beside.shots)];
    const far = distance(one, two).toFixed(4);
    if (!one.whole || !two.whole) return `Total variation distance: at least ${far}, as not all outcomes are loaded.`;
    const alone = noise(one, two).expected.toFixed(4);
    return `Total variation distance: ${far}; shots alone would make about ${alone} of two that are alike.`;
  }

  /** Shows another task beside this one. */
  compare(asOther, beside) {
    Object.assign(this, { asOther, beside });
    return this.draw();
  }

  /** The outcome of each shot, once somebody wants to see it. */
  memory() {
    const list = element("pre", { tabIndex: 0, ariaLabel: "Outcome of each shot" });
    const made = element("details", {}, element("summary", {}, "Memory: the outcome of each shot"), list);
    let last = -1;
    this.fill = async () => {
      if (!made.open || last === this.place) return;
      last = this.place;
      const { memory = [] } = this.run(await this.view("memory"));
      const more = memory.length - FIRST_SHOTS;
      const rest = more > 0 ? `\n… and ${plural(more, "more shot")}: download the JSON` : "";
      list.textContent = memory.slice(0, FIRST_SHOTS).map((key, shot) => `${number(shot + 1)}: ${key}`).join("\n") + rest;
    };
    made.addEventListener("toggle", this.fill);
    return made;
  }
}

/** Exact probabilities of what one register shows, which are not kept by themselves. */
function part(probabilities = {}, place) {
  const found = {};
  for (const [key, share] of Object.entries(probabilities)) {
    const bits = key.split(" ")[place];
    found[bits] = (found[bits] ?? 0) + share;
  }
  return found;
}

function shares(counts = {}) {
  const all = Object.entries(counts);
  const shots = all.reduce((sum, [, times]) => sum + times, 0);
  return Object.fromEntries(all.map(([key, times]) => [key, times / shots]));
}

/** What differs between the versions of two runs, in words. */
export function changed(one, other) {
  const known = ({ engine, versions }) => ({ engine, ...versions });
  const [before, after] = [known(one), known(other)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => asText(before[name] ?? null) !== asText(after[name] ?? null))
    .map((name) => `${name} ${before[name] ?? "unknown"}, now ${after[name] ?? "unknown"}`)
    .join("; ");
}
