// The gates and words of OpenQASM. The lists are JSON, and a test holds them equal to the service's
// own.

// Which share a colour in the editor, the drawing and the bars: --gate-h and so on.
const FAMILIES = {
  "h": "h sx sxdg ch csx c3sqrtx",
  "pauli": "x y z id cx CX cy cz ccx c3x c4x rccx rc3x u0",
  "phase": "s sdg t tdg p u1 phase gphase cp cphase cu1",
  "rotation": "rx ry rz rxx rzz u u2 u3 U crx cry crz cu cu3",
  "swap": "swap cswap",
  "measure": "measure reset"
};

const familyOf = new Map(
  Object.entries(FAMILIES).flatMap(([name, gates]) => gates.split(" ").map((gate) => [gate, name])),
);

/** The family of a gate by its name, also as drawn ("s†", "x^2"); "own" for a program's own. */
export function family(name) {
  return familyOf.get(name.replace(/[†^].*$/, "")) ?? "own";
}

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
