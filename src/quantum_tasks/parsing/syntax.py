"""From a program's text to a syntax tree, or to an error that says what is wrong and where."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError

from quantum_tasks.errors import QasmSyntax, QasmVersion, TooComplex
from quantum_tasks.parsing import parser, qasm2, straight
from quantum_tasks.parsing.cursor import UnsureError
from quantum_tasks.parsing.habits import habit
from quantum_tasks.parsing.mistakes import Place, ProgramError

_BLANK = re.compile(r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*+", re.DOTALL)
_VERSION = re.compile(
    r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*+OPENQASM\s+(\d+)(?:\.(\d+))?", re.DOTALL
)
_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_BRACKET = re.compile(r"[][(){}]")
_SIGNS = re.compile(r"(?:[-!~]\s*){100}")
_MEASURE = re.compile(r"measure(?<!\wmeasure)\b")  # begins with letters, to be found fast
_MAX_NESTING = 100
_POSITION = re.compile(r"(?:L(\d+):C(\d+)|(\d+),(\d+)): ")


def parse(text: str, bare: str) -> ast.Program:
    """The syntax tree of a text that came from clean(); `bare` is this text after
    without_comments(). Raises ProgramError."""
    check(text)
    if not is_version_2(bare):
        return _parse(bare)
    _check_comments(bare)
    return qasm2.parse(bare)


def parse_straight(text: str, bare: str) -> ast.Program | None:
    """The same with straight lines as they are, but without places; None if it is not sure. Raises
    ProgramError."""
    check(text)
    if "/*" not in bare:
        with suppress(UnsureError):
            return parser.attempted(partial(straight.parse, bare, is_version_2(bare)))
    return None


def is_version_2(text: str) -> bool:
    """Whether the version line of a text says OpenQASM 2."""
    match = _VERSION.match(text)
    return match is not None and match[1] == "2"


def check(text: str) -> None:
    """Raises ProgramError for a text that no parser is given."""
    _check_characters(text)
    _check_content(text)
    _check_version(text)


def clean(qc: str) -> str:
    """Drops a byte order mark and makes every line end the same, so that positions are right."""
    return qc.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _check_characters(text: str) -> None:
    if (at := text.find("\0")) >= 0:
        raise ProgramError(QasmSyntax, "The program contains a NUL character.", _place(text, at))


def _check_content(text: str) -> None:
    if _BLANK.fullmatch(text):  # the parser fails on it without a message
        raise ProgramError(QasmSyntax, "The program is empty.", hint="begin with: OPENQASM 3.0;")


def _check_version(text: str) -> None:
    match = _VERSION.match(text)
    if match is None or (match[1] == "3" and match[2] in (None, "0", "1")):
        return
    if match[1] == "2" and not (match[2] or "").strip("0"):
        return
    found = match[1] if match[2] is None else f"{match[1]}.{match[2]}"
    raise ProgramError(
        QasmVersion,
        f"This is OpenQASM {found}; this service runs OpenQASM 3.0, 3.1 and 2.0.",
        _place(text, match.start(1)),
        "OPENQASM 2.0;" if match[1] == "2" else "OPENQASM 3.0;",
    )


def _place(text: str, at: int) -> Place:
    return Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _check_nesting(text: str) -> None:
    """Refuses text that would overflow the parser's stack; the parser notices this too late or
    never."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > _MAX_NESTING:
            message = f"The program is nested more than {_MAX_NESTING} levels deep."
            raise ProgramError(TooComplex, message, _place(text, bracket.start()))
    if signs := _SIGNS.search(text):
        raise ProgramError(
            TooComplex,
            "There are too many signs in a row, like --- or ~~~.",
            _place(text, signs.start()),
        )


def _check_comments(bare: str) -> None:
    if (opened := bare.find("/*")) >= 0:
        message = "The comment that begins here has no end."
        raise ProgramError(QasmSyntax, message, _place(bare, opened))


def measures(bare: str) -> bool:
    """Whether a program that parse() accepted says `measure` anywhere."""
    return _MEASURE.search(bare) is not None


def _parse(text: str) -> ast.Program:
    if "/*" not in text:
        with suppress(UnsureError):
            return parser.parse(text)
    _check_nesting(text)
    _check_comments(text)
    try:
        return openqasm3.parse(text)
    except QASM3ParsingError as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise ProgramError(TooComplex, "The program is nested too deeply.") from None
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError) as error:
        # The parser's second stage fails like this on some malformed text, without a position.
        raise ProgramError(QasmSyntax, f"The program cannot be read: {error}.") from None


def without_comments(text: str) -> str:
    """The text that the parser reads; positions stay."""
    return _COMMENT.sub(_blank, text) if "//" in text or "/*" in text else text


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
        reason = reason.partition(", but received [")[0]  # a piece of the syntax tree
        place = Place(int(match[1] or match[3]), int(match[2] or match[4]) + 1)
        rest = text.split("\n")[place.line - 1][place.column - 1 :]
        hint = None
        if rest.startswith(('"', "'", "\u201c", "\u201d")):
            hint = 'a text stands between two " on one line'
        elif "include" in text.split("\n")[place.line - 1]:
            hint = 'include "stdgates.inc";'
        hint = habit(text.split("\n")[place.line - 1], place.column) or hint
        return ProgramError(QasmSyntax, f"Syntax error: {reason}.", place, hint)
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
    elif "'@'" in expected:
        hint = "an '@' is missing before this"
    elif "','" in expected and re.match(r"[\w.$]", token.text):
        hint = "a ',' is missing before this"
    elif "identifier" in expected and token.text.isidentifier():
        hint = f"'{token.text[:40]}' is a word of the language and cannot be a name"
    line = text.split("\n")[token.line - 1] if token.text != "<EOF>" else ""
    hint = habit(line, token.column + 1) or hint
    return ProgramError(QasmSyntax, message, Place(token.line, token.column + 1), hint)


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
