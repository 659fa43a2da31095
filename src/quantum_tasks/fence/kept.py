"""A cache of results that may be wanted again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
_COSTS = 256  # bytes that an entry takes besides its content


class _Entry(NamedTuple):
    value: object
    size: int
    until: float


class Kept(Generic[T]):
    """Keeps the entries that were stored or used last, up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """The content of a key, if it is still kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until < time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.value  # type: ignore[return-value]

    def put(self, key: Hashable, value: T, size: int, seconds: float = float("inf")) -> None:
        """Keeps content of this size in bytes, for at most this number of seconds."""
        if key in self._entries:
            self._drop(key)
        self._left -= size + _COSTS
        self._entries[key] = _Entry(value, size, time.monotonic() + seconds)
        while self._left < 0:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        self._left += self._entries.pop(key).size + _COSTS
