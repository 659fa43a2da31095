"""Small texts that ask for a lot: nesting, numbers, and tokens without end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hostile.corpus_kit import (
    CLBITS,
    COMPLETED,
    COMPLEX,
    QUBITS,
    SEMANTIC,
    SYNTAX,
    Hostile,
    right,
)

# Legal however deep, so that a service that can read it runs it: name, text of n levels.
_NESTED: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: f"rz({'(' * n}1{')' * n}) q;",
    "blocks": lambda n: "{" * n + "}" * n,
    "minus signs": lambda n: f"rz({'- ' * n}1) q;",
    "exclamation marks": lambda n: f"if ({'!' * n}(c == 1)) {{ z q; }}",
    "tildes": lambda n: f"const uint k = {'~' * n}1;",
    "ifs": lambda n: "if (true) {" * n + "}" * n,
    "ifs on a bit": lambda n: "if (c[0]) {" * n + "z q;" + "}" * n,
    "else ifs": lambda n: "if (c[1]) { } else " * n + "{ z q; }",
    "loops of one turn": lambda n: "for int i in [0:0] {" * n + "z q;" + "}" * n,
    "whiles": lambda n: "while (false) {" * n + "}" * n,
    "boxes": lambda n: "box {" * n + "}" * n,
    "switches": lambda n: "switch (c) { case 0 {" * n + "} }" * n,
    "sines": lambda n: f"rz({'sin(' * n}1{')' * n}) q;",
    "casts": lambda n: f"const int k = {'int(' * n}1{')' * n};",
    "sums": lambda n: f"rz({'0 + ' * n}1) q;",
    "powers": lambda n: f"rz({'1 ** ' * n}1) q;",
    "conjunctions": lambda n: f"if ({'c[0] && ' * n}c[1]) {{ z q; }}",
    "modifiers": lambda n: f"{'inv @ ' * (n - n % 2)}z q;",
}
# Wrong however deep.
_OPENED: dict[str, Callable[[int], str]] = {
    "opened parentheses": lambda n: f"rz({'(' * n}",
    "opened brackets": lambda n: f"x q{'[' * n}",
    "opened blocks": lambda n: "{" * n,
    "closed blocks": lambda n: "}" * n,
    "opened sets": lambda n: f"x q[{'{' * n}",
    "opened calls": lambda n: f"rz({'sin(' * n}",
    "opened ifs": lambda n: "if (true) {" * n,
}
_INDICES: dict[str, Callable[[int], str]] = {
    "index brackets of qubits": lambda n: f"x {'q[' * n}0{']' * n};",
    "index brackets of bits": lambda n: f"if ({'c[' * n}0{']' * n}) {{ x q; }}",
    "index after index": lambda n: f"x q{'[0]' * n};",
    "array literals": lambda n: f"array[int, 1] a = {'{' * n}1{'}' * n};",
}

_INTEGERS = {
    "9**9**9**9": "const int n = 9**9**9**9;",
    "2**2**2**2**2**2": "const int n = 2**2**2**2**2**2;",
    "1 << 10**9": "const int n = 1 << 10**9;",
    "1 << (1 << 62)": "const uint n = 1 << (1 << 62);",
    "a shift of a shift": "const uint n = (1 << 60) << (1 << 40);",
    "factors": "const uint n = " + " * ".join(["999999999999999999"] * 1000) + ";",
    "in an index": "x q[9**9**9];",
    "in a size": "qubit[9**9**9] r;",
    "in a width": "int[9**9**9] n;",
    "in a range": "for int i in [0:9**9**9] { x q; }",
    "in an angle": "rx(9**9**9) q;",
    "in an exponent": "pow(9**9**9) @ x q;",
    "in a number of controls": "ctrl(9**9**9) @ x q[0], q[1];",
    "in a case": "switch (c) { case 9**9**9 { x q; } }",
    "in a condition": "if (c == 9**9**9) { x q; }",
    "in a delay": "delay[9**9**9 * 1ns] q;",
    "in a cast": "const float w = float(9**9**9); rx(w) q;",
    "in a gate": "gate g(t) a { rx(t ** t ** t ** t) a; } g(9) q[0];",
    "in a dimension": "array[int, 9**9**9] a;",
    "negative shift": "const int n = 1 << -1;",
    "negative shift to the right": "const int n = 1 >> -(10**18);",
    "10**5 hexadecimal digits": lambda: f"const int n = 0x{'f' * 100_000};",
    "10**5 binary digits": lambda: f"const int n = 0b{'1' * 100_000};",
    "an exponent of 10**5 digits": lambda: f"rx(1e{'9' * 100_000}) q;",
}
_DIGITS = {
    "10**5 digits": lambda: f"const int n = {'9' * 100_000};",
    "10**5 digits as an angle": lambda: f"rx({'9' * 100_000}) q;",
    "10**5 digits as an index": lambda: f"x q[{'9' * 100_000}];",
    "10**5 digits with underscores": lambda: f"const int n = 9{'_9' * 50_000};",
}
# Wrapped to their width, these are small.
_WRAPPED = {
    "a variable to the 10**9": "int[32] n = 3; n = n ** 1000000000;",
    "a variable shifted by 10**9": "uint[32] n = 1; n = n << 1000000000;",
    "a variable shifted to the right by 10**18": "uint[64] n = 1; n >>= 1000000000000000000;",
    "a variable multiplied 1000 times": "int[64] n = 3; for int i in [1:1000] { n *= n; }",
    "rotl by 10**9": "uint[8] n = rotl(uint[8](1), 1000000000);",
    "rotr by 10**18": "uint[8] n = rotr(uint[8](1), 1000000000000000000);",
    "popcount": "uint[64] n = popcount(uint[64](18446744073709551615));",
    "squares of squares": lambda: (
        "const int n0 = 3;\n"
        + "".join(f"const int n{i} = n{i - 1} * n{i - 1};\n" for i in range(1, 2000))
    ),
    "powers of powers": lambda: (
        "const int n0 = 3;\n" + "".join(f"const int n{i} = n{i - 1} ** 9;\n" for i in range(1, 99))
    ),
    "squares of squares of 4096 bits": lambda: (
        "const int[4096] n0 = 3;\n"
        + "".join(f"const int[4096] n{i} = n{i - 1} * n{i - 1};\n" for i in range(1, 2000))
    ),
}

_BITS = "01" * 120_000
_HUGE = dict.fromkeys(
    ("parentheses", "blocks", "minus signs", "exclamation marks", "sums", "conjunctions"), 100_000
)


def _most(text: Callable[[int], str], levels: int) -> int:
    """As many levels, an even number, as fit into a program."""
    return min(levels, 250_000 // (len(text(4)) - len(text(2))) * 2)


INPUTS: list[Hostile] = [
    *(
        right("recursion bomb", f"{n} {name}", partial(text, n), COMPLETED, COMPLEX)
        for name, text in _NESTED.items()
        for n in sorted(
            {1_000, _most(text, 20_000), _most(text, 100_000) if name in _HUGE else 1_000}
        )
    ),
    *(
        right("recursion bomb", f"{n} {name}", partial(text, n), SYNTAX, COMPLEX)
        for name, text in _OPENED.items()
        for n in (10_000, _most(text, 80_000))
    ),
    *(
        right("recursion bomb", f"{n} {name}", partial(text, n), SEMANTIC, COMPLEX)
        for name, text in _INDICES.items()
        for n in (1_000, _most(text, 100_000))
    ),
    *(right("integer bomb", name, text, SEMANTIC, COMPLEX) for name, text in _INTEGERS.items()),
    *(right("integer bomb", name, text, SEMANTIC, SYNTAX) for name, text in _DIGITS.items()),
    right(
        "integer bomb", "a size", lambda: f"qubit[{'9' * 100_000}] r;", QUBITS, SEMANTIC, SYNTAX
    ),
    right(
        "integer bomb",
        "a physical qubit",
        lambda: f"x ${'9' * 100_000};",
        COMPLETED,
        QUBITS,
        SEMANTIC,
    ),
    *(right("integer bomb", name, text) for name, text in _WRAPPED.items()),
    right("integer bomb", "pow()", "rx(pow(9, pow(9, pow(9, 9)))) q;", SEMANTIC, SYNTAX),
    right("integer bomb", "2.0 ** 1e308", "rx(2.0 ** 1e308) q;", SEMANTIC),
    right("integer bomb", "1e308 ** 1e308", "const float w = 1e308 ** 1e308; rx(w) q;", SEMANTIC),
    right("integer bomb", "exp(exp(exp(9)))", "rx(exp(exp(exp(9)))) q;", SEMANTIC),
    right("integer bomb", "0.5 ** 1e308 is 0", "rx(0.5 ** 1e308) q;"),
    right("integer bomb", "10**5 digits behind the point", lambda: f"rz(0.{'9' * 100_000}) q;"),
    right(
        "integer bomb",
        "10**5 zeros in front",
        lambda: f"rz({'0' * 100_000}1) q;",
        COMPLETED,
        SEMANTIC,
        SYNTAX,
    ),
    right(
        "integer bomb",
        "a string of 240 kB",
        lambda: f'bit[240000] b = "{_BITS}";',
        CLBITS,
        COMPLEX,
    ),
    right(
        "integer bomb",
        "a long string for few bits",
        lambda: f'bit[2] b = "{_BITS}";',
        SEMANTIC,
        COMPLEX,
    ),
    right(
        "integer bomb",
        "a long string in a condition",
        lambda: f'if (c == "{_BITS}") {{ }}',
        SEMANTIC,
        COMPLEX,
        COMPLETED,
    ),
]
