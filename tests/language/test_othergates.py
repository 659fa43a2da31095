"""Gates that stdgates.inc does not have: what a program that calls one is told."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import library
from qiskit.circuit.gate import Gate
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate as Gate_
from quantum_tasks.circuits.circuit import Operation, Unitary
from quantum_tasks.circuits.gates import STANDARD
from quantum_tasks.language import program
from quantum_tasks.language.othergates import DEFINITIONS
from quantum_tasks.parsing.mistakes import ProgramError

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
T, F, L = 0.7, 1.9, -0.4
GATES: dict[str, Gate] = {
    "c3sx": library.C3SXGate(),
    "c3x": library.C3XGate(),
    "c4x": library.C4XGate(),
    "ccz": library.CCZGate(),
    "cs": library.CSGate(),
    "csdg": library.CSdgGate(),
    "csx": library.CSXGate(),
    "cu3": library.CU3Gate(T, F, L),
    "cv": library.CSXGate(),
    "dcx": library.DCXGate(),
    "ecr": library.ECRGate(),
    "iswap": library.iSwapGate(),
    "r": library.RGate(T, F),
    "rccx": library.RCCXGate(),
    "rcccx": library.RC3XGate(),
    "rxx": library.RXXGate(T),
    "ryy": library.RYYGate(T),
    "rzx": library.RZXGate(T),
    "rzz": library.RZZGate(T),
    "sqrtx": library.SXGate(),
    "sxdg": library.SXdgGate(),
    "vdg": library.SXdgGate(),
    "vi": library.SXdgGate(),
    "xx": library.RXXGate(T),
    "xx_minus_yy": library.XXMinusYYGate(T, F),
    "xx_plus_yy": library.XXPlusYYGate(T, F),
    "yy": library.RYYGate(T),
    "zz": library.RZZGate(T),
}


def refusal(call: str, header: str = HEADER) -> ProgramError:
    with pytest.raises(ProgramError, match="is not defined") as caught:
        program.load(f"{header}qubit[5] q; bit c; {call}; c = measure q[0];", Bounds())
    return caught.value


def test_every_definition_is_compared_with_the_gate_that_it_is():
    assert GATES.keys() == DEFINITIONS.keys()
    assert not DEFINITIONS.keys() & STANDARD.keys()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_definition_that_is_offered_is_the_gate(name: str):
    """Qubits in superpositions of their own end in the same state as by Qiskit's gate."""
    gate = GATES[name]
    angles = f"({', '.join(map(repr, gate.params))})" if gate.params else ""
    qubits = ", ".join(f"q[{n}]" for n in range(gate.num_qubits))
    call = f"{name}{angles} {qubits}"
    hint = refusal(call).hint
    assert hint == f"define it: {DEFINITIONS[name]}"
    first = "".join(f"u3({n + 0.3}, {n + 0.5}, {n - 0.8}) q[{n}]; " for n in range(5))
    loaded = program.load(
        f"{HEADER}{hint.removeprefix('define it: ')} qubit[5] q; {first} {call};",
        Bounds(),
        observed=True,
    )
    ours, theirs = QuantumCircuit(5), QuantumCircuit(5)
    for operation in loaded.operations:
        ours.append(_qiskit(operation), list(operation.qubits))
    for n in range(5):
        theirs.append(library.U3Gate(n + 0.3, n + 0.5, n - 0.8), [n])
    theirs.append(gate, range(gate.num_qubits))
    state, expected = (Operator(circuit).data[:, 0] for circuit in (ours, theirs))
    assert abs(abs(np.vdot(state, expected)) - 1) < 1e-9


def _qiskit(operation: Operation) -> Gate:
    """One of our operations; what comes before the gate's own qubits controls it."""
    if isinstance(operation, Unitary):
        return library.UnitaryGate(operation.matrix)
    assert isinstance(operation, Gate_)
    if operation.name == "u":
        controlled = len(operation.qubits) == 2
        return (
            library.CUGate(*operation.params)
            if controlled
            else library.UGate(*operation.params[:3])
        )
    gate = get_standard_gate_name_mapping()[operation.name].base_class(*operation.params)
    controls = len(operation.qubits) - gate.num_qubits
    return gate.control(controls, annotated=False) if controls else gate


SAME = {"cnot": "cx", "CNOT": "cx", "toffoli": "ccx", "fredkin": "cswap", "cu1": "cp", "v": "sx"}


@pytest.mark.parametrize(("name", "same"), SAME.items())
def test_the_same_gate_is_named_where_it_has_another_name(name: str, same: str):
    assert f"write '{same}', which is the same gate" in (refusal(f"{name} q[0]").hint or "")


@pytest.mark.parametrize("name", ["sxdgs", "hh", "crxx", "swa", "tdgg", "rx2", "my_gate", "zzx"])
def test_no_hint_names_another_gate(name: str):
    defined = f"{HEADER}gate my_gat a {{ x a; }} gate rx3 a {{ x a; }} "
    assert refusal(f"{name} q[0]", defined).hint is None


@pytest.mark.parametrize(("written", "meant"), [("H", "h"), ("mygate", "My_Gate"), ("CX_", "cx")])
def test_a_name_that_differs_in_case_only_is_offered(written: str, meant: str):
    found = refusal(f"{written} q[0]", f"{HEADER}gate My_Gate a {{ x a; }} ")
    assert found.hint == f"did you mean '{meant}'?"


def test_several_controls_are_written_with_a_modifier():
    assert "ctrl(3) @ x a, b, c, d;" in (refusal("mcx q[0], q[1], q[2], q[3]").hint or "")


def test_without_stdgates_the_include_is_offered_first():
    bare = "OPENQASM 3.0;\n"
    assert refusal("h q[0]", bare).hint == 'add include "stdgates.inc"; after the version line'
    hint = refusal("sxdg q[0]", bare).hint
    assert hint == 'add include "stdgates.inc"; and define it: gate sxdg a { inv @ sx a; }'
