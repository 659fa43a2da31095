"""How large a program may be."""

from __future__ import annotations

import msgspec

from quantum_tasks.errors import Problem, TooManyOperations
from quantum_tasks.parsing.mistakes import ProgramError


class Bounds(msgspec.Struct, frozen=True):
    """How large a program may be once loops are unrolled and gates expanded; `values` is how many
    values a number may have that measurements decide."""

    qubits: int = 10_000
    bits: int = 10_000
    operations: int = 100_000
    values: int = 1024


def too_many(problem: type[Problem], what: str, found: int, limit: int) -> ProgramError:
    """The error for a program that has more of something than a setting allows."""
    name = problem.code.removeprefix("too_many_").upper()
    message = f"The program has {found:,} {what}; the limit is {limit:,} (MAX_{name})."
    return ProgramError(problem, message)


def too_many_operations(found: int | None, limit: int) -> ProgramError:
    """The error for a program that has too many operations once its loops are unrolled and its
    gates expanded."""
    count = f"{found:,}" if found is not None else f"more than {limit:,}"
    return ProgramError(
        TooManyOperations,
        f"The program comes to {count} operations when its loops are unrolled and its gates are "
        f"expanded; the limit is {limit:,} (MAX_OPERATIONS).",
    )
