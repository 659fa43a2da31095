"""Our parser builds the very trees that `openqasm3.parse` does, and accepts nothing more."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

import openqasm3
import pytest
from hostile.corpus import INPUTS
from hypothesis import HealthCheck, given, settings
from language import table
from openqasm3 import ast
from openqasm3._antlr.qasm3Lexer import qasm3Lexer
from oracle.random_programs import programs
from parsing.mutants import TOKEN, mutant
from upstream.cases import CASES

from quantum_tasks.parsing import lexer, parser, syntax
from quantum_tasks.parsing.cursor import UnsureError

LANGUAGE = [text for kind in ("PROGRAMS", "OPTIONAL") for text, _ in table(kind).values()]
MUTANTS = 10_000


def prepared(qc: str) -> str:
    return syntax.without_comments(syntax.clean(qc))


def fast(text: str) -> ast.Program | None:
    try:
        return parser.parse(text)
    except UnsureError:
        return None


def difference(ours: Any, theirs: Any, text: str, where: str = "program") -> str | None:
    """What is not the same in two trees of a text, or does not begin at the same place."""
    if type(ours) is not type(theirs):
        return f"{where}: {ours!r} is not {theirs!r}"
    if isinstance(ours, list | tuple):
        if len(ours) != len(theirs):
            return f"{where}: {ours!r} is not {theirs!r}"
        pairs: Iterable[tuple[str, Any, Any]] = (
            (f"{where}[{n}]", *pair) for n, pair in enumerate(zip(ours, theirs, strict=True))
        )
    elif isinstance(ours, ast.QASMNode):
        line, column = lexer.position(text, ours.span)
        columns = {theirs.span.start_column + 1}
        if isinstance(ours, ast.Identifier | ast.BitType):
            # they count some columns from the start of the text, also that of the word `creg`
            columns.add(
                theirs.span.start_column + 1 - sum(map(len, text.splitlines(True)[: line - 1]))
            )
        if line != theirs.span.start_line or column not in columns:
            return f"{where}: begins at {line}, {column}, not {theirs.span}"
        pairs = (
            (f"{where}.{field.name}", getattr(ours, field.name), getattr(theirs, field.name))
            for field in fields(ours)
            if field.name != "span"
        )
    else:
        return None if repr(ours) == repr(theirs) else f"{where}: {ours!r} is not {theirs!r}"
    return next(filter(None, (difference(a, b, text, name) for name, a, b in pairs)), None)


# What OpenQASM 2 wrote, and the other one does not read: registers of no bits, declared or as
# arguments.
OLD = re.compile(r"\b[cq]reg +\w+ *\[")


def assert_same(text: str) -> bool:
    """Whether our parser takes a text; if it does, the other one has to build the same tree."""
    ours = fast(text)
    if ours is None:
        return False
    try:
        theirs = openqasm3.parse(text)
    except Exception as error:
        if OLD.search(text):
            return True
        pytest.fail(f"only we accept {text!r}: {error!r}")
    assert (found := difference(ours, theirs, text)) is None, f"{found} in {text!r}"
    return True


def test_the_programs_of_the_language_have_the_same_trees() -> None:
    taken = sum(assert_same(prepared(qc)) for qc in LANGUAGE)
    assert taken / len(LANGUAGE) >= 0.97, "the fast parser leaves too much to the other one"


def hostile() -> Iterator[str]:
    for one in INPUTS:
        body = one.bytes()
        if len(body) > 2000:
            continue
        try:
            yield json.loads(body)["qc"].strip()
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


def test_hostile_programs_and_known_defects_have_the_same_trees_or_none() -> None:
    texts = [*hostile(), *(case.text for case in CASES.values())]
    taken = sum(assert_same(prepared(qc)) for qc in texts)
    assert len(texts) > 800
    assert taken > len(texts) / 2


def test_random_programs_have_the_same_trees() -> None:
    @settings(
        derandomize=True,
        deadline=None,
        max_examples=100,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(programs())
    def compare(qc: str) -> None:
        assert assert_same(prepared(qc))

    compare()


STATEMENTS = """
OPENQASM 3;
OPENQASM 3.1; qubit q;
qubit q;;
x q;
x q,;
x $0, q[1], r[0:2], s[{0, 1,}], t[-1];
u(1, 2,) q;
u() q;
f();
f(1)[0];
f(x) + 1;
a;
-a;
a[0];
a[0] = 1;
a[0][1:2][{3, 4}] += 1;
a[:] = b[1:]; a[:2] = b[::2]; a[1::2] = b[1:2:3]; a[0, 1:2, :,] = 1;
a[()];
a = -b ** c; a = b ** -c ** d; a = 2 ** -1 * 3; a = -b[0]; a = !b == c; a = ~b & c;
a = b - c - d; a = b ** c ** d; a = (b ** c) ** d; a = b * (c + d) % e; a = b << 1 + 2;
a = b < c == d > e; a = b | c ^ d & e; a = b || c && d || e; a = b == c != d; a = b <= c >= d;
a = - - b; a = !-~b; a = b--c; a = b<-c; a=-1; a=!b; a=~b; a ~= b; a **= b; a <<= 1; a >>= b;
a -= 1; a *= 1; a /= 1; a %= 1; a &= 1; a |= 1; a ^= 1; a &&= b; a = b++c;
a = (b); a = ((b)[0]); a = (b + c)[0]; a = f(x)[1]; a = "01"[0]; a = int[8](b)[0]; a = 1[0];
a = int(b) + float[32](c) + bool(d) + bit[2](e) + angle[4](f) + complex[float[64]](g);
a = complex(b); a = duration(b); a = complex[float](b); a = array[int, 2](b);
a = 0x1F + 0XaB + 0b01 + 0B1 + 0o17 + 1_000 + 0b1_0 + 0x1_f + 007;
a = 0O17; a = 0b2; a = 0x; a = 0b; a = 1_; a = 1__0; a = _1; a = 0b12; a = 0o8; a = 0xg;
a = 1.; a = .5; a = 1.5; a = 1e5; a = 1.e5; a = .5e-3; a = 1E+5; a = 1_0.5_0e1_0; a = 1e;
a = 1.5.2;
a = 1..2; a = 1e400; a = 1._5; a = 1e_5; a = 1e5_; a = .; a = ._5; a = 00.10; a = 1e+; a = 1 e5;
a = 10ns + 1.5us + 2 ms + 3dt + 4s + 5\tdt + .5s + 1.s + 1e3ns; a = 1 sx; a = 1 sq; a = 1n;
a = 1d;
a = 100µs; a = 1 im; a = 2im + 1.5im; a = 1 imx; a = 1 s [0]; a = 1\ns; a = im;
a = "0"; a = "01_1"; a = "0__1"; a = "_0"; a = "0_"; a = "2"; a = ""; a = "0
1"; a = "01" "1"; a = '01';
a = true; a = false; a = True; a = trueish; a = π + τ; a = θ₁; θ = λ; a = é; a = ℇ; a = ς;
a = ΢;
a = $0; a = $; a = $a; a = $0a; a = $ 0; a = $0[1]; $0 = a; $0;
a = sizeof(b); a = sizeof(b, 1); a = sizeof(); a = sizeof(b, 1, 2); sizeof(a); a = sizeof(b)[0];
a = measure q; a[0] = measure q[0]; a += measure $0; measure q; measure q -> c;
measure q[0] -> c[1];
a = measure; a = measure q + 1; a = (measure q); measure q, r; measure q -> $0;
a = measure q[0][1];
a = durationof({x q;}); a = b c; a = ; = b; a == b; a =; a b = c; a.b = c; a = b.c; a = b ? c;
bit c; bit[4] c = "0101"; int[8] i = 3; uint u; float[64] f = 1; angle[3] a = pi; bool b = true;
bit c = measure q; int i = {1, 2}; int i = {}; int i = {1,}; int i = {,};
int i = {{1}, {2, 3}, a};
int[0] i; int[-1] i; uint[0] i; angle[0] i; bit[0] b; float[0] f; int[00] i; int[(-1)] i;
int[+1] i;
int[8][8] i; int i, j; int i = 1, 2; int; int 3; int if; int[8] = 3; bool[8] b; duration[3] d;
complex[float[64]] z = 1im; complex z; complex[int] z; complex[complex] z; complex[] z;
duration d = 1ns; stretch s; stretch s = 1ns;
array[int[8], 2, 3] a; array[int, 2] a = {1, 2}; array[float, 2,] a; array[int] a;
array[int, ] a;
array[stretch, 2] a; array[int, -2] a; array[bit, 2] a; array[complex[float], 2] a;
array[void, 2] a;
if (a) array[int, 2] b; { array[int, 2] b; } const array[int, 2] a = {1, 2}; array[bool, 0] a;
const int n = 3; const float f = 2 * pi; const int n; const n = 3; const int n = {1};
const bit b = "1";
const bit b = measure q;
input float f; output bit c; output bit[2] c; input array[int, 2] a; input int i = 3;
if (a) input int i;
qubit[4] q; qubit[0] q; qubit[-1] q; qubit q = 3; qubit[n + 1] q; { qubit q; } if (a) qubit q;
qreg q; qreg q[4]; creg c; creg c[4]; qreg q[0]; creg c[0]; creg[4] c; { creg c; }
if (a) qreg q;
let a = b; let a = b ++ c; let a = b[0] ++ c[1:2] ++ d; let a = 1 + 2; let a[0] = b;
let a = (b ++ c);
include "a.inc"; include ""; include 'a.inc'; include "a b"; include "01"; include "a
b"; include a; if (a) include "b"; { include "b"; } include "é";
gate g a { x a; } gate g(t) a, b, { u(t) a; cx a, b; } gate g() a {} gate g(a, b,) c {}
gate g {}
gate g(1) a {} gate g a; if (a) gate g b {} { gate g a {} } gate g a { gate h b {} }
gate x a { inv @ x a; }
gate g a { a = 1; } gate g a { int i; } gate g a { const int i = 1; } gate g a { measure a; }
gate g a { reset a; } gate g a { barrier a; } gate g a { b = measure a; } gate g a { creg c; }
gate g a { return; }
gate g a { for int i in [0:1] { x a; } } gate g a { gphase(1); } gate g a { let b = a; }
gate g a { { x a; } }
gate g a { break; } gate g a { end; } gate g a { qreg q; } gate g a { c[0] = 1; }
gate g a { f(1); }
def f() { return; } def f(int a) -> int { return a; }
def f(qubit q, qubit[2] r, bit[2] c) -> bit { return measure q; }
def f(int a,) {} def f(,) {}
def f(readonly array[int, 2] a, mutable array[int[8], #dim = 2] b) {}
def f(creg c) {} def f(qreg q[2]) {} def f(array[int, 2] a) {} def f {} def f() -> {}
def f() int {}
def f(int) {} def f(const int a) {} def f() -> array[int, 2] {}
def f(readonly array[int, #dim=2,] a) {}
def f() x q; def f() { def g() {} } def f() { include "a"; } def f() { array[int, 2] a; }
if (a) def f() {}
{ def f() {} } return; return 1; { return; } def f() { return {1}; }
def f() { if (a) { return 1; } else return 2; }
def f(readonly array[stretch, -1] a) {} def f(readonly int a) {}
def f(int a) -> complex[float] {}
if (a) x q; if (a) { } else { } if (a) x q; else x r; if (a) if (b) x q; else x r;
if (a) else x q;
if a x q; if (a); if () x q; if (a) {} else if (b) {} else {} else x q; if (a) { x q; } x r;
while (a) x q; while (a) { break; } while (a) { if (b) continue; } while () {} break; continue;
{ break; }
while (a) { { break; } } while (a) break; if (a) break; switch (a) { case 1 { break; } }
while (a) { switch (b) { case 1 { break; } } } for int i in [0:1] continue; end; end
for int i in [0:1] { } for uint[8] i in [0:2:4] x q; for int i in {1, 2,} x q; for int i in {}
x q;
for int i in a { } for int i in a x q; for int i in a[0:1] { } for int i in "01" { }
for int i in f(x) { }
for int i in [0] { } for int i in [:] { } for int i in [0:1, 2] { } for i in [0:1] { }
for int i [0:1] { }
for int i in a -b; for int i in a (b); for int i in a -b (c); for int i in a - b x q;
for int i in (a) x q;
for int i in a -b { } for int i in a [0] = 1; for int i in a b; for int i in a b(1) q;
for array[int, 2] i in a { }
for int i in [0:1] [0:1] { } for int i in a -b -c; for int i in a int(c); for int i in a {1}
x q; for bit b in c {}
switch (a) { case 1 { } case 2, 3, { } default { } } switch (a) { }
switch (a) { default { } case 1 { } }
switch (a) { default { } default { } } switch (a) { case { } } switch (a) { case 1 x q; }
switch (a) { x q; }
switch (a) case 1 { } switch (a) { case 1: { } } if (b) switch (a) { case 1 { qubit q; } }
case 1 { }
switch (a) { case 1 { qubit q; include "b"; def f() {} } } default { }
barrier; barrier q; barrier q, r[0],; barrier $0; barrier 1; barrier();
reset q; reset q[0]; reset; reset q, r; reset $0; delay[1ns]; delay[a + b] q, r; delay q;
delay[1ns] $0;
box { x q; } box[1ns] { } box x q; box[1ns] x q; box { qubit q; } box { break; } nop q; nop;
inv @ x q; ctrl @ ctrl(2) @ negctrl @ negctrl(n) @ x q, r; pow(1/2) @ inv @ u(1) q; pow @ x q;
inv(2) @ x q;
inv @x q; inv@ x q; inv @ @ x q; ctrl @ gphase(1) q; gphase(1); gphase(1) q, r; gphase;
gphase(); gphase(1, 2);
gphase 1; inv @ gphase(1); ctrl() @ x q; inv @ measure q; inv @ f(1); inv @ a = 1; inv x q;
ctrl(2) x q;
x[1ns] q; x(1)[1ns] q; gphase(1)[1ns] q; inv @ x[1ns] q; x[1ns] q[0];
{ x q; { x q; } } { } {{}}
}{ { x q; x; x 1; x (1); x q r; x q[0] r[0]; x q[]; x q[,]; x q[0,]; x q[0][1];
pragma a b; #pragma a; @a b; extern f(int) -> int; cal { } defcal x q { } defcalgrammar "a";
#dim; x #dim; a = #dimx; int #dim; OPENQASM 3.0; OPENQASM 3.0; x q; OPENQASM 3;
OPENQASM 3.0 x q; OPENQASM;
OPENQASM 3_0; OPENQASM 3.; OPENQASM 3.0.1; OPENQASM 3 .0; OPENQASM 3e0; OPENQASM\t3.0;
OPENQASM3.0; OPENQASM "3";
a = b / / c; a = b // c; a = b /* c; a = b */ c; a = b / * c; a = b \\ c; a = `b`; a = b & & c;
a = b + + c;
a = b * * c; a = b > = c; a = b < < c; a = b = = c; a = b - > c; a = b -> c; a = b === c;
a = b !== c; a = b => c;
a = in; in = a; gate in a {} x in; x pow; pow(2, 3); a = pow(2, 3); a = sin(pi / 2);
a = mod(5, 3); void a;
readonly a; mutable int a; void f() {} a = array; a = b, c; (a, b); (a; a); [a]; {a; a} "01";
1; 1 + 2; true; -1;
(a) = b; f(x) = b; a[0] b[1]; int(a); int[8](a); bit[2] (a) = b; x\fq; x\vq; x\u00a0q; x\rq; x
q
;
"""


def statements() -> Iterator[str]:
    """Each of them, as far as one can tell."""
    for line in STATEMENTS.split("\n"):
        start = depth = 0
        for bracket in re.finditer(r"[][(){};]", line):
            if bracket[0] != ";":
                depth = max(0, depth + (1 if bracket[0] in "([{" else -1))
            ends = not re.match(r" (?:else|x|[{;])", line[bracket.end() :])
            if depth == 0 and (bracket[0] == ";" or (bracket[0] == "}" and ends)):
                yield line[start : bracket.end()].strip()
                start = bracket.end()
        yield line[start:].strip()


def test_rare_and_wrong_statements_have_the_same_trees_or_none() -> None:
    every = list(filter(None, statements()))
    lines = STATEMENTS.strip().split("\n")
    pairs = ["\n ".join(pair) for pair in zip(every, every[7:], strict=False)]
    taken = [sum(map(assert_same, texts)) for texts in (every, lines, pairs)]
    assert taken[0] > len(every) / 3
    assert taken[2] > len(pairs) / 10


def test_mutants_have_the_same_trees_or_none() -> None:
    rng = random.Random(1)
    texts = [prepared(qc) for qc in LANGUAGE if len(qc) < 1500]
    words = sorted({*TOKEN.findall("".join(texts)), *TOKEN.findall(STATEMENTS)})
    taken = 0
    for _ in range(MUTANTS):
        text = mutant(rng.choice(texts), words, rng)
        taken += bool(text.strip()) and assert_same(text)
    assert taken > MUTANTS / 10


def test_the_words_of_the_language_are_those_of_the_other_parser() -> None:
    words = {name.strip("'") for name in qasm3Lexer.literalNames if name.strip("'").isalpha()}
    assert words - {"INVALID"} == lexer.KEYWORDS - {"pragma", "true", "false"}


@pytest.mark.parametrize(
    "text",
    [
        f"a = {'(' * 99}1{')' * 99};",
        f"a = {'-' * 99}1;",
        f"a = 1{' ** 1' * 5000};",
        f"a = 1{' + 1' * 5000};",
        f"a = a{'[a]' * 5000};",
        f"let a = b{' ++ b' * 5000};",
        f"{'if (a) ' * 5000}x q;",
        f"{'{' * 99}x q;{'}' * 99}",
        f"{'if (a) x q; else ' * 5000}x q;",
        f"a = {'9' * 5000};",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_too_deep_is_left_to_the_other_parser(text: str) -> None:
    assert fast(text) is None


def test_parts_that_stand_side_by_side_are_not_too_deep() -> None:
    assert fast(f"array[int, 500] a = {{{', '.join(['-1 + 2'] * 500)}}};")
    assert fast(f"f({', '.join(['-1 + 2'] * 500)});")
    assert fast("a = 1 + 1; { x q; } if (a) x q;" * 500)
