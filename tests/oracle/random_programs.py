"""Hypothesis strategies for random, well-typed OpenQASM 3 programs.

Every program is legal, measures something, has at most six qubits, and takes few enough outcomes
in the middle for its distribution to be computed exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from oracle.random_gates import STANDARD, Definition, Gates
from oracle.random_names import Draw, Draws, Loop, Names, Operand

MAX_QUBITS = 6
MAX_BITS = 6
MAX_OUTCOMES = 7  # that are taken in the middle of one run

QUBIT_NAMES = ("q", "b", "anc", "r0", "Z", "aux")
BIT_NAMES = ("c", "a", "out", "m1", "Y")


class Writer(Draws):
    """Writes one program."""

    def __init__(self, draw: Draw) -> None:
        super().__init__(draw)
        self.lines: list[str] = []
        self.qubits = Names()
        self.bits = Names()
        self.gates: list[Definition] = []
        self.loops: list[Loop] = []
        self.outcomes = MAX_OUTCOMES
        self.fresh = 0
        self.turns = 1
        self.static = True

    def name(self, prefix: str) -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def write(self, line: str) -> None:
        self.lines.append(line)

    def program(self) -> str:
        self.write("OPENQASM 3.0;")
        self.write('include "stdgates.inc";')
        gates = Gates(self.draw)
        for _ in range(self.number(0, 3)):
            self.write(gates.define())
        self.gates = [*STANDARD, *gates.defined, *gates.defined]
        self.write(gates.subroutine())
        self.declarations()
        start = len(self.lines)
        self.rotations(("h", "ry(0.8)", "sx"))
        for _ in range(self.number(3, 10)):
            self.statement(depth=0)
        self.rotations(("h", "rx(0.7)", "id"))
        self.final_measurement()
        used = set(re.findall(r"\w+", " ".join(self.lines[start:])))
        self.lines[start:start] = [text for name, text in self.variables() if name in used]
        return "\n".join(self.lines) + "\n"

    def declarations(self) -> None:
        qubits, bits = list(QUBIT_NAMES), list(BIT_NAMES)
        for _ in range(self.number(2, 6)):
            size = self.one_of([None, 1, 2, 3])
            width = size or 1
            dimension = "" if size is None else f"[{size}]"
            if self.draw(st.booleans()) and self.qubits.count + width <= MAX_QUBITS and qubits:
                name = qubits.pop(self.number(0, len(qubits) - 1))
                self.qubits.add(name, size)
                self.write(f"qubit{dimension} {name};")
            elif self.bits.count + width <= MAX_BITS and bits:
                name = bits.pop(self.number(0, len(bits) - 1))
                self.bits.add(name, size)
                self.write(f"bit{dimension} {name}{self.initial(size)};")
        for names, kind in ((self.qubits, "qubit"), (self.bits, "bit")):
            if not names.ids:
                names.add(f"{kind}s", 2)
                self.write(f"{kind}[2] {kind}s;")
        if self.qubits.count > 1 and self.chance(2):
            self.alias(self.qubits, "view")
        if self.bits.count > 1 and self.chance(3):
            self.alias(self.bits, "pair")

    def variables(self) -> list[tuple[str, str]]:
        return [
            ("N", f"const int N = {self.number(1, 3)};"),
            ("n", f"int n = {self.number(-5, 5)};"),
            ("u", f"uint[4] u = {self.number(0, 15)};"),
            ("flag", f"bool flag = {self.one_of(('true', 'false'))};"),
            ("f", f"float f = {self.angle()};"),
        ]

    def initial(self, size: int | None) -> str:
        digits = "".join(self.one_of("01") for _ in range(size or 1))
        written = f" = {digits}" if size is None else f' = "{digits}"'
        return written if self.chance(4) else ""

    def alias(self, names: Names, name: str) -> None:
        """A slice, or slices of different registers one after the other."""
        registers = names.registers()
        chosen = self.shuffled(registers)[: self.number(1, 2)]
        if not chosen:
            return
        parts = [self.slice(names, register) for register in chosen]
        self.write(f"let {name} = " + " ++ ".join(text for text, _ in parts) + ";")
        names.ids[name] = tuple(one for _, ids in parts for one in ids)

    def slice(self, names: Names, register: str) -> tuple[str, tuple[int, ...]]:
        """Part of a register, or all of it."""
        ids = names.ids[register]
        size = len(ids)
        if self.chance(3):
            return register, ids
        if self.chance(3):
            places = self.shuffled(range(size))[: self.number(1, size)]
            text = ", ".join(str(place - self.one_of((0, size))) for place in places)
            return f"{register}[{{{text}}}]", tuple(ids[place] for place in places)
        first, last = self.number(0, size - 1), self.number(0, size - 1)
        step = self.one_of((1, 2)) if first <= last else self.one_of((-1, -2))
        end = last - self.one_of((0, size))
        middle = "" if step == 1 else f"{step}:"
        places = range(first, last + (1 if step > 0 else -1), step)
        return f"{register}[{first}:{middle}{end}]", tuple(ids[place] for place in places)

    def angle(self) -> str:
        return self.one_of(
            ("0.3", "pi / 4", "-pi / 3", "2 * pi / 3", "5.1", "-0.7", "pi", "tau + 0.4", "1e-1")
        )

    def parameter(self) -> str:
        choices = [self.angle(), "f", "N * pi / 4", "sin(f)", "n * 0.2", "pi / 2 + f / 3"]
        choices += [f"{loop.name} * 0.4 - 0.1" for loop in self.loops]
        return self.one_of(choices)

    def bit(self) -> str:
        return self.one_of(self.bits.spellings(self.number(0, self.bits.count - 1)))

    def condition(self) -> str:
        """About measured bits, or about what is known before the program runs."""
        if self.chance(4):
            return self.one_of(("n > 0", "flag", "u % 2 == 1", "n != N", "!flag || f < 0.5"))
        registers = self.bits.registers()
        if registers and self.chance(2):
            register = self.one_of(registers)
            size = len(self.bits.ids[register])
            value = self.number(0, 2**size - 1)
            relation = self.one_of(("==", "!=", "<", ">=", "<=", ">"))
            equal = f'{register} == "{value:0{size}b}"'
            return self.one_of((f"{register} {relation} {value}", equal, register))
        one, two = self.bit(), self.bit()
        return self.one_of(
            (
                one,
                f"!{one}",
                f"{one} == 1",
                f"{one} == false",
                f"{one} && !{two}",
                f"{one} || {two}",
                f"({one} ^ {two}) == 1",
                f"flag && {one}",
                f"!({one} && {two}) && n < 4",
            )
        )

    def operands(self, count: int) -> list[str]:
        """So many different qubits, some of them chosen by a loop's variable."""
        taken: frozenset[int] = frozenset()
        result = []
        for place in range(count):
            left = self.qubits.count - len(taken) - (count - place)
            looped = [
                operand
                for loop in self.loops
                for operand in self.qubits.looped(loop)
                if not operand.ids & taken and len(operand.ids) - 1 <= left
            ]
            if looped and self.chance(2):
                operand = self.one_of(looped)
            else:
                free = [one for one in range(self.qubits.count) if one not in taken]
                one = self.one_of(free)
                operand = Operand(self.one_of(self.qubits.spellings(one)), frozenset({one}))
            taken |= operand.ids
            result.append(operand.text)
        return result

    def broadcast(self, controlled: bool) -> list[str] | None:
        """One or two registers, or a register and a qubit outside of it."""
        registers = self.qubits.registers()
        if not registers:
            return None
        text, ids = self.slice(self.qubits, self.one_of(registers))
        if not controlled:
            return [text]
        others = [one for one in range(self.qubits.count) if one not in ids]
        partners = [
            name
            for name in registers
            if len(self.qubits.ids[name]) == len(ids) and not set(ids) & set(self.qubits.ids[name])
        ]
        if partners and self.chance(2):
            return [text, self.one_of(partners)]
        if not others:
            return None
        pair = [text, self.one_of(self.qubits.spellings(self.one_of(others)))]
        return self.shuffled(pair)

    def rotations(self, names: Sequence[str]) -> None:
        """Of every qubit, without which few amplitudes and no phases would show."""
        for register in self.qubits.ids:
            self.write(f"{self.one_of(names)} {register};")

    def statement(self, depth: int) -> None:
        kinds: list[Callable[[int], None]] = [self.gate] * 6 + [self.measurement] * 2
        kinds += [self.broadcast_gate, self.call, self.reset, self.assignment, self.bit_assignment]
        if depth < 2:
            kinds += [self.branch, self.branch, self.loop, self.loop, self.switch]
        if depth == 0:
            kinds += [self.counted, self.until]
        self.one_of(kinds)(depth)

    def block(self, depth: int, static: bool = False) -> None:
        """Statements in braces; `static` if they run the same whatever is measured."""
        before, self.static = self.static, self.static and static
        for _ in range(self.number(1, 3)):
            self.statement(depth + 1)
        self.static = before

    def gate(self, depth: int) -> None:
        gates = Gates(self.draw, self.gates)
        call = gates.call(self.qubits.count, self.parameter)
        if call is not None:
            text, count = call
            self.write(f"{text} {', '.join(self.operands(count))}".rstrip() + ";")

    def call(self, depth: int) -> None:
        """Of the subroutine, whose qubits may not be the same."""
        if self.qubits.count > 1 and self.spend(1):
            arguments = ", ".join([self.parameter(), *self.operands(2)])
            self.write(f"{self.bit()} = probe({arguments});")

    def broadcast_gate(self, depth: int) -> None:
        controlled = self.chance(2)
        operands = self.broadcast(controlled)
        if operands is None:
            return
        name = self.one_of(
            ("cx", "cz", "ch", "crx", "cp") if controlled else ("h", "t", "ry", "x")
        )
        argument = f"({self.parameter()})" if name in ("crx", "cp", "ry") else ""
        self.write(f"{name}{argument} {', '.join(operands)};")

    def spend(self, count: int) -> bool:
        """Whether so many more outcomes may be taken here."""
        cost = count * self.turns
        if cost > self.outcomes:
            return False
        self.outcomes -= cost
        return True

    def reset(self, depth: int) -> None:
        if self.spend(1):
            self.write(f"reset {self.operands(1)[0]};")

    def measurement(self, depth: int) -> None:
        registers = self.qubits.registers()
        if registers and self.chance(4):
            source, ids = self.slice(self.qubits, self.one_of(registers))
            targets = [
                name for name in self.bits.registers() if len(self.bits.ids[name]) == len(ids)
            ]
            if targets and self.spend(len(ids)):
                self.write(f"{self.one_of(targets)} = measure {source};")
            return
        if not self.spend(1):
            return
        source = self.operands(1)[0]
        looped = [one.text for loop in self.loops for one in self.bits.looped(loop)]
        target = self.one_of(looped) if looped and self.chance(2) else self.bit()
        forms = (f"{target} = measure {source};",) * 3 + (
            f"measure {source} -> {target};",
            f"measure {source};",
        )
        self.write(self.one_of(forms))

    def assignment(self, depth: int) -> None:
        """Of a variable, at a place that is reached whatever is measured."""
        if self.static:
            values = ["N", "3", *(loop.name for loop in self.loops if loop.signed)]
            self.write(
                self.one_of(
                    (
                        f"n = (n + {self.one_of(values)}) % 5;",
                        f"n -= {self.one_of(values)}; n %= 7;",
                        "n = -n / 2;",
                        f"u += {self.number(1, 15)};",
                        f"u = u * {self.number(2, 7)};",
                        "u ^= 5;",
                        "flag = !flag;",
                        "flag = n >= 1;",
                        "f = f * 0.5 + 0.1;",
                        "f = cos(f) - n;",
                    )
                )
            )

    def bit_assignment(self, depth: int) -> None:
        one, two = self.bit(), self.bit()
        values = (two, f"!{two}", "1", "false", f"{one} ^ {two}", f"{one} & {two}")
        self.write(f"{one} = {self.one_of(values)};")

    def branch(self, depth: int) -> None:
        self.write(f"if ({self.condition()}) {{")
        self.block(depth)
        if self.chance(8):
            self.write("end;")
        if self.chance(2):
            self.write("} else {")
            self.block(depth)
        self.write("}")

    def loop(self, depth: int) -> None:
        texts = (
            ("[0:2]", (0, 1, 2)),
            ("[1:-1:0]", (1, 0)),
            ("[0:2:2]", (0, 2)),
            ("[-2:-1]", (-2, -1)),
            ("[0:N - N]", (0,)),
            ("{1, 0}", (1, 0)),
            ("{2, 0, 1}", (2, 0, 1)),
        )
        text, values = self.one_of(texts)
        kind = self.one_of(("int", "int[8]")) if min(values) < 0 else self.one_of(("int", "uint"))
        loop = Loop(self.name("i"), values, signed=kind != "uint")
        leaves = self.chance(6)
        self.write(f"for {kind} {loop.name} in {text} {{")
        before, self.turns = self.turns, self.turns * len(values)
        self.loops.append(loop)
        self.block(depth, static=not leaves)
        self.loops.pop()
        self.turns = before
        if leaves:
            self.write(f"if ({self.condition()}) {self.one_of(('break', 'continue'))};")
            self.gate(depth)
        self.write("}")

    def switch(self, depth: int) -> None:
        registers = self.bits.registers()
        if registers and self.chance(2):
            register = self.one_of(registers)
            target = self.one_of((register, f"int({register})"))
        else:
            target = self.one_of(("n", "u"))
        labels = self.shuffled(range(4))
        self.write(f"switch ({target}) {{ case {labels[0]} {{")
        self.block(depth)
        self.write(f"}} case {labels[1]}, {labels[2]} {{")
        self.block(depth)
        if self.chance(2):
            self.write("} default {")
            self.block(depth)
        self.write("} }")

    def counted(self, depth: int) -> None:
        """A while loop that counts, so that it may be unrolled."""
        name = self.name("w")
        self.write(f"int {name} = 0; while ({name} < 2) {{ {name} += 1;")
        self.turns *= 2
        self.block(depth, static=True)
        self.turns //= 2
        self.write("}")

    def until(self, depth: int) -> None:
        """A while loop that ends with an outcome, after one turn or after two on average."""
        one, (qubit,) = self.bit(), self.operands(1)
        if self.chance(2) and self.spend(4):
            self.write(f"while (!{one}) {{ reset {qubit}; h {qubit}; {one} = measure {qubit}; }}")
        elif self.spend(2):
            self.write(f"while ({one}) {{ reset {qubit}; {one} = measure {qubit}; }}")

    def final_measurement(self) -> None:
        """Of some qubits into different bits."""
        most = min(self.qubits.count, self.bits.count)
        count = self.number(min(2, most), most)
        qubits = self.shuffled(range(self.qubits.count))
        bits = self.shuffled(range(self.bits.count))
        for qubit, bit in list(zip(qubits, bits, strict=False))[:count]:
            target = self.one_of(self.bits.spellings(bit))
            self.write(f"{target} = measure {self.one_of(self.qubits.spellings(qubit))};")


@st.composite
def programs(draw: Draw) -> str:
    """The text of a program."""
    return Writer(draw).program()
