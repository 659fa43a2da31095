"""From OpenQASM 3 text to a circuit, or to an error that says what is wrong and where."""

from __future__ import annotations

import difflib
import gc
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from qiskit.circuit import ControlFlowOp, QuantumCircuit
from qiskit.circuit.exceptions import CircuitError
from qiskit_qasm3_import import ConversionError

from quantum_tasks.errors import (
    Diagnostic,
    NoMeasurements,
    Problem,
    QasmSemantic,
    QasmSyntax,
    QasmUnsupported,
    QasmVersion,
    TooComplex,
    UnboundParameter,
)
from quantum_tasks.simulator.converter import STANDARD_GATES, Converter
from quantum_tasks.tasks import Rejected

_BLANK = re.compile(r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*+", re.DOTALL)
_VERSION = re.compile(
    r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*+OPENQASM\s+(\d+)(?:\.(\d+))?", re.DOTALL
)
_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_POSITION = re.compile(r"(?:L(\d+):C(\d+)|(\d+),(\d+)): ")
_UNSUPPORTED = re.compile(
    r"not (?:currently )?supported|unsupported|unhandled|can only handle|cannot be resolved"
    r"|only .* (?:is|are) supported|must save their result|conditions must be"
)
_SNIPPET_WIDTH = 120


class ProgramError(Exception):
    """What is wrong with a program. `line` and `column` count from 1."""

    def __init__(
        self,
        problem: type[Problem],
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem = problem
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint
        self.snippet: str | None = None
        super().__init__(message)

    def as_reply(self) -> Rejected:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        diagnostic = Diagnostic(
            pointer="/qc",
            line=self.line,
            column=self.column,
            snippet=self.snippet,
            hint=self.hint,
        )
        return Rejected(self.problem.code, f"{self.message}{place}", [diagnostic])


class Program(msgspec.Struct, frozen=True):
    """A circuit, and the sizes of its classical registers in order of declaration.

    A loose bit counts as a register of one.
    """

    circuit: QuantumCircuit
    register_sizes: list[int]


def load(qc: str) -> Program:
    """Parses and converts a program. Raises ProgramError."""
    text = _clean(qc)
    try:
        with _collector_paused():
            _check_characters(text)
            _check_content(text)
            _check_version(text)
            tree = _parse(text)
            circuit = _convert(tree)
            _check_runnable(tree, circuit)
    except ProgramError as error:
        error.snippet = _snippet(text, error.line, error.column)
        raise
    return Program(circuit, _register_sizes(circuit))


def _clean(qc: str) -> str:
    """Drops a byte order mark and makes every line end the same, so that positions are right."""
    return qc.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A syntax tree is all live objects: collecting while it grows doubles the time it takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _check_characters(text: str) -> None:
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        column = at - text.rfind("\n", 0, at)
        raise ProgramError(
            QasmSyntax, "The program contains a NUL character.", line=line, column=column
        )


def _check_content(text: str) -> None:
    if _BLANK.fullmatch(text):  # the parser fails on it without a word
        raise ProgramError(QasmSyntax, "The program is empty.", hint="begin with: OPENQASM 3.0;")


def _check_version(text: str) -> None:
    match = _VERSION.match(text)
    if match is None or match[1] == "3":
        if match and match[2] not in (None, "0", "1"):
            raise ProgramError(
                QasmVersion,
                f"This is OpenQASM {match[1]}.{match[2]}; this service runs OpenQASM 3.0.",
                **_place(text, match.start(1)),
                hint="OPENQASM 3.0;",
            )
        return
    found = match[1] if match[2] is None else f"{match[1]}.{match[2]}"
    hint = None
    if match[1] == "2":
        hint = (
            'write "OPENQASM 3.0;", include "stdgates.inc" instead of "qelib1.inc", '
            '"qubit[2] q;" for "qreg q[2];", "bit[2] c;" for "creg c[2];" and '
            '"c = measure q;" for "measure q -> c;"'
        )
    raise ProgramError(
        QasmVersion,
        f"This is OpenQASM {found}; this service runs OpenQASM 3.",
        **_place(text, match.start(1)),
        hint=hint,
    )


def _place(text: str, at: int) -> dict[str, int]:
    return {"line": text.count("\n", 0, at) + 1, "column": at - text.rfind("\n", 0, at)}


def _parse(text: str) -> ast.Program:
    try:
        return openqasm3.parse(_COMMENT.sub(_blank, text))
    except QASM3ParsingError as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise ProgramError(TooComplex, "The program is nested too deeply.") from None
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError) as error:
        # The parser's second stage fails like this on some malformed text, without a position.
        raise ProgramError(QasmSyntax, f"The program cannot be read: {error}.") from None


def _blank(match: re.Match[str]) -> str:
    """Drops a comment, which the parser would read letter by letter; positions stay."""
    if match[0].startswith("/*"):
        *lines, last = match[0].split("\n")
        return "\n" * len(lines) + " " * len(last)
    return "" if match[0].startswith("//") else match[0]


def _syntax_error(error: QASM3ParsingError, text: str) -> ProgramError:
    """Reads the place out of the parser's exception, whose own text is empty for most errors."""
    cause = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else None
    token = getattr(cause, "offendingToken", None)
    if token is None:
        message = str(error)
        match = _POSITION.match(message)
        if match is None:
            return ProgramError(QasmSyntax, f"Syntax error: {message or 'unreadable text'}.")
        reason = message[match.end() :].rstrip(".")
        reason = reason.replace("token recognition error at:", "unexpected text")
        line, column = int(match[1]), int(match[2]) + 1
        return ProgramError(QasmSyntax, f"Syntax error: {reason}.", line=line, column=column)
    expected = _expected(cause)
    if token.text == "<EOF>":
        message = "Syntax error: the program ends in the middle of a statement."
    else:
        message = f"Syntax error: unexpected '{token.text[:40]}'."
    hint = None
    if expected == ["';'"]:
        hint = "a ';' is missing before this"
        line_text = text.split("\n")[token.line - 1][: token.column]
        if re.search(r"[\w$]+(\[[^\]]*\])?\s+$", line_text) and "[" in line_text:
            hint = "a ',' or a ';' is missing before this"
    elif expected and len(expected) <= 4:
        hint = "expected " + " or ".join(expected)
    return ProgramError(QasmSyntax, message, line=token.line, column=token.column + 1, hint=hint)


def _expected(cause: object) -> list[str]:
    """The tokens that could have stood there, as people write them."""
    try:
        recognizer = cause.recognizer  # type: ignore[attr-defined]
        tokens = cause.getExpectedTokens()  # type: ignore[attr-defined]
        names = [
            recognizer.literalNames[token]
            if token < len(recognizer.literalNames)
            and recognizer.literalNames[token] != "<INVALID>"
            else recognizer.symbolicNames[token]
            for interval in tokens.intervals or []
            for token in interval
            if token > 0
        ]
    except (AttributeError, IndexError, TypeError):
        return []
    return [name.lower() if name.isidentifier() else name for name in names]


def _convert(tree: ast.Program) -> QuantumCircuit:
    converter = Converter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return converter.convert(tree).circuit
    except ConversionError as error:
        raise _semantic_error(error, converter) from None
    except ProgramError:
        raise
    except RecursionError:
        raise ProgramError(TooComplex, "The program is nested too deeply.") from None
    except MemoryError:
        raise
    except Exception as error:  # the importer lets almost any exception out of some program
        line, column = converter.position()
        raise ProgramError(QasmSemantic, _sentence(error), line=line, column=column) from None


def _semantic_error(error: ConversionError, converter: Converter) -> ProgramError:
    message = error.message
    line, column = converter.position()
    if match := _POSITION.match(message):
        message = message[match.end() :]
        line, column = int(match[3]), int(match[4]) + 1
    message = message.replace(
        "node of type ExpressionStatement is not supported", "this is not a statement"
    )
    problem = QasmUnsupported if _UNSUPPORTED.search(message) else QasmSemantic
    hint = None
    if match := re.match(r"gate '(.+)' is not defined", message):
        hint = _gate_hint(match[1], converter)
    message = re.sub(
        r"node of type (\w+?)(?:Statement)? is not supported",
        lambda match: f"{_words(match[1])} is not supported yet",
        message,
    )
    message = re.sub(
        r"Symbol ('.+') already inserted in symbol table.*", r"\1 is declared twice", message
    )
    message = message[0].upper() + message[1:].rstrip(".") + "."
    return ProgramError(problem, message, line=line, column=column, hint=hint)


def _gate_hint(name: str, converter: Converter) -> str | None:
    if name in STANDARD_GATES and not converter.included:
        return 'add include "stdgates.inc"; after the version line'
    close = difflib.get_close_matches(name, [*STANDARD_GATES, *converter.gates, "U"], n=1)
    return f"did you mean '{close[0]}'?" if close else None


def _words(node: str) -> str:
    """'ClassicalAssignment' -> 'classical assignment'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node).lower()


def _sentence(error: Exception) -> str:
    """A person's words for the exceptions that come without any."""
    text = str(error.args[0] if error.args else "").strip().strip("'\"")
    if isinstance(error, CircuitError):
        if "does not match the gate expectation" in text:
            return "The gate is applied to a wrong number of qubits."
        if text == "register size error":
            return "The two sides of the measurement differ in size."
        if text == "duplicate bit arguments":
            return "The same qubit is used twice in one operation."
        return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else "Invalid circuit."
    if isinstance(error, IndexError):
        return "An index is out of range."
    if isinstance(error, ZeroDivisionError):
        return "Division by zero."
    if isinstance(error, OverflowError):
        return "A number is too large."
    if isinstance(error, TypeError) and "positional argument" in text:
        return "The gate is given a wrong number of parameters."
    return f"The program cannot be used: {text or type(error).__name__}."


def _check_runnable(tree: ast.Program, circuit: QuantumCircuit) -> None:
    if circuit.parameters:
        unbound = {parameter.name for parameter in circuit.parameters}
        for statement in tree.statements:
            if isinstance(statement, ast.IODeclaration) and statement.identifier.name in unbound:
                name = statement.identifier.name
                raise ProgramError(
                    UnboundParameter,
                    f"The input '{name}' has no value.",
                    line=statement.span.start_line,
                    column=statement.span.start_column + 1,
                    hint=f"declare it as a constant: const float {name} = ...;",
                )
    if not _measures(circuit):
        raise ProgramError(
            NoMeasurements,
            "The program measures nothing, so there would be nothing to count.",
            hint="declare bits and measure into them: bit[2] c; c = measure q;",
        )


def _measures(circuit: QuantumCircuit) -> bool:
    return any(
        instruction.operation.name == "measure"
        or (
            isinstance(instruction.operation, ControlFlowOp)
            and any(_measures(block) for block in instruction.operation.blocks)
        )
        for instruction in circuit.data
    )


def _register_sizes(circuit: QuantumCircuit) -> list[int]:
    """A bit belongs to the first register that holds it: later ones are aliases."""
    sizes: list[int] = []
    current = None
    for bit in circuit.clbits:
        registers = circuit.find_bit(bit).registers
        register = registers[0][0] if registers else None
        if register is None or register != current:
            sizes.append(1)
        else:
            sizes[-1] += 1
        current = register
    return sizes


def _snippet(text: str, line: int | None, column: int | None) -> str | None:
    """The line with a caret below the column; a long one is cut around it."""
    if line is None or column is None:
        return None
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    start = max(0, column - 1 - _SNIPPET_WIDTH // 2)
    source = lines[line - 1].replace("\t", " ").replace("\0", "\ufffd")
    return f"{source[start : start + _SNIPPET_WIDTH]}\n{' ' * (column - 1 - start)}^"
