"""Hypothesis strategies for programs that are hardly ever right."""

from __future__ import annotations

import random
import re
from functools import cache

from hypothesis import strategies as st
from language import HEADER, table
from oracle.random_names import Draw
from oracle.random_programs import programs

from fuzz.rules import DECLARATIONS, LOOSE, USES, read

_RULE = re.compile(r"<(\w+)>")
_NAME = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(
    r'"[^"\n]*"|//[^\n]*|/\*.*?\*/|\$?\w+(?:\.\d+)?|\s+|\*\*=?|<<=?|>>=?|\+\+|->|[-+*/%&|^<>=!]=|&&'
    r"|\|\||.",
    re.DOTALL,
)
_RULES = read()
_STRICT = {
    name: [way for way in ways if not LOOSE.search(way)] or ways for name, ways in _RULES.items()
}
_DEEPEST = 6
# What mutations insert, besides tokens of the program itself.
_INSERTED = (
    *"()[]{};:,=+-*/%&|^~!@#$.\"'\\",
    *("++", "->", "**", "<<", "==", "1", "0", "-1", "0.5", "1e400", "99999999999999999999"),
    *("q", "c", "n", "zz", "$0", "$99", "pi", "true", '"01"', "1ns", "2im", "int", "uint[3]"),
    *("bit", "qubit", "angle[4]", "const", "let", "gate", "def", "if", "else", "for", "while"),
    *("in", "switch", "case", "default", "break", "continue", "return", "end", "measure"),
    *("reset", "barrier", "delay[1ns]", "box", "ctrl @", "inv @", "pow(2) @", "input", "output"),
    *("array[int, 2]", "creg", "qreg", "opaque", "extern", "cal", "defcal", "pragma", "include"),
    *("readonly", "mutable", "#dim", "durationof", "OPENQASM 3;", "gphase", "U", "void", "\0"),
    *(
        "/*",
        "*/",
        "//",
        "\r",
        "\n",
        "\u00e9",
        "\u2028",
        "\U0001f600",
        "3.",
        ".5",
        "0b",
        "0x",
        "1_",
    ),
)


def _depths() -> dict[str, int]:
    """How deep the shallowest way to write each rule is."""
    depths = dict.fromkeys(_RULES, 99)
    for _ in _RULES:
        for name, ways in _RULES.items():
            depths[name] = min(1 + _inside(way, depths) for way in ways)
    return depths


def _inside(way: str, depths: dict[str, int]) -> int:
    return max((depths[name] for name in _RULE.findall(way)), default=0)


_DEPTHS = _depths()


@st.composite
def _written(draw: Draw, rule: str, strict: bool) -> str:
    """One text for a rule."""
    rules = _STRICT if strict else _RULES

    def write(name: str, depth: int) -> str:
        ways = rules[name]
        if depth >= _DEEPEST:
            least = min(_inside(way, _DEPTHS) for way in ways)
            ways = [way for way in ways if _inside(way, _DEPTHS) == least]
        way = draw(st.sampled_from(ways))
        return _RULE.sub(lambda match: write(match[1], depth + 1), way)

    return write(rule, 0)


@st.composite
def grammatical(draw: Draw) -> str:
    """A program that follows the grammar and, most of the time, nothing else."""
    strict = draw(st.booleans())
    count = draw(st.integers(1, 5))
    lines = [draw(_written("statement", strict)) for _ in range(count)]
    if draw(st.integers(0, 9)):
        lines += ["b = measure r;", "c = measure q;"][draw(st.integers(0, 1)) :]
    names = set(_NAME.findall(" ".join(lines)))
    names |= {USES[name] for name in names if name in USES}
    if not strict and draw(st.integers(0, 5)) == 5:
        names.discard(draw(st.sampled_from(sorted(names))))
    used = [text for name, text in DECLARATIONS.items() if name in names]
    return HEADER + "\n".join(used + lines) + "\n"


@st.composite
def mutated(draw: Draw) -> str:
    """A valid program with a few tokens, or statements, too many, too few, or swapped."""
    text = draw(st.one_of(programs(), st.sampled_from(_valid()), st.sampled_from(_valid())))
    if draw(st.integers(0, 3)) == 3:
        return inserted(text, draw(_written("statement", True)), draw(st.integers(0, 99)))
    return mutate(text, draw(st.randoms(use_true_random=False)))


def inserted(text: str, statement: str, place: int) -> str:
    """The program with one statement more."""
    ends = [match.end() for match in re.finditer(r"[;}{]", text)] or [len(text)]
    end = ends[place % len(ends)]
    return f"{text[:end]} {statement} {text[end:]}"


def mutate(text: str, randomness: random.Random) -> str:
    """Deletes, duplicates, swaps, replaces and inserts tokens."""
    parts = tokens(text)
    for _ in range(randomness.randint(1, 3)):
        if not parts:
            break
        places = [place for place, token in enumerate(parts) if not token.isspace()] or [0]
        one, two = sorted(randomness.choice(places) for _ in range(2))
        length = randomness.choice((1, 1, 1, 2, 5))
        kind = randomness.randint(0, 5)
        if kind == 0:
            del parts[one : one + length]
        elif kind == 1:
            parts[one:one] = parts[one : one + length]
        elif kind == 2:
            parts[one], parts[two] = parts[two], parts[one]
        elif kind == 3:
            parts[one] = parts[two]
        elif kind == 4:
            parts[one] = randomness.choice(_INSERTED)
        else:
            parts[one:one] = [" ", randomness.choice(_INSERTED), " "]
    return "".join(parts)


def tokens(text: str) -> list[str]:
    """The text in pieces, roughly as a lexer cuts it."""
    return _TOKEN.findall(text)


def texts() -> st.SearchStrategy[str]:
    """Every kind of text, a strange one among them now and then."""
    return st.one_of(grammatical(), grammatical(), mutated())


@cache
def _valid() -> list[str]:
    return sorted({text for text, _ in table("PROGRAMS").values() if len(text) < 2000})
