"""Circuits for pages that draw them: what a program does, in its own words and order."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from language import table
from language.version2 import PROGRAMS as VERSION_2
from oracle.gates import apply
from pictures.acting import Acting
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate, Program
from quantum_tasks.circuits.gates import Basic, Controlled
from quantum_tasks.circuits.outline import CONTROLLED
from quantum_tasks.language import program
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import Source
from quantum_tasks.language.statements.gatecalls import KNOWN
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.pictures.outline import angle, outline
from quantum_tasks.pictures.steps import Circuit, Step

EVERYTHING = [
    found if isinstance(found, str) else found[0]
    for found in (*table("PROGRAMS").values(), *VERSION_2.values())
]
PARTS = 8
# What stands where a step's statement begins, by the kind of the step.
WORDS = {
    "measure": r"(?s:.*?)measure",
    "reset": "reset",
    "barrier": "barrier",
    "gate": r"ctrl|negctrl|inv|pow|gphase|delay|if|U|CX|[^\W\d]\w*",
}


def circuit(qc: str, **parameters: object) -> Circuit:
    source = Source(qc)
    source.program(Bounds(), Given(parameters), observed=True)
    return outline(source, Bounds())


def every(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from every(step.steps)
        yield from every(step.otherwise)


def shown(qc: str) -> list[str]:
    """The steps as JSON, without their places."""

    def bare(step: Step) -> Step:
        inside = {name: [*map(bare, getattr(step, name))] for name in ("steps", "otherwise")}
        return msgspec.structs.replace(step, line=0, column=0, **inside)

    encoded = [msgspec.json.encode(bare(step)).decode() for step in circuit(qc).steps]
    return [text.replace('"', "").replace("kind:", "")[1:-1] for text in encoded]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_step_has_the_place_of_its_statement(part):
    for program_ in EVERYTHING[part::PARTS]:
        look_at_places(program_)


def look_at_places(qc: str) -> None:
    drawn = circuit(qc)
    lines = qc.split("\n")
    assert drawn.qubits or drawn.left_out
    for step in every(drawn.steps):
        at = "\n".join([lines[step.line - 1][step.column - 1 :], *lines[step.line :]])
        while at.startswith("@"):  # an annotation, which belongs to the statement below
            at = at.partition("\n")[2].lstrip()
        assert re.match(WORDS.get(step.kind, r"\S"), at), (step, at)
        for wire in (*step.qubits, *step.controls):
            assert 0 <= wire < len(drawn.qubits)
        assert set(step.open) <= set(step.controls)
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=Circuit) == drawn


# What is drawn


def test_gates_have_their_names_angles_and_controls():
    lines = shown(
        STDGATES + "qubit[3] q; gate mine(t) a, b { rx(t) a; cx a, b; }"
        "h q[0]; cx q[0], q[1]; ccx q[2], q[1], q[0]; cswap q[0], q[1], q[2]; rx(pi/2) q[1];"
        "cp(-3*pi/4) q[0], q[2]; U(0.25, 0, 2*pi) q[0]; mine(0.1) q[2], q[0]; gphase(pi);"
        "negctrl @ ctrl @ inv @ s q[1], q[2], q[0]; ctrl(2) @ pow(0.5) @ x q[0], q[1], q[2];"
        "CX q[1], q[0];"
    )
    assert lines == [
        "gate,name:h,qubits:[0]",
        "gate,name:x,qubits:[1],controls:[0]",
        "gate,name:x,qubits:[0],controls:[2,1]",
        "gate,name:swap,qubits:[1,2],controls:[0]",
        "gate,name:rx,text:π/2,qubits:[1]",
        "gate,name:p,text:-3π/4,qubits:[2],controls:[0]",
        "gate,name:U,text:0.25, 0, 2π,qubits:[0]",
        "gate,name:mine,text:0.1,qubits:[2,0]",
        "gate,name:gphase,text:π",
        "gate,name:s†,qubits:[0],controls:[1,2],open:[1]",
        "gate,name:x^0.5,qubits:[2],controls:[0,1]",
        "gate,name:x,qubits:[0],controls:[1]",
    ]


def test_blocks_are_steps_with_steps_in_them():
    assert shown(
        STDGATES + "qubit[2] q; bit[2] c; bit d; def f(qubit a) -> bit { h a; return measure a; }"
        "c = measure q; if (c == 2) x q[0]; else { z q[0]; if (!c[0]) reset q[1]; }"
        "d = f(q[1]); while (d) d = measure q[0]; box { x q[0]; } barrier q; d = c[0] & c[1];"
    ) == [
        "measure,qubits:[0],bit:[0,0]",
        "measure,qubits:[1],bit:[0,1]",
        "if,text:c == 2,reads:[0],steps:[{gate,name:x,qubits:[0]}],otherwise:["
        "{gate,name:z,qubits:[0]},{if,text:!c[0],reads:[0],steps:[{reset,qubits:[1]}]}]",
        "call,text:f,steps:[{gate,name:h,qubits:[1]},{measure,text:t0,qubits:[1]}]",
        "set,text:d = t0,bit:[1,0]",
        "while,text:d,reads:[1],steps:[{measure,qubits:[0],bit:[1,0]}]",
        "call,text:box,steps:[{gate,name:x,qubits:[0]}]",
        "barrier,qubits:[0,1]",
        "set,text:d = c == 3,bit:[1,0],reads:[0]",
    ]


def test_a_statement_on_registers_is_a_step_for_each_qubit_with_the_same_place():
    qc = "OPENQASM 3.0;\nqubit[3] q;\n  U(0, 0, 0) q;\nfor int i in [0:1] { reset q[i]; }"
    drawn = circuit(qc)
    places = [(step.line, step.column, step.qubits) for step in drawn.steps]
    assert places == [*((3, 3, [n]) for n in range(3)), (4, 22, [0]), (4, 22, [1])]


def test_a_measured_index_is_a_choice():
    drawn = circuit(
        STDGATES + "qubit[3] q; bit[1] c; int[4] n; c[0] = measure q[0];"
        "if (c[0]) { n = 1; } x q[n];"
    )
    names = [(step.kind, [inner.qubits for inner in every(step.steps)]) for step in drawn.steps]
    assert ("if", [[1]]) in names or ("if", [[0]]) in names


def test_names_of_wires_and_registers():
    drawn = circuit(
        "OPENQASM 3.0; qubit a; qubit[2] q; bit b; bit[2] c; let both = q; "
        "reset $3; reset both; c = measure q; b = measure a;"
    )
    assert drawn.qubits == ["a", "q[0]", "q[1]", "$3"]
    assert [(register.name, register.size) for register in drawn.registers] == [("b", 1), ("c", 2)]


def test_of_many_qubits_only_those_in_use_are_drawn():
    drawn = circuit("OPENQASM 3.0; qubit[500] q; bit c; reset q[7]; c = measure q[499];")
    assert drawn.qubits == ["q[7]", "q[499]"]
    assert [step.qubits for step in drawn.steps] == [[0], [1]]


@pytest.mark.parametrize(
    ("qc", "why"),
    [
        ("qubit q; for int i in [1:10001] { reset q; }", "more than 10,000 operations"),
        ("qubit q; for int i in [1:90000] { reset q; }", "more than 10,000 operations"),
        ("qubit[1001] q; reset q;", "1,001 qubits"),
        ("".join(f"bit b{n}; " for n in range(201)) + "qubit q; reset q;", "201 classical reg"),
        (
            "qubit q; bit[30] c; "
            + "".join(f"if (c[{n}]) {{ " for n in range(22))
            + "reset q;"
            + "}" * 22,
            "more than 20 levels of blocks",
        ),
    ],
)
def test_what_is_too_large_is_left_out_with_a_reason(qc, why):
    if "30" in qc:
        qc = qc.replace("bit[30] c; ", "bit[30] c; qubit[30] m; c = measure m; ")
    drawn = circuit(f"OPENQASM 3.0; {qc}")
    assert why in drawn.left_out
    assert drawn == Circuit(left_out=drawn.left_out)


def test_a_huge_power_is_drawn():
    drawn = circuit(f"{STDGATES}qubit q; pow(10 ** 400) @ x q; pow(2.5) @ x q; pow(-7) @ x q;")
    names = [step.name for step in drawn.steps]
    assert names == [f"x^1{'0' * 36}…", "x^2.5", "x^-7"]


def test_long_names_are_cut_however_often_they_occur():
    name = "n" * 5000
    qc = (
        f"{STDGATES}gate g{name} a {{ x a; }} qubit[900] q{name}; bit[2] c{name};"
        f"def d{name}(qubit a) {{ g{name} a; }} c{name}[0] = measure q{name}[0];"
        f"g{name} q{name}; d{name}(q{name}[1]); if (c{name} == 1) x q{name}[1];"
    )
    drawn = circuit(qc)
    assert len(msgspec.json.encode(drawn)) < 300_000
    assert drawn.qubits[899] == f"q{'n' * 38}…[899]"
    assert drawn.registers[0].name == f"c{'n' * 38}…"
    assert drawn.steps[-1].text == f"c{'n' * 38}…[0]"


def test_a_circuit_that_is_all_lines_is_left_out():
    drawn = circuit("OPENQASM 3.0; qubit[1000] q; for int i in [1:101] { barrier; } reset q;")
    assert "100,000 places" in drawn.left_out


def test_what_is_just_small_enough_is_drawn():
    drawn = circuit("OPENQASM 3.0; qubit q; for int i in [1:10000] { reset q; }")
    assert len(drawn.steps) == 10_000


@pytest.mark.parametrize(
    ("radians", "text"),
    [
        (0.0, "0"),
        (3.141592653589793, "π"),
        (-1.5707963267948966, "-π/2"),
        (2.356194490192345, "3π/4"),
        (0.006135923151542565, "π/512"),
        (6.283185307179586, "2π"),
        (0.3, "0.3"),
        (1.5708, "1.571"),
        (1e-9, "1e-09"),
        (12345.678, "1.235e+04"),
    ],
)
def test_angles_are_parts_of_pi(radians, text):
    assert angle(radians) == text


# What the steps say is what the program does


def test_the_steps_of_every_program_of_the_language_bring_its_counts():
    """But for gates of its own, and texts that are shortened, of which a drawing says less."""
    tried = 0
    for qc, expected in table("PROGRAMS").values():
        drawn = circuit(qc)
        shortened = any("…" in step.text for step in every(drawn.steps))
        if not 0 < len(drawn.qubits) <= 8 or shortened or re.search(r"\bgate\b", qc):
            continue
        found = Acting(drawn).distribution()
        tried += 1
        for key in found.keys() | expected.keys():
            # Angles are shown with four digits.
            assert found.get(key, 0) == pytest.approx(expected.get(key, 0), abs=2e-3), qc
    assert tried > 400


def test_names_with_controls_are_those_gates():
    for name, (controls, base) in CONTROLLED.items():
        angles, build = next(KNOWN[key] for key in (name, f"qelib1 {name}") if key in KNOWN)
        bases = [f"qelib1 {base}", base][:: 1 if f"qelib1 {name}" in KNOWN else -1]
        inner = next(KNOWN[key] for key in bases if key in KNOWN)[1]
        turns = (0.3, 0.7, 1.1, 1.3)[:angles]
        matrix, part = build(*turns).matrix, inner(*turns).matrix
        size = len(part)
        size, on = len(part), 2**controls - 1  # a matrix has its first qubit as the lowest bit
        expected = np.eye(size * (on + 1), dtype=complex)
        expected[on :: on + 1, on :: on + 1] = part
        assert abs(matrix - expected).max() < 1e-12, name


def rewritten(drawn: Circuit) -> str:
    """A program that says with modifiers what the steps of a circuit say."""
    lines = [STDGATES, f"qubit[{len(drawn.qubits)}] q;"]
    for step in drawn.steps:
        controls = "".join(
            "negctrl @ " if wire in step.open else "ctrl @ " for wire in step.controls
        )
        name, powers = step.name, ""
        while found := re.fullmatch(r"(.*?)(†|\^[-+.0-9e]+)", name):
            rest = found[2]
            powers = ("inv @ " if rest == "†" else f"pow({rest[1:]}) @ ") + powers
            name = found[1]
        text = re.sub(r"(\d)π", r"\1*π", step.text)
        angles = f"({text})" if text else ""
        wires = ", ".join(f"q[{wire}]" for wire in (*step.controls, *step.qubits))
        lines.append(f"{controls}{powers}{name}{angles} {wires};")
    return "\n".join(lines)


ANGLES = ["pi", "-pi/2", "pi/8", "3*pi/4", "0.5", "-2.25"]
GATES = {name: (count, build) for name, (count, build) in KNOWN.items() if "q" not in name}


@pytest.mark.parametrize("seed", range(60))
def test_the_steps_of_random_gates_say_the_same_as_the_program(seed):
    draw = random.Random(seed)
    lines = []
    for _ in range(30):
        name = draw.choice([one for one in GATES if one not in ("id", "U")])
        count, build = GATES[name]
        qubits = build(*[0.1] * count).qubits
        modifiers = "".join(
            draw.choice(["ctrl @ ", "negctrl @ ", "inv @ ", "pow(2) @ ", "pow(0.5) @ "])
            for _ in range(draw.randrange(3))
        )
        more = modifiers.count("ctrl")
        if qubits + more > 5 or ("0.5" in modifiers and modifiers != "pow(0.5) @ "):
            continue
        angles = ", ".join(draw.choice(ANGLES) for _ in range(count))
        wires = draw.sample(range(5), qubits + more)
        operands = ", ".join(f"q[{wire}]" for wire in wires)
        lines.append(f"{modifiers}{name}{f'({angles})' if count else ''} {operands};")
    qc = STDGATES + "qubit[5] q; reset q;" + "\n".join(lines)
    drawn = circuit(qc.replace("reset q;", ""))
    bare = "\n".join(lines)
    before = program.load(f"{STDGATES}qubit[5] q;\n{bare}", Bounds(), observed=True)
    after = program.load(rewritten(drawn), Bounds(), observed=True)
    assert len(lines) > 10
    assert abs(unitary(before) - unitary(after)).max() < 1e-9


def unitary(found: Program) -> np.ndarray:
    """What gates do, the first qubit as the lowest bit, up to the phase of all."""
    tensor = np.eye(2**found.declared, dtype=complex).reshape((2,) * found.declared + (-1,))
    for one in found.operations:
        if isinstance(one, Gate):
            matrix = Controlled(Basic(one.name, one.params), (True,) * one.controls).matrix
        else:
            matrix = np.array(one.matrix)
        tensor = apply(matrix, [found.places[qubit] for qubit in one.qubits[::-1]], tensor)
    return tensor


def test_a_mistake_that_only_the_values_of_inputs_make_is_still_one():
    source = Source("OPENQASM 3.0; input int n; qubit[2] q; reset q[n];")
    with pytest.raises(ProgramError):
        source.program(Bounds(), Given({"n": 5}), observed=True)
    source.program(Bounds(), Given({"n": 1}), observed=True)
    assert [step.qubits for step in outline(source, Bounds()).steps] == [[1]]
