// How the keyboard goes from step to step of a drawing, and what it says there.

import { named, titleOf } from "./answers.js";

const actsOn = ({ rows, lo, hi }, row) => rows?.includes(row) ?? (row >= lo && row <= hi);

/** The number of the item to which a key leads from another on a wire, and its wire; nothing by Esc,
 *  or if there are no steps. */
export function next(key, { items, rows }, at, row) {
  if (key === "Escape") return [undefined, row];
  const on = (wire) =>
    [...items.keys()]
      .filter((index) => actsOn(items[index], wire))
      .sort((one, other) => items[one].x0 - items[other].x0);
  const current = items[at];
  if (!current) row = rows.findIndex((_, wire) => on(wire).length);
  if (row < 0) return [undefined, row];
  if (key === "ArrowUp" || key === "ArrowDown") {
    const step = key === "ArrowUp" ? -1 : 1;
    let to = row + (current ? step : 0);
    while (rows[to] && !on(to).length) to += step;
    if (!rows[to]) return [at, row];
    const from = current?.x ?? 0;
    const away = (index) => Math.abs(items[index].x - from);
    return [on(to).reduce((one, other) => (away(other) < away(one) ? other : one)), to];
  }
  const wire = on(row);
  const place = current ? wire.indexOf(at) : -1;
  if (key === "Home" || (key === "ArrowLeft" && place < 1)) return [wire[0], row];
  if (key === "End") return [wire.at(-1), row];
  return [wire[key === "ArrowLeft" ? place - 1 : Math.min(place + 1, wire.length - 1)], row];
}

/** "cx, control q[0], target q[1], line 5" */
export function stepInWords(step, { qubits, registers }) {
  const { controls = [], open = [], bit, line } = step;
  const words = [titleOf(step)];
  for (const row of controls) {
    words.push(`${open.includes(row) ? "open control" : "control"} ${qubits[row]}`);
  }
  if (step.qubits) words.push((controls.length ? "target " : "") + named(step.qubits, qubits));
  if (bit) words.push(`into ${registers[bit[0]].name}[${bit[1]}]`);
  return [...words, `line ${line}`].join(", ");
}
