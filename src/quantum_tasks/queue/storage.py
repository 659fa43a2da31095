"""How many bytes are stored, and which tasks are refused when that is too much."""

from __future__ import annotations

import time

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.database.pool import Pool, connection
from quantum_tasks.database.queries import QUERIES
from quantum_tasks.tasks import MOST_OUTCOMES, MOST_STATE_QUBITS, Options, Stats

# Anything up to this size is always stored: so clients that fill the storage can only keep out
# other large tasks.
LARGE = 65_536
_LOOK_S = 1.0
_EXPECTATION = 60  # bytes of an expectation value with its error, as JSON
_PROBABILITY = 26  # of a probability
_MANY = 100  # rows


class Storage:
    """The bytes that all tasks of all instances take, and the limit for them.

    Every method raises DatabaseUnavailable while the database is away.
    """

    def __init__(self, pool: Pool, most: int = 10 * 2**30) -> None:
        self._pool = pool
        self.most = most
        self._known = 0
        self._known_at = float("-inf")
        self._count: Grouped[None, int] = Grouped(self._count_all, most=1000)

    async def is_full(self) -> bool:
        """Whether large tasks have no room, as of at most a second ago."""
        return await self.stored() >= self.most

    async def stored(self) -> int:
        """How many bytes were stored, at most a second ago."""
        if time.monotonic() - self._known_at >= _LOOK_S:
            return await self._count(None)
        return self._known

    async def _count_all(self, askers: list[None]) -> list[int]:
        began = time.monotonic()
        async with connection(self._pool) as db:
            self._known = await db.fetchval(QUERIES["stored"])
        self._known_at = began
        return [self._known] * len(askers)

    async def fold(self) -> None:
        """Combines the rows of the table, so that `stored` stays fast; any number of instances may
        do so at the same time."""
        async with connection(self._pool) as db:
            await db.execute(QUERIES["fold_stored"], _MANY)


def most_result_bytes(shots: int, options: Options, stats: Stats | None) -> int:
    """The largest size that the result of a task can have. With few possible outcomes, the real
    size is smaller."""
    registers = stats.registers if stats else []
    bits = sum(register.size for register in registers)
    key = bits + len(registers)  # with the spaces
    if shots == 0 and not options.observables:
        qubits = stats.qubits if stats else 0
        size: int = min(2 ** min(bits, 32), MOST_OUTCOMES) * (key + _PROBABILITY)
        size += 22 << qubits if qubits <= MOST_STATE_QUBITS else 0
        return size * len(options.items or [None])
    outcomes = min(2 ** min(bits, 32), shots)
    size = outcomes * (key + 4 + len(str(shots // max(1, outcomes)))) if registers else 0
    if options.memory:
        size += shots * (key + 2)
    size += len(options.observables) * _EXPECTATION
    return size * len(options.items or [None])
