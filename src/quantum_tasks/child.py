"""One child process, seen from the service: started, given orders, killed, buried."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import signal
import socket
import tempfile
from collections import deque
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.context import ForkServerProcess
from typing import Any

from quantum_tasks.tasks import Limits, Reply

CHILD = "quantum_tasks.simulator.child"
_HEADER = 4  # bytes of a frame's length, big-endian
_STOP_TIMEOUT_S = 3.0
_TICK_S = 0.1
_LAST_LOOK_S = 0.05
_FORK_SERVER_DIED = 255  # what multiprocessing says of a process whose end nobody told it


class ChildDiedError(Exception):
    """The child died while it worked on the order. `with_all`: all children did, because the
    process that they are forked from died, which is no fault of the order."""

    def __init__(self, how: str, last_words: str, with_all: bool = False) -> None:
        self.how = how
        self.last_words = last_words
        self.with_all = with_all
        super().__init__(f"the simulator process died ({how})")

    @property
    def out_of_memory(self) -> bool:
        """Whether the child died because an allocation was refused, in C++, Rust or Python (which
        may have no memory left to say so in a reply)."""
        words = ("bad_alloc", "memory allocation of", "MemoryError")
        return any(word in self.last_words for word in words)


class OutOfTimeError(Exception):
    """The child was killed because the order took longer than its time limit."""


class Job:
    """An order on its way, encoded, and the future of its reply. `work_ms` is how long it will
    take, if that is certain."""

    __slots__ = ("future", "order", "time_limit_s", "work_ms")

    def __init__(
        self,
        order: bytes,
        time_limit_s: float,
        work_ms: float | None,
        future: asyncio.Future[Reply],
    ) -> None:
        self.order = order
        self.time_limit_s = time_limit_s
        self.work_ms = work_ms
        self.future = future


class Child(asyncio.Protocol):
    """A child process. It takes its orders one after the other, and answers each before it takes
    the next: the first of `jobs` is the one that it works on.

    `on_reply` is called with each job that is answered and the reply, encoded; `dead` is set when
    the child is gone, or shall be.
    """

    def __init__(
        self, name: str, limits: Limits, on_reply: Callable[[Child, Job, bytes], None]
    ) -> None:
        self._name = name
        self._limits = limits
        self._on_reply = on_reply
        self._process: ForkServerProcess | None = None
        self._channel: socket.socket | None = None
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._warm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self._death: asyncio.Task[ChildDiedError] | None = None
        self._outgoing: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._left_s = 0.0
        self._fresh = False  # whether the first job began since the last tick
        self.jobs: deque[Job] = deque()
        self.work_ms = 0.0  # of its jobs
        self.unknown = 0  # how many of them take nobody knows how long
        self.dead = asyncio.Event()
        self.killed = False
        self.out_of_time = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when the child has said that it is warm. Raises OSError or EOFError."""
        self._channel, theirs = socket.socketpair()
        context = multiprocessing.get_context("forkserver")
        process = context.Process(
            target=_child_main,
            args=(theirs, _PassedFile(self._stderr.fileno()), self._limits),
            name=f"qtasks-{self._name}",
            daemon=True,
        )
        try:
            # In a thread: the first start waits for the fork server's imports. Shielded: a
            # process that was started must not be forgotten because we stop meanwhile.
            starting = asyncio.ensure_future(asyncio.to_thread(process.start))
            try:
                await asyncio.shield(starting)
            except asyncio.CancelledError:
                await starting
                process.kill()
                raise
        finally:
            theirs.close()
        self._process = process
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, self._died)
        await loop.create_unix_connection(lambda: self, sock=self._channel)
        await self._warm

    def give(self, job: Job) -> None:
        """Sends an order."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._send)
        self._outgoing += (len(job.order).to_bytes(_HEADER, "big"), job.order)
        self.jobs.append(job)
        if job.work_ms is None:
            self.unknown += 1
        else:
            self.work_ms += job.work_ms
        if len(self.jobs) == 1:
            self._begin()

    def _send(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():  # it may have died meanwhile
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        while len(received) >= _HEADER:
            end = _HEADER + int.from_bytes(received[:_HEADER], "big")
            if len(received) < end:
                return
            frame = bytes(received[_HEADER:end])
            del received[:end]
            if not self._warm.done():
                self._warm.set_result(None)
            elif not self.killed:
                self._answered(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._warm.done():
            self._warm.set_exception(EOFError())
        self._lost.set()
        self.dead.set()

    def _answered(self, reply: bytes) -> None:
        job = self.jobs.popleft()
        if job.work_ms is None:
            self.unknown -= 1
        else:
            self.work_ms -= job.work_ms
        if self.jobs:
            self._begin()
        else:
            self.work_ms = 0.0  # without what was lost in rounding
        self._on_reply(self, job, reply)

    def _begin(self) -> None:
        """Gives the first job its time: to within a tick, never less.

        Counts ticks rather than asking the clock: after a long stop of this process the clock says
        that the time is over, while the reply may be there or the child was stopped as well.
        """
        self._left_s = self.jobs[0].time_limit_s
        self._fresh = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self.jobs:
            return
        if not self._fresh:
            self._left_s -= _TICK_S
        self._fresh = False
        loop = asyncio.get_running_loop()
        if self._left_s > 0:
            self._timer = loop.call_later(_TICK_S, self._tick)
        else:
            self._timer = loop.call_later(_LAST_LOOK_S, self._out_of_time, self.jobs[0])

    def _out_of_time(self, job: Job) -> None:
        self._timer = None
        if self.jobs and self.jobs[0] is job:
            self.out_of_time = True
            self.kill()
        elif self.jobs:
            self._tick()

    def kill(self) -> None:
        """Ends the process. What it still answers is not heard."""
        self.killed = True
        self.dead.set()
        if self._process is not None:
            self._process.kill()

    async def obituary(self) -> ChildDiedError:
        """How the child died, and what it last wrote to standard error."""
        self.killed = True
        if self._death is None:
            # Once: of two threads that wait for one process, one learns nothing of its end.
            self._death = asyncio.create_task(self._await_death())
        return await asyncio.shield(self._death)

    async def _await_death(self) -> ChildDiedError:
        code = None
        if self._process is not None:
            await asyncio.to_thread(self._process.join, _STOP_TIMEOUT_S)
            code = self._process.exitcode
        self._stderr.seek(0)
        last_words = self._stderr.read(65536).decode(errors="replace")
        return ChildDiedError(_how(code), last_words, with_all=code == _FORK_SERVER_DIED)

    async def heard_out(self) -> None:
        """Returns when everything that a dying child has answered was read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._lost.wait()

    async def end(self) -> None:
        """Makes sure that the process is gone, and lets go of what belongs to it."""
        self.kill()
        if self._timer is not None:
            self._timer.cancel()
        if self._process is not None:
            asyncio.get_running_loop().remove_reader(self._process.sentinel)
        await self.obituary()
        if self._transport is not None:
            self._transport.abort()
            await self.heard_out()
        elif self._channel is not None:
            self._channel.close()
        self._stderr.close()

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)  # type: ignore[union-attr]
        self.dead.set()


class _PassedFile:
    """A file descriptor that goes to the child with the arguments of its main function."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _received_file, (reduction.DupFd(self.descriptor),)


def _received_file(passed: Any) -> int:
    descriptor: int = passed.detach()
    return descriptor


def _child_main(channel: socket.socket, stderr: int, limits: Limits) -> None:
    # By name, because only the other side of the fence may import it.
    importlib.import_module(CHILD).serve(channel, stderr, limits)


def _how(exit_code: int | None) -> str:
    if exit_code is None:
        return "still running"
    if exit_code == _FORK_SERVER_DIED:
        return "with its fork server"
    if exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"
