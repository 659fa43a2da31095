"""The methods that a task may ask for: each gives the right counts, and the same for a seed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import oracle
import pytest
from circuits.random_circuits import CLIFFORD, GATES, circuit
from engines import simulation
from engines.simulation import assert_distributed, simulate, simulated
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator
from service import STDGATES

from quantum_tasks.capability import OPTIONAL
from quantum_tasks.circuits.circuit import Gate
from quantum_tasks.circuits.decomposition import few_phases
from quantum_tasks.circuits.gates import Basic, Controlled, Sequence
from quantum_tasks.engines.aer.controller import Controller
from quantum_tasks.engines.aer.library import usual_config
from quantum_tasks.tasks import Method, Options

METHODS = [
    (Method.AUTOMATIC, tuple(GATES)),
    (Method.STATEVECTOR, tuple(GATES)),
    (Method.DENSITY_MATRIX, tuple(GATES)),
    (Method.MATRIX_PRODUCT_STATE, tuple(GATES)),
    (Method.STABILIZER, CLIFFORD),
    (Method.EXTENDED_STABILIZER, CLIFFORD),
]
GOES_ON = {
    "a reset": "h q; cx q[0], q[1]; reset q[0]; h q[2]; c = measure q;",
    "a measurement": "h q[0]; c[0] = measure q[0]; cx q[0], q[1]; h q[0]; c[2] = measure q[1];",
    "a branch": "h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; else h q[2]; c = measure q;",
    "a loop": "bit d = 1; while (d) { h q[0]; d = measure q[0]; x q[1]; } c = measure q;",
}


@pytest.fixture(autouse=True)
def aer_alone() -> Iterator[None]:
    """Aer is what the other engines are held against: here they do not run."""
    before = simulation.DISABLED.copy()
    simulation.DISABLED.update(OPTIONAL)
    yield
    simulation.DISABLED.clear()
    simulation.DISABLED.update(before)


def counts_of(qc: str, method: Method, shots: int = 4000, seed: int = 1) -> dict[str, int]:
    counts, _ = simulated(qc, shots, seed, Options(method=method))
    found: dict[str, int] = json.loads(counts)
    return found


@pytest.mark.parametrize(("method", "names"), METHODS)
def test_counts_are_distributed_as_qiskits_state_says(method, names):
    for seed in range(8):
        made = circuit(seed, 1 + seed % 5, 14, names)
        expected = Statevector(made.qiskit).probabilities_dict()
        assert_distributed(counts_of(made.program(), method), expected)


def test_an_extended_stabilizer_is_about_right_whatever_the_gates():
    for seed in range(8):
        made = circuit(seed, 4, 12)
        counts = counts_of(made.program(), Method.EXTENDED_STABILIZER, 20_000)
        expected = Statevector(made.qiskit).probabilities_dict()
        keys = {*counts, *expected}
        off = sum(abs(counts.get(key, 0) / 20_000 - expected.get(key, 0.0)) for key in keys) / 2
        assert off < 0.06, seed


def test_an_extended_stabilizer_finds_what_is_rare_rare():
    lines = "h q; p(0.2) q; h q; c[0] = measure q; reset q; c[1] = measure q;"
    counts = counts_of(f"{STDGATES}qubit q; bit[2] c; {lines}", Method.EXTENDED_STABILIZER, 40)
    assert set(counts) <= {"00", "01"}
    assert counts["00"] >= 34  # of 39.6


@pytest.mark.parametrize("text", GOES_ON.values(), ids=GOES_ON)
@pytest.mark.parametrize("method", [m for m in Method if m is not Method.EXTENDED_STABILIZER])
def test_every_method_goes_on_after_a_measurement(method, text):
    qc = f"{STDGATES}qubit[3] q; bit[3] c; {text}"
    reference = counts_of(qc, Method.AUTOMATIC, 1_000_000, 7)
    expected = {key: times / 1_000_000 for key, times in reference.items() if times > 200}
    assert_distributed(
        {key: times for key, times in counts_of(qc, method).items() if key in expected}, expected
    )


def test_a_density_matrix_takes_gates_with_many_controls():
    lines = (
        "h q; ctrl(4) @ ry(0.7) q[3], q[1], q[0], q[4], q[2]; "
        "ctrl(3) @ sx q[0], q[2], q[4], q[1]; ctrl(2) @ h q[3], q[4], q[0]; "
        "ctrl(3) @ swap q[0], q[1], q[2], q[3], q[4]; "
        "ctrl @ U(0.3, 0.4, 0.5) q[1], q[3]; ctrl(4) @ gphase(0.9) q[0], q[1], q[2], q[3]; "
        "pow(0.5) @ swap q[0], q[3]; ctrl(2) @ y q[2], q[3], q[0]; h q; c = measure q;"
    )
    qc = f"{STDGATES}qubit[5] q; bit[5] c; {lines}"
    reference = counts_of(qc, Method.AUTOMATIC, 100_000_000)
    expected = {key: times / 100_000_000 for key, times in reference.items()}
    assert_distributed(counts_of(qc, Method.DENSITY_MATRIX, 10_000), expected)


@pytest.mark.parametrize("method", [*Method])
def test_the_seed_decides(method):
    turn = "" if method is Method.STABILIZER else "t q[0]; h q[0];"
    qc = f"{STDGATES}qubit[4] q; bit[4] c; h q; {turn} c = measure q;"
    assert counts_of(qc, method, 500, 1) == counts_of(qc, method, 500, 1)
    assert counts_of(qc, method, 500, 1) != counts_of(qc, method, 500, 2)


def test_a_method_that_was_asked_for_is_the_one_that_aer_runs(monkeypatch):
    asked = []
    execute = Controller.execute

    def noted(self, circuit, options, *rest):
        asked.append(options["method"])
        return execute(self, circuit, options, *rest)

    monkeypatch.setattr(Controller, "execute", noted)
    qc = f"{STDGATES}qubit[3] q; bit[3] c; h q; c = measure q;"
    for method in [*Method][1:]:
        counts_of(qc, method)
    assert asked == [*Method][1:]


# Every gate of ours under no, one and more controls, on four entangled qubits.
_GATES = [
    *("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "inv @ sx", "id", "pow(0.3) @ h"),
    *("p(0.7)", "rx(0.7)", "ry(0.7)", "rz(0.7)"),
    *("U(0.7, 0.4, 1.1)", "u2(0.4, 1.1)", "u3(0.7, 0.4, 1.1)"),
]
_CONTROLS = {"": 0, "ctrl @ ": 1, "negctrl @ ": 1, "ctrl(2) @ ": 2, "ctrl(3) @ ": 3}


def entangled(call: str) -> str:
    return (
        "qubit[4] q; bit[4] c; ry(0.4) q[0]; ry(0.9) q[1]; ry(1.3) q[2]; ry(2) q[3]; "
        "cx q[0], q[3]; cz q[1], q[2]; rz(0.3) q; "
        f"{call} rx(0.8) q; c = measure q;"
    )


def calls() -> list[str]:
    found = []
    for controls, count in _CONTROLS.items():
        qubits = [f"q[{place}]" for place in range(3, -1, -1)]
        found += [f"{controls}{gate} {', '.join(qubits[: count + 1])};" for gate in _GATES]
        if count < 3:
            found.append(f"{controls}swap {', '.join(qubits[: count + 2])};")
    return found


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
@pytest.mark.parametrize("call", calls())
def test_every_gate_is_right_by_every_method(call, method):
    text = STDGATES + entangled(call)
    assert_distributed(simulate(text, shots=2048, method=method), oracle.distribution(text))


@pytest.mark.parametrize(
    "call",
    [
        *(f"{name} q[1];" for name in ("x", "y", "z", "h", "s", "sdg", "sx")),
        *(
            f"{name}({quarters} * pi / 2) q[1];"
            for name in ("p", "rx", "ry", "rz")
            for quarters in (-3, -1, 1, 2, 3)
        ),
        "U(pi / 2, 0, pi) q[2];",
        "U(pi / 2, -pi / 2, pi / 2) q[2];",
        "u3(3 * pi / 2, pi / 2, pi) q[0];",
        "inv @ sx q[0];",
        "cx q[0], q[2];",
        "cy q[0], q[2];",
        "cz q[0], q[2];",
        "cp(pi) q[0], q[2];",
        "cp(0) q[0], q[2];",
        "cp(2 * pi) q[0], q[2];",
        "ctrl @ p(-pi) q[0], q[1];",
        "negctrl @ x q[0], q[1];",
        "swap q[0], q[1];",
    ],
)
def test_every_clifford_gate_is_right_on_a_tableau(call):
    text = STDGATES + (
        "qubit[3] q; bit[3] c; h q[0]; cx q[0], q[1]; s q[1]; h q[2]; cz q[1], q[2]; sx q[0]; "
        f"{call} h q[1]; s q[0]; h q[0]; h q[2]; c = measure q;"
    )
    assert_distributed(simulate(text, shots=2048, method="stabilizer"), oracle.distribution(text))


@pytest.mark.parametrize("name", ["x", "y", "z", "h", "s", "sx", "sxdg", "t", "tdg", "swap"])
@pytest.mark.parametrize("controls", [0, 1, 2])
def test_phases_and_clifford_gates_make_any_gate(name, controls):
    check_phases(Basic(name), controls)


@pytest.mark.parametrize("name", ["p", "rx", "ry", "rz", "u"])
@pytest.mark.parametrize("angle", [0.7, np.pi / 2, np.pi, -np.pi / 2, 2 * np.pi, 0.0])
def test_phases_and_clifford_gates_make_any_angle(name, angle):
    params = (angle, 0.4, angle, 0.2) if name == "u" else (angle,)
    for controls in (0, 1, 2):
        check_phases(Basic(name, params), controls)


def check_phases(basic: Basic, controls: int) -> None:
    whole = Controlled(basic, (True,) * controls) if controls else basic
    gate = Gate(basic.name, tuple(range(whole.qubits)), basic.params)
    nodes = []
    for part in few_phases(gate):
        inner = Basic(part.name, part.params)
        own = len(part.qubits) - inner.qubits
        assert not own or part.name in ("x", "z")
        nodes.append((Controlled(inner, (True,) * own) if own else inner, part.qubits))
    found = Sequence(whole.qubits, nodes).matrix
    overlap = np.vdot(whole.matrix, found) / len(found)
    assert abs(overlap) == pytest.approx(1.0, abs=1e-9)


def test_it_is_asked_for_what_aersimulator_asks_for():
    config = usual_config()
    options = AerSimulator().options.__dict__
    known = {name: value for name, value in options.items() if hasattr(config, name)}
    del known["max_memory_mb"]
    wanted = {name: value for name, value in known.items() if value is not None}
    assert len(wanted) > 20
    assert {name: getattr(config, name) for name in wanted} == wanted


_WITHOUT_QISKIT = """
import sys
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.language import program
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm
loaded = program.load(sys.stdin.read(), Bounds())
noise = Noise(depolarizing=Depolarizing(p1=0.1), readout=0.1)
values = [[PauliTerm("ZZ")]]
simulator = Simulator(1024, 2**20, engines=["aer"])
for method in Method:
    noisy = None if method == "extended_stabilizer" else noise
    simulator.run(loaded, 100, 1, Options(method=method, noise=noisy, observables=values))
simulator.run(loaded, 0, None, Options(observables=values))
print([name for name in ("qiskit", "qiskit_aer", "scipy", "qsimcirq") if name in sys.modules])

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError
circuit = QuantumCircuit(1, name="as usual")
circuit.measure_all()
model = NoiseModel()
model.add_all_qubit_readout_error(ReadoutError([[0, 1], [1, 0]]))
result = AerSimulator(noise_model=model).run(circuit, shots=10).result()
print(result.get_counts(), result.results[0].header["name"])
"""


def test_a_child_imports_no_qiskit_and_what_does_so_later_is_not_disturbed():
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_QISKIT],
        input=STDGATES + "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["[]", "{'1': 10} as usual"]
