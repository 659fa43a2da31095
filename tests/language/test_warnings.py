"""What is legal and may surprise: each kind of warning has programs that have it, and others that
narrowly have not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from service import ENDLESS, STDGATES, Service

from language import table
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import Source
from quantum_tasks.tasks import ProgramWarning, WarningCode, warned, warnings_in

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
END = "\nbit done; done = measure q[0];"


def warnings(text: str, header: str = HEADER) -> list[ProgramWarning]:
    source = Source(header + text)
    source.program(Bounds(), Given({}))
    return source.warnings()


# code -> (program after HEADER, what is said, line, column), and programs without a warning
HAVE: dict[WarningCode, list[tuple[str, str, int | None, int | None]]] = {
    WarningCode.CONTROLLED_PHASE: [
        ("qubit[2] q; ctrl @ U(pi, 0, pi) q[0], q[1];" + END, "has the phase", 3, 13),
        (
            "qubit[2] q; gate c a, b {\n ctrl @ U(1, 0, 0) a, b; }\nc q[0], q[1];" + END,
            "phase",
            4,
            2,
        ),
        ("qubit[2] q; negctrl @ inv @ U(1, 0, 0) q[0], q[1];" + END, "phase", 3, 13),
    ],
    WarningCode.UNWRITTEN_BITS: [
        ("qubit[2] q;\nbit[3] c;\nc[0:1] = measure q;", "'c[2]'", 4, 1),
        ("qubit q;\nbit c;\nbit d;\nc = measure q;", "'d'", 5, 1),
        ("qubit q; creg c[9]; c[4] = measure q;", "'c[0]', 'c[1]', 'c[2]' and 5 more", 3, 10),
    ],
    WarningCode.OVERWRITTEN_OUTCOME: [
        ("qubit[2] q; bit c;\nc = measure q[0];\nc = measure q[1];", "'c' is overwritten", 5, 1),
        ("qubit[2] q; bit[2] c; c = measure q; h q;\n  c[1] = measure q[0];", "'c[1]'", 4, 3),
        ("qubit q; bit c; c = measure q;\nc = 0;", "'c' is overwritten", 4, 1),
        ("qubit q; bit c; for int i in [0:3] { h q; c = measure q; }", "'c'", 3, 43),
        (
            "qubit[2] q; bit a; bit b; a = measure q[0]; if (a) { b = measure q[1]; } else { b = "
            "measure q[0]; }\nb = measure q[1];",
            "'b'",
            4,
            1,
        ),
    ],
    WarningCode.UNUSED_QUBITS: [
        ("qubit[5] q;\nqubit spare;\nx q;" + END, "'spare'", 4, 1),
        ("qubit[5] q;\nx q[0:3];" + END, "'q[4]'", 3, 1),
        ("qreg q[9]; x q[0];" + END, "'q[1]', 'q[2]', 'q[3]' and 5 more", 3, 1),
    ],
    WarningCode.HIDDEN_GATE: [
        ("qubit[1] q; x q;\n{ int x = 1; }" + END, "hides the gate 'x'", 4, 3),
        ("qubit[1] q; for int s in [0:1] { x q; }" + END, "hides the gate 's'", 3, 13),
        ("qubit[1] q; gate mine a { x a; } if (true) { float mine; mine q; }" + END, "", 0, 0),
    ],
    WarningCode.INTEGER_WRAPS: [
        ("qubit[1] q; x q;\nint n = 2147483647 + 1;" + END, "becomes -2147483648", 4, 1),
        ("qubit[1] q; x q; uint a = 3; uint b = 5;\nuint c = a - b;" + END, "4294967294", 4, 10),
        ("qubit[1] q; x q; int n = 65536;\nn *= n;" + END, "becomes 0", 4, 1),
        ("qubit[1] q; x q; const uint m = -1;" + END, "becomes 4294967295", 3, 33),
    ],
    WarningCode.TIMING_IGNORED: [
        ("qubit[1] q; x q;\ndelay[100ns] q;" + END, "'delay'", 4, 1),
        ("qubit[1] q;\nbox { x q; }\ndelay[1us] q;" + END, "'box'", 4, 1),
    ],
    WarningCode.PRAGMA_IGNORED: [
        ("qubit[1] q; x q;\npragma simulator noise" + END, "ignored", 4, 1),
    ],
}
HAVE[WarningCode.HIDDEN_GATE].pop()
HAVE_NOT: dict[WarningCode, list[str]] = {
    WarningCode.CONTROLLED_PHASE: [
        "qubit[2] q; ctrl @ U(0, 0, pi) q[0], q[1];" + END,
        "qubit[2] q; ctrl @ U(4 * pi, 0, 1) q[0], q[1];" + END,
        "qubit[2] q; ctrl @ u3(pi, 0, pi) q[0], q[1]; inv @ U(1, 0, 0) q[0];" + END,
        "qubit[2] q; U(pi, 0, pi) q[0]; ctrl @ x q[0], q[1];" + END,
    ],
    WarningCode.UNWRITTEN_BITS: [
        "qubit[2] q; bit[2] c; c[0] = measure q[0]; c[1] = 0; x q;",
        'qubit q; bit[3] c = "000"; c[0] = measure q; bit k = 0;',
        "qubit q; bit[2] c; c[0] = measure q; if (c[0]) { c[1] = 1; }",
        "qubit q; output bit c; bit[3] unshown; c = measure q;",
    ],
    WarningCode.OVERWRITTEN_OUTCOME: [
        "qubit[2] q; bit c; c = measure q[0]; if (c) { x q[1]; } c = measure q[1];",
        "qubit[2] q; bit[2] c; c = measure q; bit k = c[0]; c[0] = measure q[1];",
        "qubit q; bit c; bit d; for int i in [0:3] { h q; c = measure q; d ^= c; }",
        "qubit q; bit c; c = measure q; while (c) { h q; c = measure q; }",
        "qubit q; bit a; bit b; a = measure q; if (a) { b = measure q; } else { b = measure q; }",
        "qubit q; bit c; for int i in [0:3] { bit k; k = measure q; c = measure $0; c = c; }",
    ],
    WarningCode.UNUSED_QUBITS: ["qubit[2] q; qubit r; x r; cx q[0], q[1];" + END],
    WarningCode.HIDDEN_GATE: [
        "qubit[1] q; { int x1 = 1; } for int i in [0:1] { x q; }" + END,
        "qubit[1] q; gate g(p) t { p(p) t; } x q;".replace("p(p) t", "rx(p) t") + END,
    ],
    WarningCode.INTEGER_WRAPS: [
        "qubit[1] q; x q; int n = 2147483646 + 1;" + END,
        "qubit[1] q; x q; uint a = 5; uint b = 5; uint c = a - b;" + END,
        "qubit[1] q; x q; int[64] n = 4294967296; n *= 4; uint[8] k = 255; k += 1;" + END,
    ],
    WarningCode.TIMING_IGNORED: ["qubit[1] q; duration d = 1us; x q; barrier q;" + END],
    WarningCode.PRAGMA_IGNORED: ["qubit[1] q; // pragma simulator\nx q;" + END],
}


@pytest.mark.parametrize(
    ("code", "text", "said", "line", "column"),
    [(code, *case) for code, cases in HAVE.items() for case in cases],
)
def test_what_may_surprise_is_said_with_its_place(code, text, said, line, column):
    (found,) = [one for one in warnings(text) if one.code is code]
    assert said in found.message
    assert (found.line, found.column) == (line, column)


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in HAVE_NOT.items() for text in texts]
)
def test_what_narrowly_does_not_surprise_is_not_mentioned(code, text):
    assert [one for one in warnings(text) if one.code is code] == []


def test_every_code_has_programs_with_it_and_without():
    of_text = set(WarningCode) - {WarningCode.NEAR_TIME_LIMIT}
    assert HAVE.keys() == HAVE_NOT.keys() == of_text


FOLDER = Path(__file__).parents[2] / "src/quantum_tasks/web/static/examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.qasm") if path.stem != "mistake")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_example_has_a_warning(path: Path):
    source = Source(path.read_text())
    values = {"theta": 0.5} if path.stem == "sweep" else {}
    source.program(Bounds(), Given(values), observed=path.stem == "observables")
    assert source.warnings() == []


def test_there_are_examples():
    assert len(EXAMPLES) > 3


def test_every_program_of_the_language_is_looked_at_without_a_failure():
    """Some have warnings, most have none; and places are within their texts."""
    some = 0
    for text, _ in table("PROGRAMS").values():
        source = Source(text)
        source.program(Bounds(), Given({}))
        for found in source.warnings():
            some += 1
            lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
            assert found.line is None or 1 <= found.line <= len(lines), (text, found)
    assert some > 10


def test_a_long_list_is_cut_and_a_long_program_gives_no_places():
    many = "".join(f"qubit q{n}; qubit r{n}; x r{n};" for n in range(20))
    found = warnings(many + "bit c; c = measure r0;")
    assert len(found) == 5
    long = "qubit[3] q;\n" + "x q[0];\n" * 9000 + END
    (found_,) = warnings(long)
    assert (found_.code, found_.line) == (WarningCode.UNUSED_QUBITS, None)


def test_warnings_are_stored_with_the_stats():
    one = ProgramWarning(code=WarningCode.UNUSED_QUBITS, message="a", line=1)
    other = ProgramWarning(code=WarningCode.NEAR_TIME_LIMIT, message="b")
    stats = '{"qubits":1}'
    assert warned(stats, []) == stats
    assert warnings_in(stats) == warnings_in("") == warnings_in(None) == []
    assert warnings_in(warned(stats, [one])) == [one]
    assert warnings_in(warned(warned(stats, [one]), [other])) == [one, other]
    assert warned("", [one]) == ""  # of what a child says nothing of
    assert warnings_in(warned(' { "qubits" : 1 } ', [one])) == [one]


def test_a_validation_and_a_task_have_the_warnings(service: Service):
    qc = f"{HEADER}qubit[3] q;\nbit c; c = measure q[0];"
    validation = service.client.post("/v1/validate", json={"qc": qc}).json()
    task = service.client.post("/v1/tasks", json={"qc": qc}).json()
    expected = {
        "code": "unused_qubits",
        "message": "Nothing is done with 'q[1]', 'q[2]'.",
        "line": 3,
        "column": 1,
        "hint": "leave out what is not used",
    }
    assert validation["accepted"]
    assert validation["warnings"] == task["warnings"] == [expected]
    service.final(task["id"])
    assert service.client.get(f"/v1/tasks/{task['id']}").json()["warnings"] == [expected]
    assert "warnings" not in task["stats"]


def test_what_may_take_too_long_is_accepted_with_a_warning(service: Service):
    validation = service.client.post("/v1/validate", json={"qc": ENDLESS}).json()
    assert validation["accepted"]
    (found,) = [one for one in validation["warnings"] if one["code"] == "near_time_limit"]
    assert "TASK_TIME_LIMIT_S" in found["message"]


def test_a_timeout_of_the_tasks_own_is_warned_of_as_well(service: Service):
    qc = STDGATES + "qubit[24] q; bit[24] c; for int i in [1:20] { rx(0.1) q; } c = measure q;"

    def warnings(**options: Any) -> list[dict[str, Any]]:
        answer = service.client.post("/v1/validate", json={"qc": qc, **options}).json()
        assert answer["accepted"]
        return [one for one in answer["warnings"] if one["code"] == "near_time_limit"]

    assert warnings() == warnings(timeout_s=90) == []
    (found,) = warnings(timeout_s=0.1)
    assert "after 0.1 s it is killed (timeout_s)" in found["message"]
    assert found["hint"].startswith("allow more with timeout_s, 90 at most; or take fewer qubits")


def test_the_readme_lists_every_code():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    section = readme.partition("### Warnings")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*WarningCode]
