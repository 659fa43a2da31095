"""A compiled program as bytes: the check of a submission compiles it, and it is stored until the
run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
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


def encode(program: Program, prepared: bytes = b"") -> bytes:
    """A program as MessagePack, in the format whose number is orders.COMPILED_FORMAT, and with it
    what the engine that will run it has prepared."""
    return _encoder.encode((program, prepared))


def decode(data: bytes) -> tuple[Program, bytes]:
    """The program from its bytes, and what was prepared. If an engine has prepared something, it
    may not need the operations: they are decoded only when somebody looks at them. Raises
    msgspec.DecodeError for bytes that encode() did not write."""
    stored = _stored.decode(data)
    if not stored.prepared:
        program = _decoder.decode(stored.program)
        operations = _mended_if_any(program.operations)
        if operations is not program.operations:
            program = msgspec.structs.replace(program, operations=operations)
        return program, b""
    head = _heads.decode(stored.program)
    later: Any = _Later(head.operations)
    program = Program(head.qubits, head.registers, later, head.names, head.declared, head.places)
    return program, stored.prepared


class _Stored(msgspec.Struct, array_like=True):
    program: msgspec.Raw
    prepared: bytes


class _Head(msgspec.Struct, array_like=True):
    """A Program whose operations are not decoded."""

    qubits: int
    registers: list[list[int]]
    operations: msgspec.Raw
    names: list[str]
    declared: int
    places: list[int]


class _Later(Sequence[Operation]):
    """Operations that are decoded when somebody looks at them."""

    def __init__(self, raw: msgspec.Raw) -> None:
        self._raw = raw

    @cached_property
    def _decoded(self) -> list[Operation]:
        return _mended_if_any(_operations.decode(self._raw))

    def __len__(self) -> int:
        return len(self._decoded)

    def __getitem__(self, index: Any) -> Any:
        return self._decoded[index]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._decoded)


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
_stored = msgspec.msgpack.Decoder(_Stored)
_heads = msgspec.msgpack.Decoder(_Head)
_operations = msgspec.msgpack.Decoder(list[Operation], dec_hook=_complex)


def _mended_if_any(operations: list[Operation]) -> list[Operation]:
    """The operations with the conditions among them mended."""
    # It asks for every operation of every task: without a line of Python for each.
    if _CONDITIONAL.isdisjoint(map(type, operations)):
        return operations
    return [_mended(operation) for operation in operations]


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
