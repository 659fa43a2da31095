"""What msgspec says of a wrong value, in plain words: by itself it speaks of Python's types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "array": "a list",
    "object": "an object",
}
_KIND = re.compile(r"Expected `([\w |]+)`(?:, got `(\w+)`)?$")
_LIMIT = re.compile(r"Expected `(\w+)`( of length)? (>=|<=|>|<) (\S+)$")
_MATCHING = re.compile(r"Expected `str` matching regex (.+)$", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value (.*)$", re.DOTALL)
_PARTS = {"str": "character", "array": "item", "object": "field"}
_SIGNS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_LONGEST = 100  # characters of a value that are quoted


def in_words(message: str, patterns: Mapping[str, str], choices: Sequence[str] = ()) -> str:
    """What was expected, and what came instead if the message tells. `message` is without the
    place of the value. `patterns` has the meaning of regular expressions; `choices` are the texts
    that an enumeration takes."""
    if found := _KIND.match(message):
        kinds, given = found[1].split(" | "), found[2]
        came = f" but got {_TYPES.get(given, given)}" if given else ""
        if given == "float" and "int" in kinds:
            came += " with a decimal point or an exponent"
        return f"expected {_any(kinds)}{came}"
    if found := _LIMIT.match(message):
        kind, length, sign, limit = found.groups()
        limit = f"{float(limit):g}" if "." in limit else limit
        if not length:
            return f"expected {_TYPES.get(kind, kind)}, {_SIGNS[sign]} {limit}"
        part = _PARTS.get(kind, "part") + ("" if limit == "1" else "s")
        return f"expected {_TYPES.get(kind, kind)} of {_SIGNS[sign]} {limit} {part}"
    if found := _MATCHING.match(message):
        meanings = (words for pattern, words in patterns.items() if repr(pattern) == found[1])
        return f"expected {next(meanings, 'another form')}"
    if found := _CHOICE.match(message):
        value = found[1].strip("'")
        value = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
        return f"expected {', '.join(choices[:-1])} or {choices[-1]} but got '{value}'"
    return message[:1].lower() + message[1:].replace("`", "")


def _any(kinds: Sequence[str]) -> str:
    named = [_TYPES.get(kind, kind) for kind in kinds if kind != "int" or "float" not in kinds]
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
