"""A short run of the fuzzer of programs, the same every time, and what it must notice."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import senseless
from fuzz.answers import complain
from fuzz.fence import Exact, Fence
from fuzz.findings import Finding, Findings, look
from fuzz.grammar import Judge
from quantum_tasks.errors import Diagnostic
from quantum_tasks.orders import Rejected

PROGRAM = "qubit q;\nx r;\n"


def test_no_senseless_program_gets_a_senseless_answer():
    found, exact = Findings(), Exact()
    how = settings(derandomize=True, max_examples=150, database=None)
    try:
        with Fence() as fence:
            look(senseless.texts(), Judge(fence, exact), found, math.inf, how)
    finally:
        exact.close()
    assert not found.smallest, str(found)
    assert found.programs >= 100


def test_a_search_ends_with_the_smallest_program_of_each_kind():
    found = Findings()

    def judge(program: str) -> None:
        if "a" in program:
            raise Finding("an a", program)
        if len(program) > 3:
            raise Finding("long", program)

    how = settings(derandomize=True, max_examples=500, database=None)
    for _ in range(3):
        look(st.text("abc"), judge, found, math.inf, how)
    assert {kind: program for kind, (program, _) in found.smallest.items()} == {
        "an a": "a",
        "long": "bbbb",
    }


@pytest.mark.parametrize(
    ("code", "message", "line", "column", "kind"),
    [
        ("qasm_semantic", "'r' is not declared.", 2, 3, None),
        ("no_measurements", "The program measures nothing.", None, None, None),
        ("qasm_strange", "'r' is not declared.", 2, 3, "the code qasm_strange"),
        ("qasm_semantic", "'r' is not declared.", None, None, "no place"),
        ("qasm_semantic", "'r' is not declared.", 2, 9, "a place outside"),
        ("qasm_semantic", "'r' is not declared.", 9, 1, "a place outside"),
        ("qasm_semantic", "not declared", 2, 3, "no sentence"),
        ("qasm_semantic", "It fails: KeyError.", 2, 3, "'KeyError' in"),
        ("qasm_semantic", "It fails in /usr/lib/x.", 2, 3, "'/usr/lib/' in"),
        ("qasm_semantic", "The compiler fails here (KeyError).", 2, 3, "the compiler fails at"),
    ],
)
def test_a_refusal_needs_a_code_a_sentence_and_a_place(code, message, line, column, kind):
    reply = Rejected(code, message, [Diagnostic(pointer="/qc", line=line, column=column)])
    if kind is None:
        complain(PROGRAM, reply)
    else:
        with pytest.raises(Finding) as caught:
            complain(PROGRAM, reply)
        assert caught.value.kind.startswith(kind)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.text())
def test_tokens_are_all_of_the_text(text):
    assert "".join(senseless.tokens(text)) == text
    assert isinstance(senseless.mutate(text, random.Random(1)), str)
