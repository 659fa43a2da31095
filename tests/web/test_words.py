"""The words that the page's editor knows are those of the language."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

from quantum_tasks.circuits.gates import BUILT_IN, STANDARD
from quantum_tasks.circuits.qelib1 import BUILT_IN_2, QELIB1
from quantum_tasks.language.arithmetic import FUNCTIONS
from quantum_tasks.language.scope import CONSTANTS
from quantum_tasks.parsing import qasm2_reader
from quantum_tasks.parsing.lexer import KEYWORDS
from quantum_tasks.tasks import GATES

_LIST = re.compile(
    r"^(?:export const|const(?= FAMILIES)) ([A-Z_0-9]+) = (\[[^][]*\]|\{[^{}]*\});", re.MULTILINE
)


def test_the_editor_knows_each_word_of_both_versions_and_no_other() -> None:
    words = _lists()
    ours = [*words["KEYWORDS"], *words["TYPES"], *words["LITERALS"]]
    assert sorted(ours) == sorted(KEYWORDS | {"opaque"})  # of version 2
    assert sorted(words["KEYWORDS_2"]) == sorted(qasm2_reader.WORDS)
    assert sorted(words["CONSTANTS"]) == sorted(CONSTANTS)
    assert sorted(words["FUNCTIONS"]) == sorted(FUNCTIONS)
    assert sorted(words["FUNCTIONS_2"]) == sorted(qasm2_reader.FUNCTIONS)


def test_the_editor_knows_each_gate_with_its_angles_and_qubits() -> None:
    gates = _lists()
    for name, table in {
        "BUILT_IN": BUILT_IN,
        "BUILT_IN_2": BUILT_IN_2,
        "STDGATES": STANDARD,
        "QELIB1": QELIB1,
    }.items():
        assert gates[name] == {
            gate: [angles, build(*[0.5] * angles).qubits]
            for gate, (angles, build) in table.items()
        }
    assert {*gates["STDGATES"], *gates["BUILT_IN"], "gphase"} == set(GATES)


def test_each_gate_has_one_family() -> None:
    lists = _lists()
    named = " ".join(lists["FAMILIES"].values()).split()
    tables = (lists[name] for name in ("BUILT_IN", "BUILT_IN_2", "STDGATES", "QELIB1"))
    gates = {gate for table in tables for gate in table}
    assert sorted(named) == sorted(gates | {"gphase", "measure", "reset"})


def _lists() -> dict[str, Any]:
    static = files("quantum_tasks.web") / "static"
    texts = [(static / name).read_text(encoding="utf-8") for name in ("language.js", "columns.js")]
    return {name: json.loads(value) for text in texts for name, value in _LIST.findall(text)}
