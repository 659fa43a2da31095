"""What arrives in one turn of the event loop is not all begun in it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

_AT_ONCE = 32  # requests, and pieces of them: ten milliseconds of work


class Door:
    """Lets in so much in each turn of the loop; what else has come waits for the next turns.

    The loop hands over all that has arrived before it looks at anything else, which is a second of
    work where ten thousand connect at once. Addresses take turns.
    """

    def __init__(self) -> None:
        self._let_in = 0
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()

    def lets_in(self, peer: str, later: Callable[[], None]) -> bool:
        """Whether one may go on at once; `later` is called when it may, otherwise."""
        if not self._let_in:
            asyncio.get_running_loop().call_soon(self._next_turn)
        if self._let_in < _AT_ONCE and not self._waiting:
            self._let_in += 1
            return True
        self._waiting.setdefault(peer, deque()).append(later)
        return False

    def _next_turn(self) -> None:
        self._let_in = 0
        while self._waiting and self._let_in < _AT_ONCE:
            peer, line = self._waiting.popitem(last=False)
            self._let_in += 1
            later = line.popleft()
            if line:
                self._waiting[peer] = line
            asyncio.get_running_loop().call_soon(later)
        if self._let_in:
            asyncio.get_running_loop().call_soon(self._next_turn)
