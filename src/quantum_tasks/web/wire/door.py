"""Limits how much of what arrives in one turn of the event loop is begun in that turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

_AT_ONCE = 32  # requests or pieces of them: about ten milliseconds of work


class Door:
    """Lets in a limited number in each turn of the loop; the others wait for the next turns.

    The loop handles everything that has arrived before it does anything else. If ten thousand
    clients connect at once, that is a second of work. Client addresses take turns.
    """

    def __init__(self) -> None:
        self._let_in = 0
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()

    def lets_in(self, peer: str, later: Callable[[], None]) -> bool:
        """Whether the caller may continue at once. If not, `later` is called when it may."""
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
