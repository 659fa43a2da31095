"""From OpenQASM 3 text to tokens, the same that ANTLR's lexer finds, by one regular expression.

Text that is not a plain token becomes a token that does not occur in the grammar, so that no
parser accepts it.
"""

from __future__ import annotations

import re
from itertools import islice

_WORDS = """
    OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end
    return for while in switch case default pragma input output const readonly mutable qreg qubit
    creg bool bit int uint float angle complex array void duration stretch gphase inv pow ctrl
    negctrl durationof delay reset measure barrier true false im
"""
KEYWORDS = frozenset(_WORDS.split())

_GREEK = "\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9\u2107"  # letters that people use as names
NAME = rf"[A-Za-z_{_GREEK}][A-Za-z0-9_{_GREEK}]*+"
_DIGITS = r"[0-9](?:_?[0-9])*+"
_DECIMAL = rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][-+]?{_DIGITS})?+"
_TOKEN = "|".join(
    (
        NAME,
        r"[][,;(){}:]",
        r"0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*+",
        r"0[bB][01](?:_?[01])*+",
        r"0o[0-7](?:_?[0-7])*+",
        rf"(?>{_DECIMAL})(?:[ \t]*+(?:dt|[num]?s|im))?+",
        r"\*\*=?|<<=?|>>=?|->|\+\+|&&|\|\||[-+*/&|~^%=!<>]=?",
        r'"[^"\t\n\r]+"',
        rf"@[A-Za-z_{_GREEK}]?",  # with a letter, it begins an annotation
        r"\$[0-9]++|#dim",
        r".",
    )
)
_NEXT = re.compile(rf"({_TOKEN})[ \t\n]*+", re.DOTALL)
_STRANGE = re.compile(rf"[^\0-\x7f{_GREEK}]")


def tokens(text: str) -> list[str]:
    """All tokens of a text."""
    return pieces(text) if is_plain(text) else ["\0"]


def pieces(text: str) -> list[str]:
    """The same, with each strange letter as a token of its own."""
    return _NEXT.findall(text, start(text))


def is_plain(text: str) -> bool:
    """Whether all letters of a text may occur in a token."""
    return text.isascii() or not _STRANGE.search(text)


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column, both counted from 1, where a token of the text begins."""
    found = next(islice(_NEXT.finditer(text, start(text)), index, None), None)
    at = len(text) if found is None else found.start()
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def starts(text: str) -> list[int]:
    """Where each token of a text begins."""
    return [found.start() for found in _NEXT.finditer(text, start(text))]


def start(text: str) -> int:
    """Where the first token of a text begins."""
    return len(text) - len(text.lstrip(" \t\n"))
