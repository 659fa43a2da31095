// Where the steps of a circuit are drawn, on which wires. Widths of texts are estimates.
//
// The rows are the qubits' wires and, below them, the classical registers. A step takes the
// leftmost column in which all its rows are free. A box (if, while, call) has columns of its own
// for its left and right edges and before `else`, so that edges never meet. What leaves a step or
// a box towards a register (an outcome, a condition) is its reach: the rows on its way stay free.

import { isBox, svg } from "./answers.js";

const BOX = 32; // a gate; everything is in pixels
const GAP = 16; // between two columns
const EDGE = 16; // a column for a box's edge
const HALF = { qubit: 24, register: 20 }; // of a row's height
const HEADER = 20; // the line above a box
const NEST = 4; // what a box sinks below the one in it
const MARGIN = 8;
const LONGEST = 14; // characters of a name or an angle
const LONGEST_HEADER = 40;
const LONGEST_LABEL = 12;

const OTHERWISE = { id: "I", sdg: "S†", tdg: "T†", phase: "P", sx: "√X", sxdg: "√X†" };
const DRAWN = new Map(Object.entries(OTHERWISE));
const WIDE = /[A-Z@%&<>=+_…]/;

// Gates that share a colour in the editor, the drawing and the bars: --gate-h and so on. This is JSON,
// and a test holds it equal to the gates of the service.
const FAMILIES = {
  "h": "h sx sxdg ch csx c3sqrtx",
  "pauli": "x y z id cx CX cy cz ccx c3x c4x rccx rc3x u0",
  "phase": "s sdg t tdg p u1 phase gphase cp cphase cu1",
  "rotation": "rx ry rz rxx rzz u u2 u3 U crx cry crz cu cu3",
  "swap": "swap cswap",
  "measure": "measure reset"
};

const families = new Map(
  Object.entries(FAMILIES).flatMap(([name, gates]) => gates.split(" ").map((gate) => [gate, name])),
);

/** The family of a gate by its name, also as drawn ("s†", "x^2"); "own" for a program's own. */
export const family = (name = "") => families.get(name.replace(/[†^].*$/, "")) ?? "own";

/** A name without what modifiers add to it ("f†", "f^2"), and that. */
const split = (name) => /^(.+?)((?:†|\^.*)*)$/su.exec(name)?.slice(1) ?? [name, ""];

/** The family of a step, which is also that of its colour. */
export function familyOf({ kind, name }) {
  return family(kind === "gate" ? name : kind);
}

/** The name of a gate as it stands in its box. */
export function drawnName(name) {
  const [base, rest] = split(name);
  const short = family(base) !== "own" && base.length < 4;
  return (DRAWN.get(base) ?? (short ? base.toUpperCase() : base)) + rest;
}

/** A text of at most so many characters; what is left out of it is marked. */
export function shortened(text = "", most = LONGEST) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/** A wire's label; it keeps its end, which has the index. */
export function shortLabel(label) {
  const characters = [...label];
  if (characters.length <= LONGEST_LABEL) return label;
  const end = /\[\d+\]$/.exec(label)?.[0] ?? "";
  return `${characters.slice(0, Math.max(LONGEST_LABEL - 1 - end.length, 3)).join("")}…${end}`;
}

/** The line above a box. */
export const headerOf = ({ kind, text = "" }) =>
  shortened(kind === "call" ? text : `${kind} ${text}`, LONGEST_HEADER);

/** An estimate of how wide a text is. Wide characters count twice. */
export function textWidth(text, size) {
  let units = 0;
  for (const character of text) {
    units += character >= "\u2e80" ? 2 : WIDE.test(character) ? 1.25 : 1;
  }
  return units * size * 0.57;
}

/**
 * {items, rows, width, height, labelWidth}. An item is a step and
 *   x0 x1 top bottom  what it covers, for a box the frame
 *   x                 its middle; for a box, where its conditions' line is
 *   y0 y1             the same as top and bottom, but with all that it reaches
 *   lo hi             its first and last row; `rows`, those that it acts on
 *   elseX             where a box's `else` begins
 */
export function layout({ qubits = [], registers = [], steps = [] }) {
  const rows = [
    ...qubits.map((label) => ({ kind: "qubit", label })),
    ...registers.map(({ name, size }) => ({ kind: "register", label: name, size })),
  ];
  const [above, below] = [rows.map(() => 0), rows.map(() => 0)]; // nested boxes with an edge there
  const scene = { rows, wires: qubits.length, above, below };
  const whole = rows.length ? arrange(steps, scene) : { placed: [], span: 0 };
  const widths = new Array(whole.span).fill(0);
  const items = [];
  for (const part of whole.placed) flatten(part, 0, items, widths);
  for (const part of whole.placed) widen(part, widths);
  const starts = [MARGIN];
  for (const width of widths) starts.push(starts.at(-1) + width);
  const height = stack(scene);
  for (const item of items) measure(item, scene, starts);
  const labels = rows.map(({ label, size }) => {
    return textWidth(shortLabel(label) + (size ? `/${size}` : ""), 13);
  });
  const labelWidth = 4 * Math.ceil((Math.max(0, ...labels) + 16) / 4);
  return { items, rows, width: starts.at(-1) + MARGIN, height, labelWidth };
}

/** Gives each step its column, counted from the first one of these steps. */
function arrange(steps, scene) {
  const free = new Int32Array(scene.rows.length); // the first free column of each row
  const bounds = { lo: Infinity, hi: -Infinity };
  let reach = null;
  let span = 0;
  const placed = steps.map((step) => {
    const part = isBox(step) ? boxed(step, scene) : single(step, scene);
    const { lo, hi } = part;
    const way = part.reach ?? { lo, hi, first: 0, last: 0 };
    const [from, to] = [Math.min(lo, way.lo), Math.max(hi, way.hi)];
    let column = 0;
    for (let row = from; row <= to; row++) {
      const own = row >= lo && row <= hi;
      column = Math.max(column, free[row] - (own ? 0 : way.first));
    }
    part.column = column;
    free.fill(column + way.last + 1, from, to + 1);
    free.fill(column + part.span, lo, hi + 1);
    span = Math.max(span, column + part.span);
    bounds.lo = Math.min(bounds.lo, lo);
    bounds.hi = Math.max(bounds.hi, hi);
    reach = united(reach, part.reach, column);
    return part;
  });
  return { placed, span, reach, ...bounds };
}

/** Two reaches as one; the second begins at a column of the first one's count. */
function united(one, other, column) {
  if (!other) return one;
  const moved = { ...other, first: other.first + column, last: other.last + column };
  if (!one) return moved;
  return {
    lo: Math.min(one.lo, moved.lo),
    hi: Math.max(one.hi, moved.hi),
    first: Math.min(one.first, moved.first),
    last: Math.max(one.last, moved.last),
  };
}

const reaching = (rows) =>
  rows.length ? { lo: Math.min(...rows), hi: Math.max(...rows), first: 0, last: 0 } : null;

function single(step, { rows, wires }) {
  const own = [...(step.qubits ?? []), ...(step.controls ?? [])];
  if (step.kind === "set") {
    own.push(step.bit ? wires + step.bit[0] : rows.length - 1);
  }
  if (!own.length) own.push(0); // a global phase
  const registers = step.kind === "measure" && step.bit ? [step.bit[0]] : (step.reads ?? []);
  const ends = registers.map((register) => wires + register);
  const [lo, hi] = [Math.min(...own), Math.max(...own)];
  return { step, rows: own, ends, lo, hi, span: 1, reach: reaching(ends) };
}

function boxed(step, scene) {
  const ends = (step.reads ?? []).map((register) => scene.wires + register);
  const bodies = [step.steps ?? [], ...(step.otherwise?.length ? [step.otherwise] : [])];
  const inner = bodies.map((steps) => arrange(steps, scene));
  let lo = Math.min(...inner.map((body) => body.lo));
  let hi = Math.max(...inner.map((body) => body.hi));
  if (lo > hi) lo = hi = Math.min(...ends, scene.rows.length - 1); // nothing in it
  let reach = reaching(ends);
  let span = 0;
  for (const body of inner) {
    body.offset = ++span; // after the edge, or after the line before `else`
    reach = united(reach, body.reach, body.offset);
    span += Math.max(body.span, 1);
  }
  const nested = inner.flatMap((body) => body.placed).filter((part) => part.inner);
  const rise = 1 + Math.max(0, ...nested.filter((part) => part.lo === lo).map((part) => part.rise));
  const sink = 1 + Math.max(0, ...nested.filter((part) => part.hi === hi).map((part) => part.sink));
  scene.above[lo] = Math.max(scene.above[lo], rise);
  scene.below[hi] = Math.max(scene.below[hi], sink);
  return { step, inner, ends, lo, hi, rise, sink, span: span + 1, reach };
}

/** Lists a step and all in it, with columns counted from the circuit's first one. */
function flatten(part, offset, items, widths) {
  part.column += offset;
  const need = (column, width) => (widths[column] = Math.max(widths[column], width));
  items.push(part);
  if (!part.inner) {
    part.width = stepWidth(part);
    return need(part.column, part.width + GAP);
  }
  for (const body of part.inner) {
    body.offset += part.column;
    need(body.offset - 1, EDGE);
    need(body.offset, BOX);
    for (const inside of body.placed) flatten(inside, body.offset, items, widths);
  }
  need(part.column + part.span - 1, EDGE);
}

/** Makes room for a box's header; those in it come first. */
function widen({ step, inner, column, span }, widths) {
  for (const [which, body] of (inner ?? []).entries()) {
    for (const part of body.placed) widen(part, widths);
    const end = which + 1 < inner.length ? inner[which + 1].offset - 1 : column + span - 1;
    let missing = textWidth(which ? "else" : headerOf(step), 11) + 8;
    for (let at = body.offset; at < end; at++) missing -= widths[at];
    const share = 4 * Math.ceil(missing / (end - body.offset) / 4);
    for (let at = body.offset; share > 0 && at < end; at++) widths[at] += share;
  }
}

function stepWidth({ step }) {
  const { kind, text = "", qubits = [], bit } = step;
  const angle = textWidth(shortened(text), 10) + 8;
  let width = BOX;
  if (kind === "measure" && bit) width = 2 * textWidth(`${bit[1]}`, 10) + 16;
  if (kind === "set") width = textWidth(shortened(text, 20), 11) + 12;
  if (kind === "gate") {
    const name = textWidth(shortened(drawnName(step.name)), 13) + 12;
    if (!qubits.length) width = textWidth("phase ", 11) + textWidth(shortened(text), 11);
    else if (!(step.name === "swap" && qubits.length === 2)) {
      width = Math.max(name, angle) + (qubits.length > 1 ? 16 : 0); // numbers of its arguments
    }
  }
  return kind === "barrier" ? 8 : 4 * Math.ceil(Math.max(BOX, width) / 4);
}

/** Gives each row its height; the sum is returned. */
function stack({ rows, above, below }) {
  let y = MARGIN;
  for (const [at, row] of rows.entries()) {
    y += above[at] * HEADER + HALF[row.kind];
    row.y = y;
    y += HALF[row.kind] + below[at] * NEST;
  }
  return y + MARGIN;
}

function measure(item, { rows }, starts) {
  const { lo, hi, column, span, inner, reach } = item;
  const half = (row) => (rows[row].kind === "register" ? 12 : BOX / 2);
  item.top = rows[lo].y - half(lo);
  item.bottom = rows[hi].y + half(hi);
  if (inner) {
    item.x0 = starts[column + 1] - 12;
    item.x1 = starts[column + span - 1] + 8;
    item.x = item.x0 + 8;
    item.top -= NEST + item.rise * HEADER;
    item.bottom += item.sink * NEST;
    if (inner[1]) item.elseX = starts[inner[1].offset] - 8;
  } else {
    item.x = (starts[column] + starts[column + 1]) / 2;
    item.x0 = item.x - item.width / 2;
    item.x1 = item.x + item.width / 2;
  }
  item.y0 = Math.min(item.top, reach ? rows[reach.lo].y : Infinity);
  item.y1 = Math.max(item.bottom, reach ? rows[reach.hi].y : 0);
}

export const isIn = ({ left, right, top, bottom }, { x0, x1, y0, y1 }, around = 0) =>
  x1 > left - around && x0 < right + around && y1 > top - around && y0 < bottom + around;

/** By how much to scroll, so that what is from `low` to `high` is in view. */
export function shift(low, high, from, to) {
  if (low < from || high - low > to - from) return low - from;
  return Math.max(0, high - to);
}

export function drawWires(rows, width) {
  const lines = { wire: "", bits: "" };
  for (const { kind, y } of rows) {
    if (kind === "qubit") lines.wire += `M0 ${y}H${width}`;
    else lines.bits += `M0 ${y - 1.5}H${width}M0 ${y + 1.5}H${width}`;
  }
  return Object.entries(lines).map(([name, d]) => svg("path", { class: name, d }));
}

export function drawLabels(rows, width) {
  return rows.map(({ label, size, y }) => {
    const text = svg("text", { class: "label", x: width - 8, y: y + 4.5 }, shortLabel(label));
    if (size) text.append(svg("tspan", { class: "size" }, `/${size}`));
    text.append(svg("title", {}, size ? `${label}: ${size} bits` : label));
    return text;
  });
}
