"""Programs with a mistake or two."""

from __future__ import annotations

import random
import re

TOKEN = re.compile(
    r'"[^"\n]*"|\$?\w+(?:\.\d+)?|\s+|\*\*=?|<<=?|>>=?|\+\+|->|[-+*/%&|^<>=!]=|&&|\|\||.', re.DOTALL
)
LETTERS = "abeEsmdtx01289_.,;:()[]{}+-*/%&|^~!=<>@$#\"' \t\nπµ"


def mutant(text: str, words: list[str], rng: random.Random) -> str:
    """A few statements of a program, with a mistake or two."""
    statements = text.split(";")
    first = rng.randrange(len(statements))
    text = ";".join(statements[first : first + 4]) + ";"
    by_letter = rng.random() < 0.2
    parts = list(text) if by_letter else TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        new = rng.choice(LETTERS) if by_letter else rng.choice(words)
        match rng.randrange(5):
            case 0:
                parts[at] = ""
            case 1:
                parts[at] *= 2
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = new
            case _:
                parts[at] += rng.choice(("", " ")) + new
    return "".join(parts)
