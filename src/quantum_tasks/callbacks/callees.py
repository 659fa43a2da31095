"""What this instance knows about the hosts that are called back: which answer at once, which are
slow, and how many tries each has in progress."""

from __future__ import annotations

from collections import Counter, OrderedDict
from itertools import islice

PER_HOST = 2
_REMEMBERED = 10_000
_SLOW = 3  # count at which a host is slow: a slow try adds 1, a quick one takes 1 away


class Hosts:
    """How quick the last tries at each host were; it remembers a limited number of hosts.

    A host whose first try is slow counts as slow. A host that was quick may be slow now and then
    and still counts as quick.
    """

    def __init__(self) -> None:
        self._quick: OrderedDict[str, int] = OrderedDict()  # the count; last tried is last
        self._slow: OrderedDict[str, int] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    def is_quick(self, host: str) -> bool:
        return host in self._quick

    def is_slow(self, host: str) -> bool:
        return host in self._slow

    def begin(self, host: str) -> bool:
        """Counts a try that begins; False if the host has as many tries in progress as it may
        have."""
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
        """Notes how quick the last try was, whether it succeeded or not."""
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
        """The hosts that have as many tries in progress as they may have."""
        return [host for host, tries in self._under_way.items() if tries >= PER_HOST]
