// How a program is to be run: what the fields say, as a request.

import { byId, calledOf } from "./answers.js";

const MOST_RUNS = 1000;
const LONGEST = 200; // characters of a number
const NUMBERS = new Set(["int", "uint", "float", "angle"]);

/** A field says what cannot be understood. */
export class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The request of a task: the program, and the options that were chosen. Throws a FieldError. */
export function request(qc) {
  const value = (id) => byId(id).value.trim();
  const body = { qc };
  for (const id of ["shots", "seed"]) if (value(id)) body[id] = whole(id, value(id));
  for (const id of ["method", "precision"]) if (value(id)) body[id] = value(id);
  const noise = {};
  const depolarizing = {};
  for (const id of ["p1", "p2"]) if (value(id)) depolarizing[id] = decimal(id, value(id));
  if (Object.keys(depolarizing).length) noise.depolarizing = depolarizing;
  if (value("readout")) noise.readout = decimal("readout", value("readout"));
  if (Object.keys(noise).length) body.noise = noise;
  if (value("observables")) body.observables = value("observables").split(/[;,]/).map(sum);
  if (value("name")) body.name = value("name");
  if (value("tags")) body.tags = Object.fromEntries(value("tags").split(",").map(tag));
  const parameters = given();
  if (parameters) body.parameters = parameters;
  return body;
}

function whole(id, text) {
  if (!/^\d+$/.test(text)) throw new FieldError(id, `${title(id)} must be a whole number.`);
  return exact(id, title(id), Number(text));
}

/** A whole number, unless it is one that JavaScript would change. */
function exact(field, name, value) {
  if (Number.isSafeInteger(value)) return value;
  throw new FieldError(field, `${name} must be a whole number below 2^53 here; see the API for larger ones.`);
}

function decimal(id, text) {
  const found = calculated(text);
  if (!(found >= 0 && found <= 1)) {
    throw new FieldError(id, `${title(id)} must be a probability, from 0 to 1.`);
  }
  return found;
}

const title = (id) => calledOf(byId(id));

const ONE = /([+-])?\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)?\s*\*?\s*([IXYZ]+)\s*/;
const TERM = new RegExp(ONE, "gi");
const SUM = new RegExp(`^\\s*${ONE.source}(?:(?=[+-])${ONE.source})*$`, "i");

/** "XX + 0.5 YY": a sum of Pauli operators. */
function sum(text) {
  if (!SUM.test(text)) {
    const why = `'${text.trim()}' is not understood: a sum of Pauli operators is XX + 0.5 YY - ZI.`;
    throw new FieldError("observables", why);
  }
  return [...text.matchAll(TERM)].map(([, sign = "", coefficient = "1", pauli]) => {
    const coeff = Number(sign + coefficient);
    if (Number.isFinite(coeff)) return { pauli: pauli.toUpperCase(), coeff };
    throw new FieldError("observables", `${coefficient} is too large a number.`);
  });
}

function tag(text) {
  const [key, ...rest] = text.split("=");
  if (!key.trim()) throw new FieldError("tags", "Tags are written as key=value, key=value.");
  return [key.trim(), rest.join("=").trim()];
}

// Inputs: a range makes a sweep

/** The value of "3*pi/4" and its like; NaN if it is none. */
function calculated(text) {
  if (text.length > LONGEST) return NaN;
  const tokens = text.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|pi|π|tau|τ|[-+*/()]|\S/gi) ?? [];
  let at = 0;
  const known = { pi: Math.PI, "π": Math.PI, tau: 2 * Math.PI, "τ": 2 * Math.PI };
  const factor = () => {
    const token = tokens[at++] ?? "";
    if (token === "-") return -factor();
    if (token === "+") return factor();
    if (token === "(") {
      const inner = added();
      return tokens[at++] === ")" ? inner : NaN;
    }
    return known[token.toLowerCase()] ?? (/^[\d.]/.test(token) ? Number(token) : NaN);
  };
  const multiplied = () => {
    let found = factor();
    while (tokens[at] === "*" || tokens[at] === "/") {
      found = tokens[at++] === "*" ? found * factor() : found / factor();
    }
    return found;
  };
  const added = () => {
    let found = multiplied();
    while (tokens[at] === "+" || tokens[at] === "-") {
      found = tokens[at++] === "+" ? found + multiplied() : found - multiplied();
    }
    return found;
  };
  const found = added();
  return at === tokens.length ? found : NaN;
}

/** The parameters that the fields say: one set, or a list of them. Throws a FieldError. */
function given() {
  const fields = [...byId("inputs").querySelectorAll("input")];
  if (!fields.length) return null;
  let every = [{}];
  let swept = false;
  for (const field of fields) {
    const values = ranged(field);
    swept ||= values.length > 1;
    if (every.length * values.length > MOST_RUNS) {
      throw new FieldError(field, `At most ${MOST_RUNS} runs are possible in one task.`);
    }
    every = every.flatMap((set) =>
      values.map((value) => ({ ...set, [field.dataset.input]: value })),
    );
  }
  return swept ? every : every[0];
}

function ranged(field) {
  const { input, type } = field.dataset;
  const text = field.value.trim();
  const parts = text.split(":");
  if (!NUMBERS.has(type)) return [worded(field, text)];
  const numbers = parts.map(calculated);
  const count = parts.length === 3 ? numbers[2] : 1;
  const wrong = !numbers.every(Number.isFinite) || ![1, 3].includes(parts.length);
  if (wrong || !(Number.isInteger(count) && count >= 1 && count <= MOST_RUNS)) {
    throw new FieldError(
      field,
      `${input} must be a number, as pi/4, or a range from : to : how many, as 0 : pi : 20.`,
    );
  }
  const [from, to] = numbers;
  const step = count > 1 ? (to - from) / (count - 1) : 0;
  const values = Array.from({ length: count }, (_, place) => from + step * place);
  return type === "int" || type === "uint" ? values.map((one) => exact(field, input, one)) : values;
}

/** The value of a field of another type: true, 0, 0101, [1, 2], 100ns. */
function worded(field, text) {
  const { input, type } = field.dataset;
  if (type === "bool") {
    if (!/^(true|false|0|1)$/.test(text)) throw new FieldError(field, `${input} must be true or false.`);
    return text === "true" || text === "1";
  }
  if (type === "bit" && !/^[01]+$/.test(text)) {
    throw new FieldError(field, `${input} must be bits, as 0101.`);
  }
  if (type === "bit" && text.length > 1) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
