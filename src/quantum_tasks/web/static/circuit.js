// The drawing of a circuit: what of it is in the document, and what that looks like.

import { element, inWords, isBox, svg } from "./answers.js";
import { drawLabels, drawnName, drawWires, familyOf, headerOf, isIn, layout, shift, shortened } from "./columns.js";

const DRAWN_WHOLE = 2000; // steps; of more, only what is near the view is in the document
const AROUND = 400; // pixels around the view that count as near
const FRAME_MS = 24; // of each frame, until all is drawn: in smaller parts, painting takes longer
const NEXT_MS = 4; // while somebody may scroll or walk
const KEYS = /^(Arrow(Left|Right|Up|Down)|Home|End|Enter|Escape)$/;

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
  #walk; // the module for the keyboard, once somebody uses it

  constructor(host, { onpick = () => {}, onhover = () => {} } = {}) {
    this.#host = host;
    this.#onpick = onpick;
    this.labels = svg("svg", { class: "labels", "aria-hidden": "true" });
    this.drawing = svg("svg", { class: "drawing", role: "img" });
    [this.frames, this.steps, this.marks] = [svg("g"), svg("g"), svg("g", { class: "marks" })];
    this.scroller = element("div", { className: "scroller", tabIndex: 0, role: "application" }, this.labels, this.drawing);
    this.scroller.ariaLabel = "Steps of the circuit";
    this.scroller.ariaDescription = "Arrow keys go from step to step, Enter goes to a step's line.";
    this.sentence = element("p", { className: "sentence" });
    this.said = element("p", { className: "said hidden", ariaLive: "polite" });
    host.classList.add("circuit");
    host.replaceChildren(this.scroller, this.sentence, this.said);
    this.clear("");
    this.scroller.addEventListener("scroll", () => this.#request(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.#request()).observe(this.scroller);
    this.drawing.addEventListener("click", (event) => this.#pick(under(event)));
    this.drawing.addEventListener("pointerover", (event) => {
      const line = this.#layout.items[under(event)]?.step.line;
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
    this.#paint(FRAME_MS);
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
    Object.assign(this.sentence, { textContent: sentence, hidden: !sentence });
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

  #request(milliseconds = NEXT_MS) {
    if (this.#layout) this.#awaited ||= requestAnimationFrame(() => this.#paint(milliseconds));
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
      for (const [index, node] of this.#drawn) if (!near[index]) node.remove(), this.#drawn.delete(index);
    }
    const [frames, steps] = [new DocumentFragment(), new DocumentFragment()];
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
    if (count < wanted.length) this.#request(items.length > DRAWN_WHOLE ? NEXT_MS : FRAME_MS);
  }

  /** Brings an item into view. The page does not move. */
  #reveal({ x0, x1, top, bottom }) {
    const view = this.#view();
    this.scroller.scrollLeft += shift(x0 - 24, x1 + 24, view.left, view.right);
    this.scroller.scrollTop += shift(top - 24, bottom + 24, view.top, view.bottom);
  }

  // Moving about

  #pick(index) {
    const item = this.#layout.items[index];
    if (!item) return;
    this.#current = Number(index);
    this.#row = item.rows?.[0] ?? item.lo;
    this.#paint(NEXT_MS);
    this.#onpick(item.step.line, item.step.column);
  }

  async #press(event) {
    if (!KEYS.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#walk ??= import("./walk.js").catch(() => (this.#walk = null)); // one: so keys keep their order
    const walk = await this.#walk;
    if (!walk || !this.#layout) return;
    if (event.key === "Enter") return this.#pick(this.#current);
    const before = this.#row;
    [this.#current, this.#row] = walk.next(event.key, this.#layout, this.#current, before);
    const item = this.#layout.items[this.#current];
    if (item) {
      this.#reveal(item);
      const wire = before === this.#row ? "" : `${this.#layout.rows[this.#row].label}: `;
      this.said.textContent = wire + walk.stepInWords(item.step, this.#circuit);
    }
    this.#paint(NEXT_MS);
  }
}

const under = ({ target }) => target.closest("[data-step]")?.dataset.step;

const outline = ({ x0, x1, top, bottom }, name) =>
  svg("rect", { class: name, x: x0 - 3, y: top - 3, width: x1 - x0 + 6, height: bottom - top + 6, rx: 6 });

// How it looks

/** The shape of an item of the layout; `rows` are the layout's, too. */
function drawStep(item, index, rows) {
  const { step } = item;
  const group = svg("g", { class: `step family-${familyOf(step)}`, "data-step": index });
  const put = (...shape) => group.append(svg(...shape));
  const y = (row) => rows[row].y;
  (isBox(step) ? drawBox : SYMBOLS[step.kind])(put, item, y);
  const full = [isBox(step) && step.kind, step.name, step.text].filter(Boolean).join(" ");
  if (full.length > 14) put("title", {}, full);
  return group;
}

const SYMBOLS = {
  gate: drawGate, measure: drawMeasure, set: drawSet, barrier: drawBarrier,
  reset(put, { x, lo, ...item }, y) {
    drawBody(put, item, y(lo) - 16, y(lo) + 16);
    drawName(put, x, y(lo), "|0⟩");
  },
};

function drawGate(put, item, y) {
  const { step, x, lo, hi } = item;
  const { name, text, qubits = [], controls = [], open = [] } = step;
  const [first, last] = [Math.min(...qubits), Math.max(...qubits)];
  const swap = name === "swap" && qubits.length === 2;
  const bare = qubits.length === 1 && controls.length && (name === "x" || name === "z");
  const boxed = qubits.length && !swap && !bare;
  if (hi > lo) {
    drawTarget(put, item);
    put("path", { class: "link", d: `M${x} ${y(lo)}V${y(hi)}` });
  }
  if (boxed) {
    drawBody(put, item, y(first) - 16, y(last) + 16);
    const several = qubits.length > 1; // their places among the gate's arguments are shown
    const middle = several ? x + 6 : x;
    drawName(put, middle, (y(first) + y(last)) / 2, shortened(drawnName(name)), shortened(text));
    const place = (row) => ({ class: "angle", x: item.x0 + 8, y: y(row) + 3.5 });
    if (several) qubits.forEach((row, number) => put("text", place(row), number));
  } else if (swap) {
    for (const row of qubits) put("path", { class: "cross", d: `M${x - 6} ${y(row) - 6}l12 12m0-12l-12 12` });
  } else if (bare && name === "x") {
    put("circle", { class: "body", cx: x, cy: y(first), r: 12 });
    put("path", { class: "sign", d: `M${x - 7} ${y(first)}h14m-7-7v14` });
  }
  for (const row of bare && name === "z" ? [...controls, first] : controls) {
    const cx = boxed && row > first && row < last ? item.x0 : x; // on the edge of a box over it
    put("circle", { class: open.includes(row) ? "dot open" : "dot", cx, cy: y(row), r: 4 });
  }
  if (!qubits.length) put("text", { class: "note", x, y: y(lo) - 8 }, `phase ${shortened(text)}`);
}

function drawMeasure(put, { step, x, lo, ends, ...item }, y) {
  const top = y(lo) - 16;
  drawBody(put, item, top, top + 32);
  put("path", { class: "sign", d: `M${x - 9} ${top + 21}a9 9 0 0 1 18 0M${x} ${top + 21}l7-11` });
  if (!ends.length) {
    if (step.text) put("text", { class: "note", x, y: top + 43 }, shortened(step.text));
    return;
  }
  const end = y(ends[0]) - 2;
  put("path", { class: "bits", d: `M${x - 1.5} ${top + 32}V${end - 7}m3 0V${top + 32}` });
  put("path", { class: "end", d: `M${x - 5} ${end - 7}h10l-5 7z` });
  put("text", { class: "place", x: x + 8, y: end - 4 }, step.bit[1]);
}

function drawSet(put, item, y) {
  const { step, x, lo } = item;
  drawReads(put, item, y);
  drawBody(put, item, y(lo) - 12, y(lo) + 12);
  put("text", { class: "word", x, y: y(lo) + 4 }, shortened(step.text, 20));
}

function drawBarrier(put, item, y) {
  drawTarget(put, item);
  const on = new Set(item.rows);
  const last = (row) => (on.has(row + 1) ? last(row + 1) : row);
  const firsts = item.rows.filter((row) => !on.has(row - 1)); // of wires side by side
  const d = firsts.map((row) => `M${item.x} ${y(row) - 18}V${y(last(row)) + 18}`);
  put("path", { class: "barrier", d: d.join("") });
}

function drawBox(put, item, y) {
  const { step, x0, x1, top, bottom, elseX } = item;
  put("rect", { class: "frame", x: x0, y: top, width: x1 - x0, height: bottom - top, rx: 4 });
  put("text", { class: "header", x: x0 + 8, y: top + 15 }, headerOf(step));
  if (elseX) {
    put("path", { class: "barrier", d: `M${elseX} ${top}V${bottom}` });
    put("text", { class: "header", x: elseX + 8, y: top + 15 }, "else");
  }
  drawReads(put, item, y);
}

/** From a step to the registers that it reads. */
function drawReads(put, { x, lo, hi, top, bottom, ends }, y) {
  const [up, down] = [Math.min(...ends), Math.max(...ends)];
  const line = (from, to) => `M${x - 1.5} ${from}V${to}m3 0V${from}`;
  if (down > hi) put("path", { class: "bits", d: line(bottom, y(down)) });
  if (up < lo) put("path", { class: "bits", d: line(top, y(up)) });
  for (const row of ends) put("circle", { class: "end", cx: x, cy: y(row), r: 4 });
}

function drawBody(put, { x0, x1 }, top, bottom) {
  put("rect", { class: "body", x: x0, y: top, width: x1 - x0, height: bottom - top, rx: 4 });
}

function drawName(put, x, y, name, angle) {
  put("text", { class: "name", x, y: angle ? y - 1 : y + 4.5 }, name);
  if (angle) put("text", { class: "angle", x, y: y + 11.5 }, angle);
}

/** What the pointer can hit of a step that is drawn with thin lines. */
function drawTarget(put, { x0, x1, top, bottom }) {
  put("rect", { class: "hit", x: x0, y: top, width: x1 - x0, height: bottom - top });
}
