/** The drawing of a circuit: what of it is in the document, and how one moves about in it. */

import { isBox, layout } from "./columns.js";
import { drawLabels, drawStep, drawWires, inWords, stepInWords, svg } from "./symbols.js";

const DRAWN_WHOLE = 2000; // steps; of more, only what is near the view is in the document
const AROUND = 400; // pixels around the view that count as near
const FIRST_MS = 24; // for the first part of a drawing, and for each further one
const NEXT_MS = 4;
const KEYS = /^(Arrow(Left|Right|Up|Down)|Home|End|Enter|Escape)$/;

function element(tag, attributes) {
  const made = document.createElement(tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  return made;
}

export class CircuitView {
  #host;
  #onpick;
  #circuit;
  #layout;
  #wires; // of the circuit before
  #drawn = new Map(); // the nodes that are in the document, by the numbers of their items
  #line; // that is marked
  #current; // number of the item where the keyboard is
  #row; // its wire
  #awaited = 0; // the frame that goes on with the drawing

  constructor(host, { onpick = () => {}, onhover = () => {} } = {}) {
    this.#host = host;
    this.#onpick = onpick;
    this.labels = svg("svg", { class: "labels", "aria-hidden": "true" });
    this.drawing = svg("svg", { class: "drawing", role: "img" });
    this.frames = svg("g");
    this.steps = svg("g");
    this.marks = svg("g", { class: "marks" });
    this.scroller = element("div", {
      class: "scroller",
      tabindex: 0,
      role: "application",
      "aria-label": "Steps of the circuit",
      "aria-description": "Arrow keys go from step to step, Enter goes to a step's line.",
    });
    this.sentence = element("p", { class: "sentence" });
    this.said = element("p", { class: "said", "aria-live": "polite" });
    this.scroller.append(this.labels, this.drawing);
    host.classList.add("circuit");
    host.replaceChildren(this.scroller, this.sentence, this.said);
    this.clear("");
    this.scroller.addEventListener("scroll", () => this.#request(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.#request()).observe(this.scroller);
    this.drawing.addEventListener("click", (event) => this.#pick(this.#under(event)));
    this.drawing.addEventListener("pointerover", (event) => {
      const line = this.#layout.items[this.#under(event)]?.step.line;
      onhover(line ? [line] : []);
    });
    this.drawing.addEventListener("pointerleave", () => onhover([]));
  }

  show(circuit) {
    const { qubits, registers, left_out: leftOut } = circuit;
    this.clear(leftOut ?? (qubits.length + registers.length ? "" : "There are no qubits to draw."));
    if (this.sentence.textContent) return;
    this.#circuit = circuit;
    this.#layout = layout(circuit);
    const { rows, width, height, labelWidth } = this.#layout;
    for (const [image, ofWidth] of [[this.labels, labelWidth], [this.drawing, width]]) {
      image.setAttribute("width", ofWidth);
      image.setAttribute("height", height);
    }
    this.drawing.setAttribute("aria-label", inWords(circuit));
    this.labels.replaceChildren(...drawLabels(rows, labelWidth));
    this.drawing.replaceChildren(...drawWires(rows, width), this.frames, this.steps, this.marks);
    this.scroller.hidden = false;
    // The same program, edited, stays where it is; another one begins at its start.
    if (this.#wires !== `${qubits}`) this.scroller.scrollTo(0, 0);
    this.#wires = `${qubits}`;
    this.#paint(FIRST_MS);
  }

  /** Greyed: the program has changed, and the drawing has not yet. */
  stale(is) {
    this.#host.classList.toggle("stale", is);
  }

  /** No drawing, but a sentence. */
  clear(sentence) {
    cancelAnimationFrame(this.#awaited);
    this.#awaited = 0;
    this.#circuit = this.#layout = this.#current = this.#row = undefined;
    this.#drawn.clear();
    for (const part of [this.frames, this.steps, this.marks]) part.replaceChildren();
    this.scroller.hidden = true;
    this.sentence.textContent = sentence;
    this.sentence.hidden = !sentence;
    this.said.textContent = "";
    this.stale(false);
  }

  /** Marks all steps of a line of the program; without a line, none. */
  mark(line) {
    this.#line = line;
    if (!this.#layout) return;
    const marked = this.#layout.items.filter(({ step }) => line && step.line === line);
    const view = this.#view();
    if (marked.length && !marked.some((item) => isIn(view, item))) this.#reveal(marked[0]);
    this.#paint(NEXT_MS);
  }

  // What is in the document

  #request() {
    if (this.#layout) this.#awaited ||= requestAnimationFrame(() => this.#paint(NEXT_MS));
  }

  /** What is in view, in the drawing's coordinates. */
  #view() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.scroller;
    const right = scrollLeft + clientWidth - this.#layout.labelWidth;
    return { left: scrollLeft, right, top: scrollTop, bottom: scrollTop + clientHeight };
  }

  /** Draws what is missing, the nearest first; what takes too long is left to the next frames. */
  #paint(milliseconds) {
    cancelAnimationFrame(this.#awaited);
    this.#awaited = 0;
    const { items, rows } = this.#layout;
    const view = this.#view();
    const until = performance.now() + milliseconds;
    const near = items.map((item) => isIn(view, item, AROUND));
    const missing = [...items.keys()].filter((index) => !this.#drawn.has(index));
    const wanted = missing.filter((index) => near[index]);
    if (items.length <= DRAWN_WHOLE) {
      wanted.push(...missing.filter((index) => !near[index]));
    } else {
      for (const [index, node] of this.#drawn) {
        if (near[index]) continue;
        node.remove();
        this.#drawn.delete(index);
      }
    }
    const frames = new DocumentFragment();
    const steps = new DocumentFragment();
    let count = 0;
    while (count < wanted.length && (!count || count % 16 || performance.now() < until)) {
      const index = wanted[count++];
      const node = drawStep(items[index], index, rows);
      this.#drawn.set(index, node);
      (items[index].inner ? frames : steps).append(node);
    }
    this.frames.append(frames);
    this.steps.append(steps);
    const marked = items.filter(({ step }, index) => near[index] && step.line === this.#line);
    this.marks.replaceChildren(...marked.map((item) => outline(item, "marked")));
    if (items[this.#current]) this.marks.append(outline(items[this.#current], "current"));
    if (count < wanted.length) this.#request();
  }

  /** Brings an item into view. The page does not move. */
  #reveal({ x0, x1, top, bottom }) {
    const view = this.#view();
    this.scroller.scrollLeft += shift(x0 - 24, x1 + 24, view.left, view.right);
    this.scroller.scrollTop += shift(top - 24, bottom + 24, view.top, view.bottom);
  }

  // Moving about

  #under({ target }) {
    return target.closest("[data-step]")?.dataset.step;
  }

  #pick(index) {
    const item = this.#layout.items[index];
    if (!item) return;
    this.#current = Number(index);
    this.#row = item.rows?.[0] ?? item.lo;
    this.#paint(NEXT_MS);
    this.#onpick(item.step.line, item.step.column);
  }

  #press(event) {
    if (!KEYS.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.key === "Enter") return this.#pick(this.#current);
    const { items, rows } = this.#layout;
    const row = this.#row;
    this.#current = event.key === "Escape" ? undefined : this.#next(event.key);
    const item = items[this.#current];
    if (item) {
      this.#reveal(item);
      const wire = row === this.#row ? "" : `${rows[this.#row].label}: `;
      this.said.textContent = wire + stepInWords(item.step, this.#circuit);
    }
    this.#paint(NEXT_MS);
  }

  /** The number of the item to which a key leads. */
  #next(key) {
    const { items, rows } = this.#layout;
    const on = (row) =>
      [...items.keys()]
        .filter((index) => actsOn(items[index], row))
        .sort((one, other) => items[one].x0 - items[other].x0);
    const current = items[this.#current];
    if (!current) this.#row = rows.findIndex((_, row) => on(row).length);
    if (this.#row < 0) return undefined; // there are no steps
    if (key === "ArrowUp" || key === "ArrowDown") {
      const step = key === "ArrowUp" ? -1 : 1;
      let row = this.#row + (current ? step : 0);
      while (rows[row] && !on(row).length) row += step;
      if (!rows[row]) return this.#current;
      this.#row = row;
      const from = current?.x ?? 0;
      const away = (index) => Math.abs(items[index].x - from);
      return on(row).reduce((one, other) => (away(other) < away(one) ? other : one));
    }
    const wire = on(this.#row);
    const place = current ? wire.indexOf(this.#current) : -1;
    if (key === "Home" || (key === "ArrowLeft" && place < 1)) return wire[0];
    if (key === "End") return wire.at(-1);
    return wire[key === "ArrowLeft" ? place - 1 : Math.min(place + 1, wire.length - 1)];
  }
}

const isIn = ({ left, right, top, bottom }, { x0, x1, y0, y1 }, around = 0) =>
  x1 > left - around && x0 < right + around && y1 > top - around && y0 < bottom + around;

const actsOn = ({ rows, lo, hi }, row) => rows?.includes(row) ?? (row >= lo && row <= hi);

/** By how much to scroll, so that what is from `low` to `high` is in view. */
function shift(low, high, from, to) {
  if (low < from || high - low > to - from) return low - from;
  return Math.max(0, high - to);
}

function outline({ x0, x1, top, bottom }, name) {
  const size = { x: x0 - 3, y: top - 3, width: x1 - x0 + 6, height: bottom - top + 6, rx: 6 };
  return svg("rect", { class: name, ...size });
}
