"""What a refusal must look like, whatever the program."""

from __future__ import annotations

import contextlib
import io
import re

from fuzz.findings import Finding
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.errors import PROBLEMS
from quantum_tasks.language import program
from quantum_tasks.orders import Rejected
from quantum_tasks.parsing import syntax

# Said of the program as a whole; everything else has a place in it.
_PLACELESS = {"no_measurements", "memory_exceeded", "too_complex", "too_many_operations"}
_WHERE = re.compile(r" \(line \d+, column \d+\)$")
_SENTENCE = re.compile(r"""["'A-Z$\d-].*[^\s.]\.""", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|-?\d[\d.,e+-]*|\(line.*\)$")
_LEAK = re.compile(
    r"Traceback|File \"|site-packages|\w+\.py\b|object at 0x|<class|<function|\bNone(?:Type)?\b"
    r"|\b\w*(?:Error|Exception)\b|(?<![\w/])/(?:[\w.-]+/)+|compiler fails here"
    r"|\b(?!OpenQASM)[A-Z][a-z]+[A-Z]\w+|\b_\w+\(|\b(?:ast|ctx|self)\b|\w+_\w+\("
    r"|(?i:qiskit|\baer\b|openqasm3|antlr|msgspec|numpy|python|tuple|unpack|iterable|subscript)"
)


def complain(qc: str, reply: Rejected) -> None:
    """Raises Finding unless a refusal has a known code, a sentence, and a place in the text."""
    what = general(reply)
    if "compiler fails here" in reply.message:
        raise Finding(f"the compiler fails at {_failure(qc)}", reply.message)
    if reply.code not in PROBLEMS:
        raise Finding(f"the code {reply.code}", reply.message)
    (error,) = reply.errors or [None]
    for text in (reply.message, error.hint if error else None):
        for leak in _LEAK.finditer(text or ""):
            if leak[0] not in qc:
                raise Finding(f"'{leak[0]}' in {what}", text or "")
    if not _SENTENCE.fullmatch(_WHERE.sub("", reply.message)):
        raise Finding(f"no sentence: {what}", reply.message)
    if error is None or error.line is None:
        if reply.code not in _PLACELESS and reply.message != "The program is empty.":
            raise Finding(f"no place: {what}", reply.message)
        return
    lines = syntax.clean(qc).split("\n")
    inside = 1 <= error.line <= len(lines) and error.column is not None
    if not inside or not 1 <= error.column <= len(lines[error.line - 1]) + 1:
        raise Finding(f"a place outside of the program: {what}", reply.message)


def general(reply: Rejected) -> str:
    """A message without what differs from program to program."""
    return f"{reply.code}: {_QUOTED.sub('_', reply.message)[:120].strip()}"


def _failure(qc: str) -> str:
    """Where the compiler's own exception comes from."""
    with contextlib.redirect_stderr(io.StringIO()) as written, contextlib.suppress(Exception):
        program.load(qc, Bounds())
    lines = [line.strip() for line in written.getvalue().splitlines()]
    places = [line for line in lines if line.startswith('File "')]
    where = re.sub(r'.*/(\w+\.py)", line (\d+), in (\w+)', r"\1:\2 \3", (places or ["?"])[-1])
    return f"{where}, {(lines or ['?'])[-1]}"
