// What the buttons of the palette insert.

const ANGLES = new Set(["rx", "ry", "rz", "p"]);
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
const QUBIT = /(?<=^|[;}])\s*(?:qubit(?:\s*\[([^\]]*)\])?\s+|qreg\s+)([\p{L}_][\p{L}\p{N}_]*)\s*(?:\[([^\]]*)\])?\s*;/gmu;
const BIT = /(?<=^|[;}])\s*(?:bit(?:\s*\[[^\]]*\])?|creg)\s+([\p{L}_][\p{L}\p{N}_]*)/mu;
const QUBITS = { cx: 2, cz: 2, swap: 2, ccx: 3 };

/** A statement that calls a gate, measures or resets, on qubits and bits that the program has. */
export function statement(gate, program) {
  const code = program.replace(COMMENT, "");
  const declared = [...code.matchAll(QUBIT)];
  const qubits = declared.flatMap(([, size, name, old]) => {
    const most = /^\d+$/.test(size ?? old) ? Number(size ?? old) : 3;
    return size ?? old ? [0, 1, 2].slice(0, most).map((n) => `${name}[${n}]`) : name;
  });
  const [, , name = "q", old] = declared[0] ?? [];
  const [, bits = "c"] = BIT.exec(code) ?? [];
  if (gate === "measure") return old ? `measure ${name} -> ${bits};` : `${bits} = measure ${name};`;
  if (gate === "barrier") return `barrier ${name};`;
  const on = qubits.concat("q[0]", "q[1]", "q[2]").slice(0, QUBITS[gate] ?? 1);
  return `${gate}${ANGLES.has(gate) ? "(pi/2)" : ""} ${on.join(", ")};`;
}
