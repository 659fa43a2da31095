"""Submissions that are large, or many, or all the same."""

from __future__ import annotations

import gzip
import json

from attackers.ground import Ground
from attackers.wire import Wire

_BIT = "OPENQASM 3.0; qubit q; bit c; c = measure q;"
_ANGLE = (
    'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit q; bit c; rx(a) q; c = measure q;'
)
_MEGABYTE = 1_000_000


async def batches(ground: Ground) -> None:
    """5 clients submit a thousand tasks at once."""

    async def client(wire: Wire) -> None:
        tasks = [{"qc": _BIT, "shots": 1, "tags": {"n": str(ground.number())}}] * 1000
        await ground.ask(wire, "POST", "/v1/tasks", json.dumps({"tasks": tasks}).encode())

    await ground.clients(5, client)


async def one_key_for_all(ground: Ground) -> None:
    """50 clients submit under the same three idempotency keys, half of them something else."""

    async def client(wire: Wire) -> None:
        number = ground.number()
        body = json.dumps({"qc": _BIT, "shots": 1 + number % 2}).encode()
        key = {"Idempotency-Key": f"key-{number % 3}"}
        await ground.ask(wire, "POST", ("/tasks", "/v1/tasks")[number % 2], body, key)

    await ground.clients(50, client, 0.2)


async def sweeps(ground: Ground) -> None:
    """10 clients submit a program with as many parameters as there is room for."""
    parameters = [{"a": number / 7} for number in range(1000)]
    body = json.dumps({"qc": _ANGLE, "shots": 100, "parameters": parameters}).encode()

    async def client(wire: Wire) -> None:
        path = ("/v1/tasks", "/v1/validate")[ground.number() % 2]
        await ground.ask(wire, "POST", path, body)

    await ground.clients(10, client)


async def megabytes_of_json(ground: Ground) -> None:
    """20 clients send a megabyte: nested, with 100,000 keys, of numbers, of one text; half of them
    compressed, some to a thousandth, or 50 MB."""
    bodies = [
        json.dumps({"qc": _BIT, "parameters": dict.fromkeys(map(str, range(70_000)), 1)}),
        json.dumps({"qc": _BIT, "parameters": [{"a": 1}] * 90_000}),
        '{"qc": "x", "parameters": {"a": ' + "[" * 400_000 + "]" * 400_000 + "}}",
        '{"qc": "x", "parameters": {"a": [' + "1," * 450_000 + "1]}}",
        json.dumps({"qc": "\u00e9" * 150_000}),
        json.dumps({"qc": _BIT, "tags": dict.fromkeys(map(str, range(70_000)), "1")}),
        json.dumps({"qc": _BIT, "unknown" * 10_000: 1}),
        json.dumps({"tasks": [{}] * 200_000}),
        json.dumps({"tasks": [1] * 300_000, "atomic": False}),
        '{"qc": ' + "1" * 900_000 + "}",
        '{"qc": "x", "parameters": {"a": [' + "1e300," * 150_000 + "1]}}",
    ]
    assert all(len(body) < _MEGABYTE for body in bodies), [len(body) for body in bodies]
    sent = [body.encode() for body in bodies]
    packed = [gzip.compress(body) for body in (*sent, b" " * 50_000_000)]

    async def client(wire: Wire) -> None:
        number = ground.number()
        path = ("/v1/tasks", "/v1/validate", "/tasks")[number % 3]
        if number % 2:
            header = {"Content-Encoding": "gzip"}
            await ground.ask(wire, "POST", path, packed[number % len(packed)], header)
        else:
            await ground.ask(wire, "POST", path, sent[number % len(sent)])

    await ground.clients(20, client)
