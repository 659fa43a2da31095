// What the editor offers while one types: the words of the program's version, the gates that it
// includes, and what it declares.

import { plural } from "./answers.js";
import * as known from "./language.js";
import { syntaxTree } from "./vendor/editor/codemirror.js";

const { BUILT_IN, BUILT_IN_2, STDGATES, QELIB1 } = known;
const KINDS = [...known.TYPES, "let", "gate", "def", "opaque"].join("|");
const DECLARES = `\\b(${KINDS})(?:\\s*\\[[^;{]{0,200}?\\])?\\s+`;
const DECLARED = new RegExp(`${DECLARES}([\\p{L}_][\\p{L}\\p{N}_]*)`, "gu");
const DECLARING = new RegExp(`${DECLARES}$`);
const STATEMENT_BEGINS = /(?:^|[;{}@)])\s*$/;
const WORDS = "KEYWORDS TYPES LITERALS CONSTANTS FUNCTIONS".split(" ").flatMap((list) => known[list]).concat("sizeof");
const WORDS_2 = [...known.KEYWORDS_2, ...known.FUNCTIONS_2, "pi"];
const VERSION_2 = /^(?:\s|\/\/.*\n)*OPENQASM\s+2/;

function gateOptions(table) {
  return Object.entries(table).map(([label, [angles, qubits]]) => ({
    label,
    detail: [angles && plural(angles, "angle"), plural(qubits, "qubit")].filter(Boolean).join(", "),
  }));
}

/** What a program declares, for as long as its text looks like that. */
function declared(text) {
  const found = new Map([...text.matchAll(DECLARED)].map(([, kind, name]) => [name, kind]));
  return [...found].map(([label, detail]) => ({ label, detail, boost: 1 }));
}

/** Words that may stand here: those of the program's version, and the gates that it includes. */
export function completions(context) {
  const typed = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
  const from = typed ? typed.from : context.pos;
  if (!context.explicit && (!typed || typed.text.length < 2)) return null;
  const { state } = context;
  const inside = syntaxTree(state).resolveInner(from, -1).name;
  if (["comment", "literal", "meta"].includes(inside)) return null;
  const before = state.sliceDoc(state.doc.lineAt(from).from, from);
  if (DECLARING.test(before)) return null; // a new name
  const text = state.doc.toString();
  const old = VERSION_2.test(text);
  const words = (old ? WORDS_2 : WORDS).map((label) => ({ label }));
  const found = [...declared(text.slice(0, from)), ...words];
  if (STATEMENT_BEGINS.test(before)) {
    const included = (file, table) => text.includes(`"${file}"`) && table;
    const files = [included("stdgates.inc", STDGATES), included("qelib1.inc", QELIB1)];
    found.push(...gateOptions(Object.assign({}, old ? BUILT_IN_2 : BUILT_IN, ...files)));
  }
  const start = typed?.text.toLowerCase() ?? "";
  const fitting = found.filter(({ label }) => label.toLowerCase().startsWith(start));
  // What is complete needs no list, which would take the next Enter.
  const whole = typed && fitting.every(({ label }) => label.length === start.length);
  return whole ? null : { from, options: fitting };
}
