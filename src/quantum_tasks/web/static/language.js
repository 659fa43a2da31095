// What makes CodeMirror an editor of OpenQASM 3 and 2: its words, colours, looks. The lists are JSON,
// and a test holds them equal to the service's own.

import { family } from "./columns.js";
import * as cm from "./vendor/editor/codemirror.js";

// How many angles and qubits a gate takes: the built-in ones of versions 3 and 2, then the files'.
export const BUILT_IN = {"U": [3, 1]};
export const BUILT_IN_2 = {"U": [3, 1], "CX": [0, 2]};
export const STDGATES = {
  "x": [0, 1], "y": [0, 1], "z": [0, 1], "h": [0, 1], "s": [0, 1], "sdg": [0, 1], "t": [0, 1],
  "tdg": [0, 1], "sx": [0, 1], "p": [1, 1], "rx": [1, 1], "ry": [1, 1], "rz": [1, 1], "cx": [0, 2],
  "cy": [0, 2], "cz": [0, 2], "ch": [0, 2], "cp": [1, 2], "crx": [1, 2], "cry": [1, 2],
  "crz": [1, 2], "swap": [0, 2], "ccx": [0, 3], "cswap": [0, 3], "cu": [4, 2], "CX": [0, 2],
  "phase": [1, 1], "cphase": [1, 2], "id": [0, 1], "u1": [1, 1], "u2": [2, 1], "u3": [3, 1]
};
export const QELIB1 = {
  "u": [3, 1], "u0": [1, 1], "u1": [1, 1], "u2": [2, 1], "u3": [3, 1], "id": [0, 1], "x": [0, 1],
  "y": [0, 1], "z": [0, 1], "h": [0, 1], "s": [0, 1], "sdg": [0, 1], "t": [0, 1], "tdg": [0, 1],
  "sx": [0, 1], "sxdg": [0, 1], "p": [1, 1], "rx": [1, 1], "ry": [1, 1], "rz": [1, 1], "cx": [0, 2],
  "cy": [0, 2], "cz": [0, 2], "ch": [0, 2], "csx": [0, 2], "cp": [1, 2], "cu1": [1, 2],
  "cu3": [3, 2], "cu": [4, 2], "crx": [1, 2], "cry": [1, 2], "crz": [1, 2], "rxx": [1, 2],
  "rzz": [1, 2], "swap": [0, 2], "ccx": [0, 3], "cswap": [0, 3], "rccx": [0, 3], "rc3x": [0, 4],
  "c3x": [0, 4], "c3sqrtx": [0, 4], "c4x": [0, 5]
};

// The other words of version 3, then of version 2.
export const KEYWORDS = [
  "OPENQASM", "include", "defcalgrammar", "def", "cal", "defcal", "gate", "opaque", "extern", "box",
  "let", "break", "continue", "if", "else", "end", "return", "for", "while", "in", "switch", "case",
  "default", "pragma", "input", "output", "const", "readonly", "mutable", "gphase", "inv", "pow",
  "ctrl", "negctrl", "durationof", "delay", "reset", "measure", "barrier"
];
export const TYPES = [
  "qubit", "qreg", "bit", "creg", "bool", "int", "uint", "float", "angle", "complex", "array",
  "void", "duration", "stretch"
];
export const LITERALS = ["true", "false", "im"];
export const CONSTANTS = ["pi", "π", "tau", "τ", "euler", "ℇ"];
export const FUNCTIONS = [
  "arccos", "arcsin", "arctan", "ceiling", "cos", "exp", "floor", "imag", "log", "mod", "popcount",
  "real", "rotl", "rotr", "sin", "sqrt", "tan"
];
export const KEYWORDS_2 = [
  "OPENQASM", "include", "qreg", "creg", "gate", "opaque", "if", "measure", "reset", "barrier"
];
export const FUNCTIONS_2 = ["sin", "cos", "tan", "exp", "ln", "sqrt"];

const keywords = new Set(KEYWORDS);
const types = new Set(TYPES);
const literals = new Set([...LITERALS, ...CONSTANTS]);
const functions = new Set([...FUNCTIONS, ...FUNCTIONS_2, "sizeof"]);
const gates = new Set([BUILT_IN, BUILT_IN_2, STDGATES, QELIB1].flatMap(Object.keys));

// Colours

const INTEGER = /^0(?:[xX][\da-fA-F_]+|[bB][01_]+|o[0-7_]+)/;
const NUMBER = /^(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?/;
const UNIT = /^\s*(?:dt|[num]?s|µs|im)(?!\w)/;
const NAME = /^[\p{L}_][\p{L}\p{N}_]*/u;
// A gate's name is also a good name for a variable: what follows tells a call.
const CALL = /^\s*(?:\(|(?!in\b)[\p{L}_$])/u;

function token(stream, state) {
  if (stream.eatSpace()) return null;
  if (state.comment || stream.match("/*")) {
    state.comment = !stream.match(/^.*?\*\//);
    if (state.comment) stream.skipToEnd();
    return "comment";
  }
  if (stream.match("//")) return stream.skipToEnd(), "comment";
  if (stream.match(/^(?:@(?=[\p{L}_])|#?pragma\b)/u)) return stream.skipToEnd(), "meta";
  if (stream.match(/^"[^"]*"?/)) return "literal";
  if (stream.match(INTEGER)) return "literal";
  if (stream.match(NUMBER)) return stream.match(UNIT), "literal";
  if (stream.match(/^\$\d+/)) return "hardware";
  if (stream.match("#dim")) return "keyword";
  if (stream.match("->")) return "measure";
  const name = stream.match(NAME);
  if (name) return word(name[0], stream, state);
  const character = stream.next();
  if (character === "{") state.depth += 1;
  if (character === "}") state.depth = Math.max(0, state.depth - 1);
  state.declares = false;
  return null;
}

function word(name, stream, state) {
  if (state.declares) {
    state.declares = false;
    state.own = new Set(state.own).add(name); // earlier lines keep theirs
    return "own";
  }
  if (keywords.has(name)) {
    state.declares = ["gate", "def", "opaque"].includes(name);
    const drawn = family(name);
    return drawn === "own" ? "keyword" : drawn;
  }
  if (types.has(name)) return "keyword";
  if (literals.has(name)) return "literal";
  if (!stream.match(CALL, false)) return null;
  if (state.own.has(name)) return "own";
  if (gates.has(name)) return family(name);
  return functions.has(name) ? "function" : null;
}

const STYLES = {
  comment: { color: "var(--quiet)", fontStyle: "italic" },
  meta: { color: "var(--quiet)" },
  literal: { color: "var(--literal, light-dark(#0a6648, #7fd8b4))" },
  keyword: { color: "var(--accent)" },
  function: { fontStyle: "italic" },
  hardware: { fontWeight: "600" },
  h: { color: "var(--gate-h, light-dark(#9a4600, #ffb077))" },
  pauli: { color: "var(--gate-pauli, light-dark(#1d5fc4, #82b4ff))" },
  phase: { color: "var(--gate-phase, light-dark(#0b6b74, #63d2de))" },
  rotation: { color: "var(--gate-rotation, light-dark(#8430c4, #cf9fff))" },
  swap: { color: "var(--gate-swap, light-dark(#b0246e, #ff94c2))" },
  measure: { color: "var(--gate-measure, light-dark(#5a5f00, #d6dc6a))" },
  own: { color: "var(--gate-own, light-dark(#6d5334, #dcc3a0))" },
};
const tags = Object.fromEntries(Object.keys(STYLES).map((name) => [name, cm.Tag.define()]));

const colours = cm.HighlightStyle.define(
  Object.entries(STYLES).map(([name, style]) => ({ tag: tags[name], ...style })),
);

const openqasm = cm.StreamLanguage.define({
  startState: () => ({ comment: false, declares: false, depth: 0, own: new Set() }),
  token,
  indent: (state, after, context) =>
    context.unit * Math.max(0, state.depth - (after.startsWith("}") ? 1 : 0)),
  tokenTable: tags,
  languageData: {
    commentTokens: { line: "//", block: { open: "/*", close: "*/" } },
    closeBrackets: { brackets: ["(", "[", "{", '"'] },
    indentOnInput: /^\s*\}$/,
  },
});

// The editor around it

/** Words that may stand here; their module is loaded at the first letter. Where there are none, the answer
 *  is an empty list: after null, CodeMirror would ignore what was typed while it waited. */
const completions = async (context) =>
  (await import("./completion.js")).completions(context) ?? { from: context.pos, options: [] };

/** Effect: these lines have a soft background. */
export const mark = cm.StateEffect.define();
const soft = cm.Decoration.line({ class: "cm-marked" });
const markedLines = cm.StateField.define({
  create: () => cm.Decoration.none,
  update(marks, { state, changes, effects }) {
    const effect = effects.find((effect) => effect.is(mark));
    if (!effect) return marks.map(changes);
    const lines = effect.value.filter((line) => line >= 1 && line <= state.doc.lines);
    return cm.Decoration.set(lines.map((line) => soft.range(state.doc.line(line).from)), true);
  },
  provide: (field) => cm.EditorView.decorations.from(field),
});

const tinted = (share) => `color-mix(in srgb, var(--accent) ${share}%, transparent)`;
const TRIANGLE = "polygon(0 100%, 50% 0, 100% 100%)";
const WARNING = "var(--warning, light-dark(#8a5a00, #e9bd5b))";
const wavy = (colour) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour} 1.5px`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});

const coarse = matchMedia("(pointer: coarse)").matches;
const SHOWN = coarse ? 5 : 9; // completions

/** The looks of a text area. Its left padding is where the gutters go, if it is wide enough. */
function looks(style) {
  const { paddingTop: above, paddingRight: right, paddingBottom: below, paddingLeft } = style;
  const room = parseFloat(paddingLeft) >= 40 ? paddingLeft : "auto";
  return cm.EditorView.theme({
    "&.cm-editor": {
      padding: "0",
      border: `${style.borderTopWidth} solid var(--field-line, var(--line))`,
      borderRadius: style.borderTopLeftRadius,
      background: "var(--card, Canvas)",
      color: "var(--text)",
      fontSize: coarse ? `max(16px, ${style.fontSize})` : style.fontSize, // or phones zoom in
      resize: style.resize,
      overflow: "hidden",
    },
    "&.cm-editor.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
    ".cm-scroller": { fontFamily: style.fontFamily, lineHeight: style.lineHeight },
    ".cm-content": { padding: `${above} 0 ${below}`, caretColor: "var(--text)" },
    ".cm-line": { padding: `0 ${right} 0 ${room === "auto" ? "0.5em" : "0"}` },
    ".cm-gutters": { width: room, justifyContent: "flex-end", border: "none" },
    "& .cm-gutters": { background: "var(--card, Canvas)", color: "var(--quiet)" },
    ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.75em 0 0", minWidth: "0" },
    ".cm-gutter-lint": { width: "1em" },
    ".cm-gutter-lint .cm-gutterElement": { display: "grid", placeItems: "center", padding: "0" },
    ".cm-lint-marker": { content: "normal", width: "0.6em", height: "0.6em" },
    ".cm-lint-marker-error": { borderRadius: "50%", background: "var(--failure)" },
    ".cm-lint-marker-warning": { clipPath: TRIANGLE, background: WARNING },
    ".cm-activeLine": { background: "none" },
    "&.cm-focused .cm-activeLine": { background: tinted(6) },
    ".cm-line.cm-marked, &.cm-focused .cm-line.cm-marked": { background: tinted(16) },
    "&.cm-focused .cm-matchingBracket": { background: tinted(25) },
    "&.cm-focused .cm-nonmatchingBracket": { background: "none", color: "var(--failure)" },
    ".cm-placeholder": { color: "var(--quiet)" },
    ".cm-lintRange-error": wavy("var(--failure)"),
    ".cm-lintRange-warning": wavy(WARNING),
    ".cm-lintPoint:after": { borderBottomColor: "var(--failure)" },
    ".cm-tooltip": {
      maxWidth: "min(34rem, 92vw)",
      border: "1px solid var(--line)",
      borderRadius: "4px",
      background: "var(--card, Canvas)",
      color: "var(--text)",
      boxShadow: "0 4px 16px rgb(0 0 0 / 0.18)",
      overflowWrap: "anywhere",
    },
    ".cm-diagnostic": { padding: "8px 12px", font: "0.875rem/1.4 system-ui, sans-serif" },
    ".cm-diagnostic-error": { borderLeft: "4px solid var(--failure)" },
    ".cm-diagnostic-warning": { borderLeft: `4px solid ${WARNING}` },
    ".problem-hint, .problem-code": { color: "var(--quiet)" },
    ".problem-code": { fontSize: "0.75rem" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "none" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
      display: "flex",
      justifyContent: "space-between",
      gap: "2em",
      padding: "0 8px",
      lineHeight: coarse ? "44px" : "24px",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
      background: "var(--accent)",
      color: "var(--on-accent, Canvas)",
    },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
    ".cm-completionDetail": { margin: "0", fontStyle: "normal", fontSize: "0.85em" },
  });
}

/** A message, and its hint and code if it has them. */
export function explanation({ message, hint, code }) {
  const box = document.createElement("div");
  for (const [name, text] of Object.entries({ message, hint: hint && `Hint: ${hint}`, code })) {
    if (!text) continue;
    const part = document.createElement("div");
    part.className = `problem-${name}`;
    part.textContent = text;
    box.append(part);
  }
  return box;
}

/** All that an editor in the place of a text area has. */
export function extensions(textarea, nonce, wrong) {
  const { id, className, placeholder } = textarea;
  const described = textarea.getAttribute("aria-describedby");
  return [
    cm.EditorView.cspNonce.of(nonce),
    cm.EditorView.editorAttributes.of({ id, class: className }),
    cm.EditorView.contentAttributes.of(() => ({
      tabindex: "0",
      "aria-label": "Program",
      "aria-invalid": String(wrong()),
      ...(described && { "aria-describedby": described }),
    })),
    looks(getComputedStyle(textarea)),
    cm.placeholder(placeholder),
    cm.lintGutter(),
    cm.lineNumbers(),
    cm.highlightActiveLine(),
    cm.highlightSpecialChars(),
    cm.history(),
    cm.bracketMatching(),
    cm.closeBrackets(),
    cm.indentOnInput(),
    cm.indentUnit.of("  "),
    cm.EditorState.tabSize.of(parseInt(getComputedStyle(textarea).tabSize, 10)),
    cm.syntaxHighlighting(colours),
    // So few that nothing scrolls: what scrolls must be reached by keyboard, says axe.
    cm.autocompletion({ override: [completions], icons: false, maxRenderedOptions: SHOWN }),
    openqasm,
    markedLines,
  ];
}
