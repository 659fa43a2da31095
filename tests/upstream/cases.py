"""The smallest program for each thing that the plain libraries do wrongly.

The words for each are in README.md, under the same names. Key: what the specification says must
come out (None for a program that is not valid); what comes out instead; in which function.
"""

from __future__ import annotations

from dataclasses import dataclass

from language import HEADER

# What comes out instead. The first three are silent.
WRONG = "WRONG COUNTS"
SHAPE = "right but for the key's shape"
ACCEPTED = "accepted"  # a program that is not valid, and counts for it
CRASHED = "crashed"
REFUSED = "refused"  # a valid program, by accident, with a message that does not say why

IMPORTER = "qiskit-qasm3-import"
QISKIT = "qiskit"
AER = "qiskit-aer"


@dataclass(frozen=True)
class Case:
    """`says` is part of the message of a refusal."""

    program: str
    expected: dict[str, float] | None
    kind: str
    library: str
    function: str
    says: str = ""

    @property
    def text(self) -> str:
        return self.program if self.program.startswith("OPENQASM") else HEADER + self.program


ZERO, ONE = {"0": 1.0}, {"1": 1.0}
_COLLISION = "assemble_circuit, _assemble_op (aer_compiler.py)"


def _named(name: str, kind: str, says: str = "", function: str = _COLLISION) -> Case:
    """A gate of this name that flips its qubit."""
    program = f"gate {name} a {{ x a; }} qubit q; bit c; {name} q; c = measure q;"
    return Case(program, ONE, kind, AER, function, says)


def _named_pair(name: str, library: str, function: str) -> Case:
    """A gate of this name that flips the first of its qubits."""
    program = (
        f"gate {name} a, b {{ x a; }} qubit[2] q; bit[2] c; {name} q[0], q[1]; c = measure q;"
    )
    return Case(program, {"01": 1.0}, WRONG, library, function)


CASES = {
    # --- the importer
    "parameters are bound in the order of their names": Case(
        "gate g(b, a) x { rx(b) x; } qubit q; bit c; g(pi, 0) q; c = measure q;",
        ONE,
        WRONG,
        IMPORTER,
        "GateBuilder.__init__ (converter.py)",
    ),
    "a range that ends at -1 is empty": Case(
        "qubit[2] q; bit[2] c; x q[-2:-1]; c = measure q;",
        {"11": 1.0},
        WRONG,
        IMPORTER,
        "ValueResolver.visit_RangeDefinition (expression.py)",
    ),
    "a downward range that ends at 0 is empty": Case(
        "qubit[2] q; bit[2] c; x q[1:-1:0]; c = measure q;",
        {"11": 1.0},
        WRONG,
        IMPORTER,
        "ValueResolver.visit_RangeDefinition (expression.py)",
    ),
    "a range beyond the register is cut short": Case(
        "qubit[2] q; bit[2] c; x q[0:5]; c = measure q;",
        None,
        ACCEPTED,
        IMPORTER,
        "ValueResolver._index_collection (expression.py)",
    ),
    "a range that selects nothing is a gate on nothing": Case(
        "qubit[2] q; bit[2] c; x q[1:0]; c = measure q;",
        None,
        ACCEPTED,
        IMPORTER,
        "ConvertVisitor._broadcast_gate (converter.py)",
    ),
    "controlled U lacks the phase of half its theta": Case(
        "qubit[2] q; bit c; h q[0]; ctrl @ U(2 * pi, 0, 0) q[0], q[1]; h q[0]; c = measure q[0];",
        ZERO,
        WRONG,
        IMPORTER,
        "_BUILTINS (state.py)",
    ),
    "controlled u3 lacks its phase": Case(
        "qubit[2] q; bit c; h q[0]; ctrl @ u3(0, pi, pi) q[0], q[1]; h q[0]; c = measure q[0];",
        ONE,
        WRONG,
        IMPORTER,
        "_STDGATES (converter.py)",
    ),
    "integer division rounds down": Case(
        "qubit q; bit c; rx(pi * (-1 / 2)) q; c = measure q;",
        ZERO,
        WRONG,
        IMPORTER,
        "ValueResolver.visit_BinaryExpression (expression.py)",
    ),
    "a gate of one's own is taken for Qiskit's": Case(
        "OPENQASM 3.0; gate x a { } qubit q; bit c; x q; c = measure q;",
        ZERO,
        WRONG,
        IMPORTER,
        "GateBuilder.__call__ (converter.py)",
    ),
    "a number that does not fit equals a register": Case(
        "qubit q; bit[1] c; if (c == 2) { x q; } c = measure q;",
        ZERO,
        WRONG,
        IMPORTER,
        "resolve_condition (expression.py); assemble_circuit (aer_compiler.py)",
    ),
    "an infinite angle is an angle": Case(
        "qubit q; bit c; rx(1e400) q; c = measure q;",
        None,
        ACCEPTED,
        IMPORTER,
        "ValueResolver.visit_FloatLiteral (expression.py)",
    ),
    "NaN is an angle": Case(
        "qubit q; bit c; rx(1e308 * 10 - 1e308 * 10) q; c = measure q;",
        None,
        ACCEPTED,
        IMPORTER,
        "ValueResolver.visit_BinaryExpression (expression.py)",
    ),
    "one qubit is measured into two bits": Case(
        "qubit[2] q; bit[2] c; x q[0]; c = measure q[0];",
        None,
        ACCEPTED,
        IMPORTER,
        "ConvertVisitor.visit_QuantumMeasurementStatement (converter.py)",
    ),
    "the version is not looked at": Case(
        'OPENQASM 7.5; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;',
        None,
        ACCEPTED,
        IMPORTER,
        "ConvertVisitor.visit_Program (converter.py)",
    ),
    "no controls are controls": Case(
        "qubit q; bit c; ctrl(0) @ x q; c = measure q;",
        None,
        ACCEPTED,
        IMPORTER,
        "ConvertVisitor._apply_gate_modifier (converter.py)",
    ),
    "an alias is a register in the key": Case(
        "qubit q; bit[2] c; let high = c[1:1]; x q; c[0] = measure q;",
        {"01": 1.0},
        SHAPE,
        IMPORTER,
        "ConvertVisitor.visit_AliasStatement (converter.py)",
    ),
    "a slice in a condition is a register in the key": Case(
        "qubit q; bit[2] c; if (c[0:0] == 0) { x q; } c[0] = measure q;",
        {"01": 1.0},
        SHAPE,
        IMPORTER,
        "ConvertVisitor._resolve_condition (converter.py)",
    ),
    "a loop's variable is no index": Case(
        "qubit[2] q; bit[2] c; for int i in [0:1] { x q[i]; } c = measure q;",
        {"11": 1.0},
        REFUSED,
        IMPORTER,
        "ValueResolver._index_collection (expression.py)",
        "TypeError: index must be int, slice or list",
    ),
    "an annotation cannot even be refused": Case(
        "qubit q; bit c; @note\nbox { x q; } c = measure q;",
        ONE,
        REFUSED,
        IMPORTER,
        "ConvertVisitor._parse_annotation (converter.py)",
        "'Annotation' object has no attribute 'payload'",
    ),
    # --- Qiskit
    "the phase of a nested gate is bound once for all": Case(
        "gate f(t) x { gphase(t); } gate g(t) x { f(t) x; } qubit[2] q; bit c; h q[0]; "
        "ctrl @ g(0) q[0], q[1]; ctrl @ g(pi) q[0], q[1]; h q[0]; c = measure q[0];",
        ONE,
        WRONG,
        QISKIT,
        "QuantumCircuit.assign_parameters",
    ),
    "equal gates have different roots": Case(
        "qubit q; bit c; h q; pow(0.5) @ p(2 * pi) q; h q; c = measure q;",
        ZERO,
        WRONG,
        QISKIT,
        "PhaseGate.power, RXGate.power, ...",
    ),
    "parameters cannot be exchanged in a nested call": Case(
        "gate g(a, b) x { rx(a - b) x; } gate f(a, b) x { g(b, a) x; } "
        "qubit q; bit c; f(0, pi) q; c = measure q;",
        ONE,
        REFUSED,
        QISKIT,
        "ParameterExpression.subs",
        "Name conflict adding parameters",
    ),
    "a loop in a gate's body": Case(
        "gate g a { for int i in [0:0] { x a; } } qubit q; bit c; g q; c = measure q;",
        ONE,
        REFUSED,
        QISKIT,
        "HighLevelSynthesis (in Rust)",
        "PanicException",
    ),
    "bits outside of registers are cut off the key": Case(
        "qubit q; bit a; bit[1] b; x q; a = measure q;",
        {"0 1": 1.0},
        WRONG,
        QISKIT,
        "_separate_bitstring (result/postprocess.py)",
    ),
    "more qubits than a state vector could have": Case(
        "qubit[64] q; bit c; x q[63]; c = measure q[63];",
        ONE,
        REFUSED,
        AER,
        "AerSimulator.n_qubits (MAX_QUBITS_STATEVECTOR)",
        "CircuitTooWideForTarget",
    ),
    # --- names of gates
    "a gate named iswap": _named_pair("iswap", QISKIT, "BasisTranslator"),
    "a gate named ecr": _named_pair("ecr", AER, _COLLISION),
    "a gate named sxdg": _named("sxdg", WRONG),
    "a gate named kraus": _named("kraus", WRONG),
    "a gate named qerror_loc": _named("qerror_loc", WRONG),
    "a gate named diagonal": _named("diagonal", CRASHED),
    "a gate named multiplexer": _named("multiplexer", CRASHED),
    "a gate named roerror": _named("roerror", CRASHED),
    "a gate named initialize": Case(
        "gate initialize a { x a; } qubit[2] q; bit[2] c; initialize q[0]; c = measure q;",
        {"01": 1.0},
        CRASHED,
        AER,
        _COLLISION,
    ),
    "a gate named u": _named("u", REFUSED, 'Invalid operation "u"'),
    "a gate named pauli": _named("pauli", REFUSED, "invalid Pauli"),
    "a gate named unitary": _named("unitary", REFUSED, "IndexError: list index out of range"),
    "a gate named save_state": _named("save_state", REFUSED, "no attribute '_subtype'"),
    "a gate named if_else": _named("if_else", REFUSED, "must be converted to jump and mark"),
    "a gate named store": _named(
        "store", REFUSED, "IndexError: list index out of range", "OperationFromPython (in Rust)"
    ),
    "a gate named permutation": _named(
        "permutation", REFUSED, "PanicException", "ElidePermutations (in Rust)"
    ),
    # --- Aer's control flow
    "while as the last statement": Case(
        "qubit q; bit c; while (!c) { x q; c = measure q; }",
        ONE,
        REFUSED,
        AER,
        "truncation of a circuit (in C++)",
        'Invalid jump destination:"while_0_end"',
    ),
    "if as the last statement": Case(
        "qubit q; bit c; if (c) { c = measure q; }",
        ZERO,
        REFUSED,
        AER,
        "truncation of a circuit (in C++)",
        'Invalid jump destination:"if_0_end"',
    ),
    "if over qubits that are not measured": Case(
        "qubit[3] q; bit[2] c; if (c[0]) { x q[0]; } c[1] = measure q[1];",
        {"00": 1.0},
        REFUSED,
        AER,
        "truncation of a circuit (in C++)",
        "unordered_map::at",
    ),
    "a loop over the same value twice": Case(
        "qubit q; bit c; for int i in {1, 1} { x q; } c = measure q;",
        ZERO,
        REFUSED,
        AER,
        "AerCompiler._inline_for_loop_op (aer_compiler.py)",
        'Duplicated mark destination:"loop_0_1"',
    ),
}
