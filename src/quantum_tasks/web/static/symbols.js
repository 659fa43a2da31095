/** How the parts of a circuit are shown: as nodes of an SVG, and in words. */

import { drawnName, familyOf, headerOf, isBox, shortened, shortLabel } from "./columns.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

/** A node of an SVG. Texts are not ours: they go in as text only. */
export function svg(tag, attributes = {}, text) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The shape of an item of the layout; `rows` are the layout's, too. */
export function drawStep(item, index, rows) {
  const { step } = item;
  const group = svg("g", { class: `step family-${familyOf(step)}`, "data-step": index });
  const put = (...shape) => group.append(svg(...shape));
  const y = (row) => rows[row].y;
  (isBox(step) ? drawBox : SYMBOLS[step.kind])(put, item, y);
  const full = [isBox(step) && step.kind, step.name, step.text].filter(Boolean).join(" ");
  if (full.length > 14) put("title", {}, full);
  return group;
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

const SYMBOLS = {
  gate: drawGate,
  measure: drawMeasure,
  set: drawSet,
  barrier: drawBarrier,
  reset(put, { x, lo, ...item }, y) {
    drawBody(put, item, y(lo) - 16, y(lo) + 16);
    drawName(put, x, y(lo), "|0⟩");
  },
};

function drawGate(put, item, y) {
  const { step, x, lo, hi } = item;
  const { name, text, qubits = [], controls = [], open = [] } = step;
  const first = Math.min(...qubits);
  const last = Math.max(...qubits);
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
    for (const row of qubits) {
      put("path", { class: "cross", d: `M${x - 6} ${y(row) - 6}l12 12m0-12l-12 12` });
    }
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
  const down = Math.max(...ends);
  const up = Math.min(...ends);
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

// In words

const listed = (rows, qubits) => rows.map((row) => qubits[row]).join(", ");
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function titleOf({ kind, name, text, controls = [] }) {
  if (kind === "call") return `subroutine ${text}`;
  if (kind !== "gate") return text ? `${kind} ${text}` : kind;
  const few = controls.length < 3;
  const controlled = few ? "c".repeat(controls.length) + name : `controlled ${name}`;
  return text ? `${controlled}(${text})` : controlled;
}

/** "cx, control q[0], target q[1], line 5" */
export function stepInWords(step, { qubits, registers }) {
  const { controls = [], open = [], bit, line } = step;
  const words = [titleOf(step)];
  for (const row of controls) {
    words.push(`${open.includes(row) ? "open control" : "control"} ${qubits[row]}`);
  }
  if (step.qubits) words.push((controls.length ? "target " : "") + listed(step.qubits, qubits));
  if (bit) words.push(`into ${registers[bit[0]].name}[${bit[1]}]`);
  return [...words, `line ${line}`].join(", ");
}

/** "Circuit: 2 qubits, 2 operations: h on q[0], cx on q[0], q[1]" */
export function inWords({ qubits, steps }) {
  const all = steps.flatMap(withInner);
  const count = all.filter((step) => !isBox(step)).length;
  const first = all.slice(0, 5).map((step) => {
    const rows = [...(step.controls ?? []), ...(step.qubits ?? [])];
    const few = rows.length > 0 && rows.length < 6;
    return titleOf(step) + (few ? ` on ${listed(rows, qubits)}` : "");
  });
  if (all.length > 5) first.push(`and ${(all.length - 5).toLocaleString("en")} more`);
  const size = `Circuit: ${plural(qubits.length, "qubit")}, ${plural(count, "operation")}`;
  return first.length ? `${size}: ${first.join(", ")}` : size;
}

const withInner = (step) => [
  step,
  ...[...(step.steps ?? []), ...(step.otherwise ?? [])].flatMap(withInner),
];
