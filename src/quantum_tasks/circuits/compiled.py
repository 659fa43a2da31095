"""A compiled program as bytes: the check of a submission compiles it, and it is stored until the
run."""

from __future__ import annotations

from typing import Any

import msgspec

from quantum_tasks.circuits.circuit import (
    Branch,
    Condition,
    Kept,
    Loop,
    Operation,
    Program,
    Store,
)


def encode(program: Program) -> bytes:
    """A program as MessagePack, in the format whose number is orders.COMPILED_FORMAT."""
    return _encoder.encode(program)


def decode(data: bytes) -> Program:
    """The program from its bytes. Raises msgspec.DecodeError for bytes that encode() did not
    write."""
    program = _decoder.decode(data)
    # It asks for every operation of every task: without a line of Python for each.
    if not _CONDITIONAL.isdisjoint(map(type, program.operations)):
        operations = [_mended(operation) for operation in program.operations]
        return msgspec.structs.replace(program, operations=operations)
    return program


def _plain(value: object) -> object:
    if isinstance(value, Kept):
        return int(value)
    if isinstance(value, complex):
        return (value.real, value.imag)
    raise NotImplementedError(type(value))


def _complex(type: type, value: Any) -> complex:
    return complex(*value)


_CONDITIONAL = {Branch, Loop, Store}
_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(Program, dec_hook=_complex)


def _mended(operation: Operation) -> Operation:
    """Makes tuples of all parts of a condition: the decoder makes lists of nested parts."""
    match operation:
        case Store():
            return Store(operation.bit, _condition(operation.value))
        case Branch():
            then = [_mended(inner) for inner in operation.then]
            otherwise = [_mended(inner) for inner in operation.otherwise]
            return Branch(_condition(operation.condition), then, otherwise)
        case Loop():
            return Loop(operation.condition, [_mended(inner) for inner in operation.body])
    return operation


def _condition(value: Any) -> Condition:
    if isinstance(value, list | tuple):
        operator, *parts = value
        return (operator, *map(_condition, parts))
    return value  # type: ignore[no-any-return]
