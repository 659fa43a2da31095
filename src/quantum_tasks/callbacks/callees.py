"""Those who are called back, as far as this instance knows them: who answers at once, who is slow,
and how many tries each has under way."""

from __future__ import annotations

from collections import Counter, OrderedDict
from itertools import islice

PER_HOST = 2
_REMEMBERED = 10_000
_SLOW = 3  # so often slow, and not quick in between, makes of a quick host a slow one


class Hosts:
    """What the last tries at each host were like, of as many hosts as fit into a little memory.

    A host that is slow at first is slow; one that was quick may be slow now and then.
    """

    def __init__(self) -> None:
        self._quick: OrderedDict[str, int] = OrderedDict()  # how slow; the one tried last is last
        self._slow: OrderedDict[str, int] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    def is_quick(self, host: str) -> bool:
        return host in self._quick

    def is_slow(self, host: str) -> bool:
        return host in self._slow

    def begin(self, host: str) -> bool:
        """Counts a try; False if the host has as many as it may have."""
        if self._under_way[host] >= PER_HOST:
            return False
        self._under_way[host] += 1
        return True

    def end(self, host: str) -> None:
        """A try has ended."""
        self._under_way[host] -= 1
        if not self._under_way[host]:
            del self._under_way[host]

    def learn(self, host: str, slow: bool) -> None:
        """How quick the last try was, whatever came of it."""
        before = self._quick.pop(host, self._slow.pop(host, _SLOW if slow else 0))
        now = min(before + 1, _SLOW) if slow else max(before - 1, 0)
        kept = self._slow if now == _SLOW else self._quick
        kept[host] = now
        if len(kept) > _REMEMBERED:
            kept.popitem(last=False)

    def free(self, most: int) -> dict[str, int]:
        """The quick hosts that were tried last, and how many further tries each may have."""
        recent = islice(reversed(self._quick), most)
        return {host: free for host in recent if (free := PER_HOST - self._under_way[host]) > 0}

    @property
    def full(self) -> list[str]:
        """The hosts that have as many tries under way as they may have."""
        return [host for host, tries in self._under_way.items() if tries >= PER_HOST]
