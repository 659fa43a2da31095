"""Bytes, characters, JSON, huge tokens: what stands between a client and the language."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from service import BELL

from hostile.corpus_kit import (
    BODY,
    COMPLETED,
    COMPLEX,
    FLIPPED,
    INVALID,
    LARGE,
    MALFORMED,
    SEMANTIC,
    SYNTAX,
    TIME,
    TWO,
    UNSUPPORTED,
    Hostile,
    raw,
    right,
    whole,
    wrong,
)

_BELL = {"00": 0.5, "11": 0.5}
_FLIP = f"{TWO}x q[0];\nc = measure q;\n"


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def _bell(rest: str) -> bytes:
    """A bell with fields that JSON's writer would not write."""
    return b'{"qc": ' + json.dumps(BELL).encode() + rest.encode() + b"}"


_MALFORMED: dict[str, bytes | Callable[[], bytes]] = {
    "nothing": b"",
    "a brace": b"{",
    "half a string": b'{"qc": "OPENQASM',
    "bytes behind it": _json(qc=BELL) + b"{}",
    "single quotes": b"{'qc': 'x'}",
    "a comment": b'{"qc": "x" /* why */}',
    "a comma too many": b'{"qc": "x",}',
    "a form": b"qc=OPENQASM+3.0",
    "NaN": b'{"qc": "x", "shots": NaN}',
    "Infinity": b'{"qc": "x", "shots": Infinity}',
    "10**5 brackets in a field": lambda: b'{"x":' + b"[" * 100_000,
    "10**5 brackets in a field, closed": lambda: (
        b'{"qc":"x","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    ),
    "a lone high surrogate": rb'{"qc": "OPENQASM 3.0;\ud800"}',
    "a lone low surrogate": rb'{"qc": "\udc00OPENQASM 3.0;"}',
    "surrogates the wrong way round": rb'{"qc": "\udc00\ud800"}',
    "an escape that is none": rb'{"qc": "\x41"}',
    "half an escape": rb'{"qc": "\u00"}',
    "a line end in a string": b'{"qc": "OPENQASM\n3.0;"}',
    "Latin-1": '{"qc": "// é"}'.encode("latin-1"),
    "UTF-16": json.dumps({"qc": BELL}).encode("utf-16"),
    "UTF-32": json.dumps({"qc": BELL}).encode("utf-32"),
    "an overlong slash": b'{"qc": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"qc": "\xed\xa0\x80"}',
    "beyond Unicode": b'{"qc": "\xf4\x90\x80\x80"}',
    "a continuation byte": b'{"qc": "\x80"}',
    "random bytes": bytes(range(256)) * 16,
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + _json(qc=BELL),
    "gzip": bytes.fromhex("1f8b0800000000000003abae050043bfa6a302000000"),
}
_INVALID: dict[str, bytes | Callable[[], bytes]] = {
    "a list": b"[]",
    "10**5 opened brackets": lambda: b"[" * 100_000,
    "10**5 braces": lambda: b'{"qc":' * 100_000,
    "10**5 brackets": lambda: b"[" * 100_000 + b"]" * 100_000,
    "null": b"null",
    "a string": b'"OPENQASM 3.0;"',
    "a number": b"3",
    "no field": b"{}",
    "another field": b'{"QC": "x"}',
    "qc: number": b'{"qc": 3}',
    "qc: null": b'{"qc": null}',
    "qc: true": b'{"qc": true}',
    "qc: list": b'{"qc": ["OPENQASM 3.0;"]}',
    "qc: object": b'{"qc": {"$ne": null}}',
    **{
        f"{field}: {value}": _bell(f', "{field}": {value}')
        for field, values in {
            "shots": [
                *("-1", "1.5", "1e400", "true", '"100"', "[1]", "{}", '""'),
                *("1000001", "2147483648", "9223372036854775808", "18446744073709551616"),
                *("-9223372036854775809", "1e18", "1e-5"),
            ],
            "seed": [
                *("-1", "1.5", "true", '"7"', "[]", '"; drop table tasks"'),
                *("9223372036854775808", "18446744073709551616", "1e30"),
            ],
        }.items()
        for value in values
    },
    "shots: 10**5 digits": _bell(f', "shots": {"9" * 100_000}'),
    "seed: 10**5 digits": _bell(f', "seed": {"9" * 100_000}'),
}
# Found where the look-alike stands: a character that no token has ...
_NO_TOKEN = {
    "Greek question mark": "x q[0]\u037e",
    "full-width semicolon": "x q[0]；",
    "full-width digit": "x q[０];",
    "Arabic digit": "x q[\u0660];",
    "superscript digit": "x q[\u2070];",
    "zero-width space": "x\u200b q;",
    "zero-width joiner": "x q\u200d;",
    "word joiner": "\u2060x q;",
    "no-break space": "x\u00a0q;",
    "ideographic space": "x\u3000q;",
    "line separator": "x q;\u2028",
    "next line": "x q;\u0085",
    "right-to-left mark": "x q\u200f;",
    "right-to-left override": "x \u202eq\u202c;",
    "byte order mark inside": "x \ufeffq;",
    "soft hyphen": "x q\u00ad;",
    "combining accent": "x q\u0301;",
    "curly quotes": "include “stdgates.inc”;",
    "minus sign": "rx(\u22121) q;",
    "multiplication sign": "rx(2×3) q;",
    "en dash arrow": "measure q –> c;",
    "full-width parentheses": "rx（1） q;",
    "emoji": "x 🙂;",
    "an emoji as a name": "qubit 🙂;",
    "a combining mark as a name": "qubit \u0301;",
    "private use": "x \ue000;",
    "not a character": "x \uffff;",
    "replacement character": "x \ufffd;",
    "a tag": "x q\U000e0041;",
    "vertical tab": "x\x0bq;",
    "form feed": "x q;\x0c",
    "escape": "x q;\x1b[2J",
    "delete": "x q;\x7f",
}
# ... or a name that is another name.
_OTHER_NAME = {
    "Cyrillic ha": "\u0445 q;",
    "Cyrillic es": "\u0441 = measure q;",
    "Greek omicron": "x \u03bf;",
    "mathematical h": "\U0001d489 q;",
    "full-width letter": "ｘ q;",
    "a ligature": "rx(ﬁ) q;",
    "capital sharp s": "x \u1e9e;",
    "Turkish dotless i": "\u0131d q;",
    "Kelvin sign": "x \u212a;",
}
_FINE = {
    "Greek names": "const float θ = π / 2; gate ρ(φ) α { rz(φ) α; } ρ(θ) q;",
    "Chinese names": "gate 门 甲 { z 甲; } 门 q;",
    "a Roman numeral as a name": "const int Ⅸ = 9; rz(Ⅸ) q;",
    "an accented name": "const int é = 1; gate g a { z a; } g q;",
    "an emoji in a comment": "// 🙂 \U0010ffff\n",
    "an override in a comment": "/* \u202e } \u2066 if (admin) \u2069 */ z q;",
    "control characters in a comment": "// \x01\x02\x1b[31m\x7f\x0b\n",
    "a NUL's picture in a comment": "// \u2400\n",
}


def _tokens(n: int) -> dict[str, tuple[str, ...]]:
    """Tokens and comments of n characters, and what should come of them."""
    name = "a" * n
    third = name[: n // 3]
    return {
        "a qubit's name": (f"qubit {third}; x {third}; c[0] = measure {third};", COMPLETED),
        "a gate's name": (f"gate {name} a {{ x a; }}", COMPLETED),
        "an undefined qubit": (f"x {name};", SEMANTIC),
        "an undefined gate": (f"{name} q;", SEMANTIC),
        "a name declared twice": (f"int {third}; int {third};", SEMANTIC),
        "a path": (f'include "{name}";', UNSUPPORTED),
        "a string left open": (f'include "{name}', SYNTAX),
        "a number": (f"rz(0.{'3' * n}) q;", COMPLETED),
        "spaces": (" " * n, COMPLETED),
        "quotes": ('"' * (n // 2), SYNTAX),
        "slashes": ("/" * n + "\n", COMPLETED),
        "division signs": ("/ " * (n // 2), SYNTAX),
        "letters": ("x" * n, SYNTAX),
        "dollars": ("$" * n, SYNTAX),
        "at signs": ("@" * n, SYNTAX),
        "a line of comment": (f"// {'c' * n}\n", COMPLETED),
        "a block of comment": (f"/* {'c ' * (n // 2)} */", COMPLETED),
        "a block of comment of many lines": ("/* " + "c\n" * (n // 3) + " */", COMPLETED),
        "lines of comment": ("//\n" * (n // 4), COMPLETED),
        "blocks of comment": ("/**/ " * (n // 5), COMPLETED),
        "lines of comment with quotes": ('// "\n' * (n // 7), COMPLETED),
        "stars": (f"/*{'*' * n}/", COMPLETED),
        "blocks opened in a block": (f"/* {'/* ' * (n // 3)} */", COMPLETED),
        "blocks almost closed": (f"/* {'* /' * (n // 3)}", SYNTAX, COMPLEX),
        "a pragma": (f"pragma {name}\n", COMPLETED),
        "an annotation": (f"@a {name}\n", COMPLETED),
    }


_LARGE = {
    **{name: text for name, (text, *_) in _tokens(800_000).items()},
    "gates": "x q; " * 150_000,
    "parentheses": "(" * 800_000,
    "four bytes a character": "// " + "\U0001f642" * 200_000,
    "annotations": "@a.b c\n" * 100_000,
    "sums": f"rz({'0 + ' * 200_000}1) q;",
    "bits": f'bit[800000] d = "{"01" * 400_000}";',
}


INPUTS: list[Hostile] = [
    *(raw("JSON", name, body, MALFORMED) for name, body in _MALFORMED.items()),
    *(raw("JSON fields", name, body, INVALID) for name, body in _INVALID.items()),
    raw(
        "JSON",
        "the last of two",
        b'{"qc": "x", "qc": ' + json.dumps(BELL).encode() + b"}",
        COMPLETED,
        INVALID,
        MALFORMED,
        counts=_BELL,
    ),
    raw(
        "JSON",
        "escaped letters",
        b'{"qc": "' + "".join(f"\\u{ord(c):04x}" for c in BELL).encode() + b'"}',
        COMPLETED,
        counts=_BELL,
    ),
    raw("JSON", "a byte order mark", b"\xef\xbb\xbf" + _json(qc=BELL), COMPLETED, counts=_BELL),
    raw(
        "JSON",
        "10**4 fields",
        lambda: _json(qc=BELL, **{f"f{i}": i for i in range(10_000)}),
        COMPLETED,
        counts=_BELL,
    ),
    raw(
        "JSON",
        "Python's names",
        _json(qc=BELL, __class__="x", self=1, __init__=[]),
        COMPLETED,
        counts=_BELL,
    ),
    raw(
        "JSON fields",
        "shots: the most",
        _bell(', "shots": 1000000'),
        COMPLETED,
        TIME,
        counts=_BELL,
    ),
    raw(
        "JSON fields",
        "seed: the largest",
        _bell(f', "seed": {2**63 - 1}'),
        COMPLETED,
        counts=_BELL,
    ),
    raw(
        "JSON fields",
        "null for both",
        _bell(', "shots": null, "seed": null'),
        COMPLETED,
        counts=_BELL,
    ),
    raw(
        "huge body",
        "50 MB of a program",
        lambda: b'{"qc": "' + b"x q; " * 10_000_000 + b'"}',
        BODY,
    ),
    raw("huge body", "50 MB of brackets", lambda: b"[" * 50_000_000, BODY),
    raw("huge body", "50 MB of nothing", lambda: b" " * 50_000_000, BODY),
    raw("huge body", "one byte too many", lambda: b'{"qc": "'.ljust(1_048_576) + b"}", BODY),
    *(right("huge program", name, text, LARGE) for name, text in _LARGE.items()),
    # Characters.
    *(whole("look-alike", name, f"{TWO}{text}\n", SYNTAX) for name, text in _NO_TOKEN.items()),
    *(whole("look-alike", name, f"{TWO}{text}\n", SEMANTIC) for name, text in _OTHER_NAME.items()),
    *(right("look-alike", name, text) for name, text in _FINE.items()),
    whole("NUL", "in front", "\0" + _FLIP, SYNTAX),
    whole("NUL", "in the middle", _FLIP.replace("x q", "x\0q"), SYNTAX),
    whole("NUL", "at the end", _FLIP + "\0", SYNTAX),
    whole("NUL", "in a comment", _FLIP + "// \0\n", SYNTAX),
    whole("NUL", "in a path", _FLIP.replace(".inc", ".inc\0/etc/passwd"), SYNTAX),
    whole("NUL", "10**5 of them", lambda: "\0" * 100_000, SYNTAX),
    whole("byte order mark", "one", "\ufeff" + _FLIP, COMPLETED, counts=FLIPPED),
    whole("byte order mark", "two", "\ufeff\ufeff" + _FLIP, SYNTAX),
    whole("byte order mark", "at the end", _FLIP + "\ufeff", SYNTAX),
    whole("line ends", "of Windows", _FLIP.replace("\n", "\r\n"), COMPLETED, counts=FLIPPED),
    whole("line ends", "of old Macs", _FLIP.replace("\n", "\r"), COMPLETED, counts=FLIPPED),
    whole("line ends", "of all kinds", _FLIP.replace("\n", "\n\r\r\n"), COMPLETED, counts=FLIPPED),
    whole("line ends", "a comment to a Mac's", "// c\r" + _FLIP, COMPLETED, counts=FLIPPED),
    # Huge tokens and comments that are small enough.
    *(
        right("huge token", name, text, *expected)
        for name, (text, *expected) in _tokens(100_000).items()
    ),
    # Pragmas and annotations are for others.
    right("pragma flood", "3000", "pragma a.b c\n" * 3_000),
    right("pragma flood", "3000 with '#'", "#pragma a.b c\n" * 3_000),
    right("pragma flood", "3000 annotations", "@a.b c\n" * 3_000),
    right("pragma flood", "15,000", "pragma a.b c\n" * 15_000, COMPLETED, COMPLEX),
    right("pragma flood", "30,000 annotations", "@a.b c\n" * 30_000, COMPLETED, COMPLEX),
    right("pragma flood", "10**4 annotated", "@a.b c\nz q;\n" * 10_000, COMPLETED, COMPLEX),
    wrong("pragma flood", "{ @a.b c\n }", SYNTAX),
]
