"""Calls the `callback_url` of tasks that have ended, as https://www.standardwebhooks.com
describes: signed, and tried again until it has arrived. A receiver may get the same callback more
than once."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from quantum_tasks import __version__
from quantum_tasks.callbacks.callbacks import LEASE_S, Callback, Callbacks
from quantum_tasks.callbacks.callees import Hosts
from quantum_tasks.callbacks.receivers import parse
from quantum_tasks.database.pool import Pool
from quantum_tasks.errors import DatabaseUnavailable, SettingsError
from quantum_tasks.tasks import Status

if TYPE_CHECKING:
    from quantum_tasks.callbacks.outgoing import Outgoing

logger = logging.getLogger(__name__)

# The delay after each try until the next; after the last try there is none.
DELAYS_S = (5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0)
_JITTER = 0.2
# How many tries run at once. Hosts whose last answer was quick have a lane of their own, which
# other hosts cannot fill. A try that takes longer than a moment moves to the lane aside.
_KNOWN = 50
_OTHERS = 100
_MOVED = 100  # aside; more end early and come again, but for some of known hosts
_AGAIN = 100  # from the queues of their hosts; these have the full time limit
_MOMENT_S = 1.0
_LAG_S = 0.25
_BATCH = 25  # callbacks of each kind per look, so that the next look comes soon
_ASKED = 200  # known hosts that each look asks for
_LOOK_S = 1.0
_LOOK_ASIDE_S = 0.5
_SPACE_S = 0.003  # between the starts of two tries; each start takes 1 ms of the event loop
_PAUSE_S = 0.05  # pause after a look that found nothing, however many tasks end
_STORE_AGAIN_S = 1.0
_FINISH_S = 1.0


class Subject(msgspec.Struct, frozen=True):
    """The part of an event that names the task."""

    id: uuid.UUID
    status: Status


class Event(msgspec.Struct, frozen=True):
    """What is delivered: that a task has ended, and how, but none of its results."""

    type: str
    timestamp: datetime
    data: Subject


class Webhooks:
    """Delivers callbacks while it runs, including those of tasks that other instances ran.

    A receiver may be slow, have any number of host names, and ask for any number of callbacks. So
    a try that is not answered at once continues in a lane for slow tries. Further callbacks to a
    slow host, or to a host that has enough tries in progress, wait in a queue of that host.
    """

    def __init__(self, pool: Pool, secret: str, allow_private: bool = False) -> None:
        """Raises SettingsError if the secret cannot be used to sign."""
        self._callbacks = Callbacks(pool)
        self._key = signing_key(secret)
        self._allow_private = allow_private
        self._outgoing: Outgoing | None = None
        self._hosts = Hosts()
        self._tries: set[_Try] = set()
        self._known = _Lane(_KNOWN)
        self._others = _Lane(_OTHERS)
        self._moved = _Lane(_MOVED)
        self._again = _Lane(_AGAIN)
        self._aside_after = ""  # the host that was asked for last
        self._aside_at = 0.0
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """A task has ended, which may have a callback: looks for it soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Delivers until cancelled; tries in progress then get a moment to end."""
        try:
            while True:
                if not await self._look():
                    await asyncio.sleep(_PAUSE_S)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_S):
                            await self._wanted.wait()
        finally:
            await self._finish()

    async def _look(self) -> bool:
        """Starts tries for the callbacks that are due; False if there were none."""
        self._wanted.clear()
        try:
            found = await self._take()
            return await self._take_aside() or found
        except DatabaseUnavailable:
            return False

    async def _take(self) -> bool:
        known, others = min(_BATCH, self._known.room), min(_BATCH, self._others.room)
        if not known and not others:
            return False
        hosts = self._hosts.free(_ASKED) if known else {}
        claimed = await self._callbacks.claim(hosts, known, others)
        return await self._begin(claimed, self._lane)

    def _lane(self, callback: Callback) -> _Lane | None:
        if self._hosts.is_slow(callback.host):
            return self._moved if self._moved.room > 0 else None
        if self._known.room and (self._hosts.is_quick(callback.host) or not self._others.room):
            return self._known
        return self._others

    async def _take_aside(self) -> bool:
        if not self._again.room or time.monotonic() < self._aside_at:
            return False
        claimed, self._aside_after = await self._callbacks.claim_aside(
            self._aside_after, min(_BATCH, self._again.room), self._hosts.full
        )
        if not claimed and not self._aside_after:
            self._aside_at = time.monotonic() + _LOOK_ASIDE_S
        return await self._begin(claimed, lambda callback: self._again)

    async def _begin(
        self, claimed: list[Callback], lane_of: Callable[[Callback], _Lane | None]
    ) -> bool:
        """Starts these tries, except for callbacks that have to wait for their host; False if
        there were none."""
        waiting = {callback.task_id: callback for callback in claimed}
        try:
            if claimed and self._outgoing is None:
                self._outgoing = await asyncio.to_thread(_outgoing, self._allow_private)
            for callback in sorted(claimed, key=lambda one: not self._hosts.is_quick(one.host)):
                lane = lane_of(callback)
                if lane is not None and self._hosts.begin(callback.host):
                    del waiting[callback.task_id]
                    self._start(callback, lane)
                    await asyncio.sleep(_SPACE_S)
        finally:  # also if this task is cancelled meanwhile
            if waiting:
                await self._callbacks.put_aside(list(waiting.values()))
        if waiting:
            await asyncio.sleep(_PAUSE_S)  # there may be many more, and others need the database
        return bool(claimed)

    def _start(self, callback: Callback, lane: _Lane) -> None:
        one = _Try(callback, self._hosts.is_quick(callback.host))
        one.enter(lane)
        self._tries.add(one)
        one.run = asyncio.create_task(self._deliver(one))
        one.run.add_done_callback(lambda _: self._ended(one))

    def _ended(self, one: _Try) -> None:
        one.leave()
        self._tries.discard(one)
        self._hosts.end(one.callback.host)
        assert one.run is not None
        if not one.run.cancelled() and (error := one.run.exception()):
            extra = {"task": one.callback.task_id}
            logger.error("a callback met a defect", extra=extra, exc_info=error)
        self.wake()

    def _move_aside(self, one: _Try, due: float) -> None:
        """Gives the place of a try that is not answered at once to another one. If too many tries
        are aside already, this one ends and is tried again when there is room."""
        loop = asyncio.get_running_loop()
        if loop.time() > due + _LAG_S:  # our own event loop is slow, not the host
            one.moment = loop.call_later(_MOMENT_S, self._move_aside, one, loop.time() + _MOMENT_S)
            return
        one.slow = True
        if one.lane is self._moved or one.lane is self._again:
            return
        one.leave()
        if self._moved.room > (-_KNOWN if one.known else 0):
            one.enter(self._moved)
        else:
            one.give_up()
        self.wake()

    async def _finish(self) -> None:
        if runs := [one.run for one in self._tries if one.run is not None]:
            await asyncio.wait(runs, timeout=_FINISH_S)
            for run in runs:
                run.cancel()
            await asyncio.wait(runs)

    async def _deliver(self, one: _Try) -> None:
        """One try, and what became of it."""
        callback = one.callback
        try:
            status = await self._post(one)
        except asyncio.CancelledError:  # ended for another; comes again without delay
            with contextlib.suppress(DatabaseUnavailable):
                await self._callbacks.failed(callback, "the service stopped", 0.0)
            raise
        except ConnectionError as error:
            await self._store(callback, str(error))
        except Exception:
            await self._store(callback, "a defect of the service")
            raise
        else:
            await self._store(callback, _failure(status), gone=status == 410)

    async def _post(self, one: _Try) -> int:
        """Returns the status of the answer. Raises ConnectionError if there is none."""
        assert self._outgoing is not None
        callback = one.callback
        body = event(callback)
        timestamp = int(callback.claimed_at.timestamp())
        headers = {
            "User-Agent": f"quantum-tasks/{__version__}",
            "Content-Type": "application/json",
            **signature(self._key, f"evt_{callback.task_id.hex}", timestamp, body),
        }
        loop = asyncio.get_running_loop()
        one.moment = loop.call_later(_MOMENT_S, self._move_aside, one, loop.time() + _MOMENT_S)
        try:
            async with asyncio.timeout(None) as one.limit:
                return await self._outgoing.post(parse(callback.url), headers, body, one.known)
        except TimeoutError:
            reason = f"no answer within {_MOMENT_S:g} s, while many others are as slow"
            raise ConnectionError(reason) from None
        finally:
            one.limit = None
            one.moment.cancel()
            self._hosts.learn(callback.host, one.slow)

    async def _store(self, callback: Callback, failure: str | None, gone: bool = False) -> None:
        """Keeps trying to store the outcome of a try, until the claim expires: after that another
        instance will have claimed the callback, and delivers it again."""
        delay = None if gone else delay_s(callback.tries)
        if failure is not None and delay is None:
            extra = {"task": callback.task_id, "host": callback.host, "reason": failure}
            logger.warning("callback given up", extra=extra)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEASE_S):
                while True:
                    try:
                        if failure is None:
                            return await self._callbacks.delivered(callback)
                        slow = self._hosts.is_slow(callback.host)
                        return await self._callbacks.failed(callback, failure, delay, slow)
                    except DatabaseUnavailable:
                        await asyncio.sleep(_STORE_AGAIN_S)


class _Lane:
    """A limited number of tries at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @property
    def room(self) -> int:
        return self._most - self.taken


class _Try:
    """A callback that is being delivered, in the lane where it takes up a place."""

    def __init__(self, callback: Callback, known: bool) -> None:
        self.callback = callback
        self.known = known
        self.lane: _Lane | None = None
        self.run: asyncio.Task[None] | None = None
        self.limit: asyncio.Timeout | None = None  # set while it waits for the answer
        self.moment: asyncio.TimerHandle | None = None
        self.slow = False

    def enter(self, lane: _Lane) -> None:
        self.lane = lane
        lane.taken += 1

    def leave(self) -> None:
        if self.lane is not None:
            self.lane.taken -= 1
        self.lane = None

    def give_up(self) -> None:
        """Ends the wait for the answer, as if its time limit had passed."""
        if self.limit is not None:
            self.limit.reschedule(asyncio.get_running_loop().time())


def _outgoing(allow_private: bool) -> Outgoing:
    from quantum_tasks.callbacks.outgoing import Outgoing

    return Outgoing(allow_private)


def signing_key(secret: str) -> bytes:
    """The key for signatures: the decoded bytes of `whsec_<base64>`, or the bytes of any other
    text."""
    kind, _, encoded = secret.partition("whsec_")
    if kind or not encoded:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise SettingsError("WEBHOOK_SECRET: what follows whsec_ is not base64") from None


def event(callback: Callback) -> bytes:
    """The body of the callback; it is the same at every try."""
    return msgspec.json.encode(
        Event(
            f"task.{callback.status}",
            callback.ended_at,
            Subject(callback.task_id, callback.status),
        )
    )


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that tell a receiver who sent this body, when, and whether it got the same event
    before."""
    signed = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def delay_s(tries: int) -> float | None:
    """How long to wait after this number of tries; None if that was the last one."""
    if tries > len(DELAYS_S):
        return None
    return DELAYS_S[tries - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)


def _failure(status: int) -> str | None:
    """What is wrong with an answer, if anything is."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"answered {status}: redirects are not followed"
    return f"answered {status}"
