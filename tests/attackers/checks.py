"""Programs that take long to be checked."""

from __future__ import annotations

import asyncio
import json

from attackers.ground import Ground
from attackers.wire import JSON, Wire, request

_HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
ENDLESS = _HEAD + "qubit q;\nint i = 0;\nwhile (true) { }\n"
assert len(ENDLESS) < 80


def _tree(depth: int, width: int) -> str:
    """A gate that is made of others, which are made of others."""
    gates = ["gate g0 a { h a; }"]
    gates += [f"gate g{n} a {{ {' '.join([f'g{n - 1} a;'] * width)} }}" for n in range(1, depth)]
    return _HEAD + "\n".join(gates) + f"\nqubit q;\nbit c;\ng{depth - 1} q;\nc = measure q;\n"


_LONG = _HEAD + "qubit[9] q;\nbit[9] c;\n" + "inv @ s q[0];\n" * 16_000 + "c = measure q;\n"
_UNKNOWN = (
    _HEAD + "qubit q;\n" + "let a = q ++ q" * 2000
)  # goes to the slower parser, which says why
_NESTED = _HEAD + "qubit q;\nint i = " + "(" * 20_000 + "1" + ")" * 20_000 + ";\n"
_COUNTED = (
    _HEAD
    + "qubit q;\nbit c;\nint n = 0;\n"
    + "for int i in [0:3000] { for int j in [0:3000] { n += i * j; } }\nc = measure q;\n"
)
SLOW = (ENDLESS, _tree(12, 12), _LONG, _UNKNOWN, _NESTED, _COUNTED)


async def _repeat(ground: Ground, count: int, *programs: str) -> None:
    """So many clients submit programs and have them validated, again and again."""
    bodies = [json.dumps({"qc": program}).encode() for program in programs]
    paths = ("/v1/validate", "/tasks", "/v1/tasks", "/v1/validate?circuit=1")

    async def client(wire: Wire) -> None:
        number = ground.number()
        # Not each program at one path only, where their numbers have a divisor in common.
        path = paths[number // len(bodies) % len(paths)]
        await ground.ask(wire, "POST", path, bodies[number % len(bodies)])

    await ground.clients(count, client)


async def endless_loops(ground: Ground) -> None:
    """40 clients repeat `while (true) { }`, which was checked until the limit of 1.8 s."""
    await _repeat(ground, 40, ENDLESS)


async def more_endless_loops(ground: Ground) -> None:
    """100 clients repeat it, from the address that the honest users have as well."""
    await _repeat(ground, 100, ENDLESS)


async def slow_programs(ground: Ground) -> None:
    """40 clients submit all sorts of programs that take long to check: trees of gates, 256 KB of
    statements, a mistake that is looked for by a slower parser, loops that count."""
    await _repeat(ground, 40, *SLOW)


async def batches_of_endless_loops(ground: Ground) -> None:
    """10 clients submit a thousand of them at once."""
    body = json.dumps({"atomic": False, "tasks": [{"qc": ENDLESS}] * 1000}).encode()

    async def client(wire: Wire) -> None:
        await ground.ask(wire, "POST", "/v1/tasks", body)

    await ground.clients(10, client)


async def abandoned_checks(ground: Ground) -> None:
    """40 clients submit it and hang up: what nobody waits for was checked nevertheless."""
    body = json.dumps({"qc": ENDLESS}).encode()

    async def client(wire: Wire) -> None:
        one = await ground.open()
        one.writer.write(request("POST", "/v1/validate", body, JSON))
        await asyncio.sleep(0.05)
        one.close()
        ground.answers["hung up"] += 1

    await ground.clients(40, client)
