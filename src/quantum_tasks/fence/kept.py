"""What was made, and may be wanted again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
_COSTS = 256  # bytes that an entry takes besides what is kept


class _Entry(NamedTuple):
    value: object
    size: int
    until: float


class Kept(Generic[T]):
    """Keeps what was put in or asked for last, in so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """What was kept under a key, if it still is."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until < time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.value  # type: ignore[return-value]

    def put(self, key: Hashable, value: T, size: int, seconds: float = float("inf")) -> None:
        """Keeps something of so many bytes, for so many seconds at most."""
        if key in self._entries:
            self._drop(key)
        self._left -= size + _COSTS
        self._entries[key] = _Entry(value, size, time.monotonic() + seconds)
        while self._left < 0:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        self._left += self._entries.pop(key).size + _COSTS
