"""Tells those who asked for it that their tasks have ended, as https://www.standardwebhooks.com
says: signed, tried again until it has arrived, now and then more than once."""

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
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from quantum_tasks import __version__
from quantum_tasks.callbacks import LEASE_S, Callback, Callbacks
from quantum_tasks.database.pool import Pool
from quantum_tasks.errors import DatabaseUnavailable, SettingsError
from quantum_tasks.receivers import parse
from quantum_tasks.tasks import Status

if TYPE_CHECKING:
    from quantum_tasks.outgoing import Outgoing

logger = logging.getLogger(__name__)

# After each try, until the next; after the last, none.
DELAYS_S = (5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0)
_JITTER = 0.2
_AT_ONCE = 20
_PER_HOST = 2
_LOOK_S = 1.0
_PAUSE_S = 0.05  # after a look that found nothing, however many tasks end
_PAUSES = 10  # or so many times what that took: what waits for a slow host is looked through
_STORE_AGAIN_S = 1.0
_FINISH_S = 1.0


class Subject(msgspec.Struct, frozen=True):
    """The task that an event is about."""

    id: uuid.UUID
    status: Status


class Event(msgspec.Struct, frozen=True):
    """What is delivered: that a task has ended, and how, but none of its results."""

    type: str
    timestamp: datetime
    data: Subject


class Webhooks:
    """Delivers callbacks, as long as it runs; those of other instances' tasks as well.

    A few at a time, and fewer to one host, so that one that is slow holds up nobody else's.
    """

    def __init__(self, pool: Pool, secret: str, allow_private: bool = False) -> None:
        """Raises SettingsError if nothing can be signed with this secret."""
        self._callbacks = Callbacks(pool)
        self._key = signing_key(secret)
        self._allow_private = allow_private
        self._outgoing: Outgoing | None = None
        self._running: dict[asyncio.Task[None], Callback] = {}
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """A task has ended that may have a callback."""
        self._wanted.set()

    async def run(self) -> None:
        """Delivers until cancelled; what is under way then gets a moment to end."""
        try:
            while True:
                began = time.monotonic()
                if not await self._begin():
                    pause_s = max(_PAUSE_S, _PAUSES * (time.monotonic() - began))
                    await asyncio.sleep(min(pause_s, _LOOK_S))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_S):
                            await self._wanted.wait()
        finally:
            await self._finish()

    async def _begin(self) -> bool:
        """Begins to deliver what is due; returns whether there was any that could be begun."""
        self._wanted.clear()
        free = _AT_ONCE - len(self._running)
        if not free:
            return False
        hosts = [callback.host for callback in self._running.values()]
        try:
            claimed = await self._callbacks.claim(free, _PER_HOST, hosts)
        except DatabaseUnavailable:
            return False
        if claimed and self._outgoing is None:
            self._outgoing = await asyncio.to_thread(_outgoing, self._allow_private)
        for callback in claimed:
            run = asyncio.create_task(self._deliver(callback))
            self._running[run] = callback
            run.add_done_callback(self._delivered)
        return bool(claimed)

    def _delivered(self, run: asyncio.Task[None]) -> None:
        callback = self._running.pop(run)
        if not run.cancelled() and (error := run.exception()):
            extra = {"task": callback.task_id}
            logger.error("a callback met a defect", extra=extra, exc_info=error)
        self.wake()

    async def _finish(self) -> None:
        if runs := list(self._running):
            await asyncio.wait(runs, timeout=_FINISH_S)
            for run in runs:
                run.cancel()
            await asyncio.wait(runs)

    async def _deliver(self, callback: Callback) -> None:
        """One try, and what became of it."""
        try:
            status = await self._post(callback)
        except asyncio.CancelledError:  # somebody else's turn, without delay
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

    async def _post(self, callback: Callback) -> int:
        """Returns the status of the answer. Raises ConnectionError if there is none."""
        assert self._outgoing is not None
        body = event(callback)
        timestamp = int(callback.claimed_at.timestamp())
        headers = {
            "User-Agent": f"quantum-tasks/{__version__}",
            "Content-Type": "application/json",
            **signature(self._key, f"evt_{callback.task_id.hex}", timestamp, body),
        }
        return await self._outgoing.post(parse(callback.url), headers, body)

    async def _store(self, callback: Callback, failure: str | None, gone: bool = False) -> None:
        """Keeps what became of a try, for as long as that is not another's to say: whoever does
        not know delivers again."""
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
                        return await self._callbacks.failed(callback, failure, delay)
                    except DatabaseUnavailable:
                        await asyncio.sleep(_STORE_AGAIN_S)


def _outgoing(allow_private: bool) -> Outgoing:
    from quantum_tasks.outgoing import Outgoing

    return Outgoing(allow_private)


def signing_key(secret: str) -> bytes:
    """The bytes that sign: those that `whsec_<base64>` stands for, or those of any other text."""
    kind, _, encoded = secret.partition("whsec_")
    if kind or not encoded:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise SettingsError("WEBHOOK_SECRET: what follows whsec_ is not base64") from None


def event(callback: Callback) -> bytes:
    """What is delivered, the same at every try."""
    return msgspec.json.encode(
        Event(
            f"task.{callback.status}",
            callback.ended_at,
            Subject(callback.task_id, callback.status),
        )
    )


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent this body, when, and whether it has it."""
    signed = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def delay_s(tries: int) -> float | None:
    """How long to wait after so many tries; None if there have been enough."""
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
