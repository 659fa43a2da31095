"""The open connections, and which are closed when there are too many or they take too much
memory."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import resource
import time
from typing import Protocol

from starlette.types import Scope

ABORT = "quantum_tasks.abort"  # in a request's scope: closes its connection now
SPARE = 64  # connections over the limit, for the moment until they send a request
LEAVING = 64  # connections that are being closed
_MOMENT_S = 1.0
_LONG_S = 5.0
_MOST_UNREAD = 2**27  # bytes of all answers that wait for their clients


# Files in addition to the connections: children, the database, 350 callbacks, and short-lived
# connections.
_OTHER_FILES = 640 + SPARE + LEAVING


class Doing(enum.Enum):
    """What a connection is doing."""

    WAITING = enum.auto()  # for its client: to send a request, the rest of it, or to read
    FOLLOWING = enum.auto()  # events as they come: it can continue later at the same place
    POLLING = enum.auto()  # for a change: it can be answered now, without one
    SERVED = enum.auto()


# Which connections are closed first, and from which age on.
_ORDER = (
    (Doing.WAITING, _MOMENT_S),
    (Doing.FOLLOWING, 0.0),
    (Doing.POLLING, 0.0),
    (Doing.SERVED, _LONG_S),
)


class Guest(Protocol):
    """A connection, as the crowd sees it."""

    def abort(self) -> None:
        """Closes the connection now, whatever is still to be written."""

    def end(self) -> None:
        """Closes the connection after the answer that is under way."""

    def unread(self) -> int:
        """The bytes that wait for the client."""


class Crowd:
    """The connections of a server, up to a limit.

    When there are more, one is closed: the oldest of the first of these kinds that exists.
    Connections that have waited for their client for more than a moment; followers; polls;
    connections that have been served for long. So a short request always gets in, and other kinds
    never push it out; only other short requests can. A few connections over the limit are let in
    for a moment, because nobody can ask before being let in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Since when each does this; the longest first.
        self._places: dict[Doing, dict[Place, float]] = {doing: {} for doing in Doing}
        self._leaving: dict[Place, None] = {}
        self._unread: dict[Place, int] = {}
        self._unread_bytes = 0

    def enter(self, guest: Guest) -> Place:
        """Lets a connection in; it may have to go at once."""
        place = Place(self, guest)
        self._places[Doing.WAITING][place] = time.monotonic()
        return place

    def make_room(self) -> None:
        """Closes connections while there are too many."""
        while (over := sum(map(len, self._places.values())) - self._most) > 0:
            first = self._first(over > SPARE)
            if first is None:
                return
            first.give_way()

    def _first(self, urgent: bool) -> Place | None:
        now = time.monotonic()
        for doing, age_s in _ORDER:
            for place, since in self._places[doing].items():
                if now - since >= age_s:
                    return place
                break
        return next(iter(self._places[Doing.WAITING]), None) if urgent else None

    def move(self, place: Place, before: Doing, now: Doing) -> None:
        """Notes that a connection does something else from now on."""
        if self._places[before].pop(place, None) is not None:
            self._places[now][place] = time.monotonic()

    def see_off(self, place: Place, doing: Doing) -> None:
        """Asks a connection to close as soon as it can, and closes it soon after."""
        del self._places[doing][place]
        self._leaving[place] = None
        if len(self._leaving) > LEAVING:
            next(iter(self._leaving)).abort()

    def leave(self, place: Place, doing: Doing) -> None:
        """Notes that a connection is closed."""
        self._places[doing].pop(place, None)
        self._leaving.pop(place, None)
        self.note_unread(place, 0)

    def note_unread(self, place: Place, size: int) -> None:
        """Notes how many bytes wait for a client. If the bytes of all clients are too many, the
        connection is closed whose client has taken nothing for the longest time."""
        self._unread_bytes += size - self._unread.pop(place, 0)
        if not size:
            return
        self._unread[place] = size
        chances = len(self._unread)
        while self._unread_bytes > _MOST_UNREAD and len(self._unread) > 1:
            first, before = next(iter(self._unread.items()))
            left = first.unread()
            if left < before and chances:
                chances -= 1
                del self._unread[first]
                self._unread[first] = left
                self._unread_bytes -= before - left
            else:
                first.abort()


class Place:
    """A connection's place in the crowd."""

    __slots__ = ("_asked", "_crowd", "_doing", "_guest", "_stuck")

    def __init__(self, crowd: Crowd, guest: Guest) -> None:
        self._crowd = crowd
        self._guest: Guest | None = guest  # until it is closed: then no cycle is left
        self._doing = Doing.WAITING
        self._stuck = False
        self._asked: asyncio.Event | None = None

    def does(self, doing: Doing) -> None:
        """Notes what it does from now on."""
        before = self._shown
        self._doing = doing
        self._crowd.move(self, before, self._shown)

    def stick(self, unread: int) -> None:
        """Notes that it waits for its client to read."""
        before = self._shown
        self._stuck = True
        self._crowd.move(self, before, self._shown)
        self._crowd.note_unread(self, unread)

    def flow(self) -> None:
        """Notes that its client has read everything."""
        before = self._shown
        self._stuck = False
        self._crowd.move(self, before, self._shown)
        self._crowd.note_unread(self, 0)

    def stay(self, doing: Doing) -> asyncio.Event:
        """Notes that it may stay long; the event is set when its place is needed for somebody
        else."""
        self._asked = asyncio.Event()
        self.does(doing)
        return self._asked

    def give_way(self) -> None:
        """Its place is needed for somebody else."""
        if self._shown in (Doing.FOLLOWING, Doing.POLLING) and self._guest and self._asked:
            self._crowd.see_off(self, self._shown)
            self._guest.end()
            self._asked.set()
        else:
            self.abort()

    def abort(self) -> None:
        """Closes it at once."""
        guest = self._guest
        self.leave()
        if guest is not None:
            guest.abort()

    def unread(self) -> int:
        """The number of bytes that wait for its client."""
        return self._guest.unread() if self._guest else 0

    def leave(self) -> None:
        """Notes that it is closed."""
        self._crowd.leave(self, self._shown)
        self._guest = None

    @property
    def _shown(self) -> Doing:
        return Doing.WAITING if self._stuck else self._doing


def stay(scope: Scope, doing: Doing) -> asyncio.Event:
    """Says that a request may last long. The event is set when it must be answered now, because
    its place is needed for somebody else."""
    place: Place | None = scope.get("state", {}).get("place")
    return place.stay(doing) if place else asyncio.Event()


def raise_open_files_limit() -> int:
    """Raises the limit of open files of this process as far as possible; returns for how many
    connections this is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS says infinite, but allows fewer
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return 2**31 if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, 1)
