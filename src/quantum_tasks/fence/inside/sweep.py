"""Sweeps: one program, run with one set of parameters after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Program
from quantum_tasks.engines import deadline
from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    RESULT_TOO_LARGE,
    InvalidRequest,
    UnboundParameter,
    more_than_memory,
)
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import Source, collector_paused
from quantum_tasks.orders import Limits, Run
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Details, ItemError, Options, Parameters

_PATIENCE_S = 1.0  # for a program that cannot be compiled with any of the first items
_SEEDS = 1 << 63


def parsed(qc: str) -> Source:
    """Parses a program that will be compiled with each item. Raises ProgramError."""
    with collector_paused():
        return Source(qc)


def first_program(
    source: Source, items: Sequence[Parameters], bounds: Bounds, observed: bool
) -> Program:
    """Compiles a program with the first item that it can be compiled with, and checks the names
    and types of all. Raises ProgramError: if there is none, what is wrong with the first."""
    found: Program | None = None
    mistake: ProgramError | None = None
    begun = time.perf_counter()
    for number, item in enumerate(items):
        try:
            with collector_paused():
                found = source.program(bounds, _given(number, item), observed)
            break
        except ProgramError as error:
            if error.problem in (InvalidRequest, UnboundParameter):
                raise
            mistake = mistake or error
            if time.perf_counter() - begun > _PATIENCE_S:
                break
    if found is None:
        assert mistake is not None
        raise mistake
    for number, item in enumerate(items):
        source.check(_given(number, item))
    return found


def run_sweep(
    simulator: Simulator, order: Run, options: Options, bounds: Bounds, limits: Limits
) -> tuple[str, str | None, Sequence[str]]:
    """Runs every item; the counts and details of all, as JSON lists, and the engines used.

    The counts of an item that fails are null, and its error is in the details; that of those for
    which there was no time left is the time limit. If all fail, raises the error of the first.
    Raises SimulationError if all results together are too large.
    """
    source = parsed(order.qc)
    observed = order.shots == 0 or bool(options.observables)
    all_counts: list[str] = []
    all_details: list[Details] = []
    engines: dict[str, None] = {}
    size = 0
    longest_s = 0.0
    first: Exception | None = None
    for number, item in enumerate(options.items or []):
        seed = None if order.seed is None else (order.seed + number) % _SEEDS
        counts, details = "null", None
        try:
            begun = time.perf_counter()
            deadline.check(longest_s)
            with collector_paused():
                loaded = source.program(bounds, _given(number, item), observed)
            counts, details, used = simulator.run(
                loaded, order.shots, seed, options, order.threads
            )
            engines.update(dict.fromkeys(used))
            longest_s = max(longest_s, time.perf_counter() - begun)
        except (ProgramError, SimulationError, MemoryError) as error:
            if isinstance(error, SimulationError) and error.code == RESULT_TOO_LARGE:
                raise
            first = first or error
            details = Details(error=_as_item(error, limits))
        all_counts.append(counts)
        all_details.append(details or Details())
        size += len(counts) + (len(msgspec.json.encode(details)) if details else 0)
        if size > limits.max_result_bytes:
            raise _too_large(number + 1, size, limits)
    if first is not None and all(details.error for details in all_details):
        raise first
    detailed = any(details != Details() for details in all_details)
    encoded = msgspec.json.encode(all_details).decode() if detailed else None
    return f"[{','.join(all_counts)}]", encoded, list(engines)


def _given(number: int, item: Parameters) -> Given:
    return Given(item, f"/parameters/{number}")


def _as_item(error: ProgramError | SimulationError | MemoryError, limits: Limits) -> ItemError:
    match error:
        case ProgramError():
            reply = error.as_reply()
            return ItemError(reply.code, reply.message)
        case SimulationError():
            return ItemError(error.code, str(error))
    message = more_than_memory(limits.memory_mb, "SIMULATOR_MEMORY_MB")
    return ItemError(MEMORY_EXCEEDED, message)


def _too_large(items: int, size: int, limits: Limits) -> SimulationError:
    return SimulationError(
        RESULT_TOO_LARGE,
        f"The results of the first {items} items have about {size} bytes, the limit is "
        f"{limits.max_result_bytes} (MAX_RESULT_BYTES): sweep over fewer items, measure fewer "
        "bits or take fewer shots.",
    )
