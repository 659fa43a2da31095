"""The hostile corpus: every input, in a fixed order."""

from __future__ import annotations

from collections import Counter

from hostile import (
    corpus_bombs,
    corpus_language,
    corpus_loops,
    corpus_names,
    corpus_sizes,
    corpus_syntax,
    corpus_text,
    corpus_version2,
)
from hostile.corpus_kit import Hostile

INPUTS: list[Hostile] = [
    *corpus_syntax.INPUTS,
    *corpus_names.INPUTS,
    *corpus_bombs.INPUTS,
    *corpus_loops.INPUTS,
    *corpus_sizes.INPUTS,
    *corpus_text.INPUTS,
    *corpus_language.INPUTS,
    *corpus_version2.INPUTS,
]
CLASSES = list(dict.fromkeys(hostile.cls for hostile in INPUTS))

_twice = [key for key, n in Counter((h.cls, h.name) for h in INPUTS).items() if n > 1]
assert not _twice, f"these inputs share a name: {_twice}"


def of(cls: str) -> list[Hostile]:
    return [hostile for hostile in INPUTS if hostile.cls == cls]
