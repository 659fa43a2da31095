"""One child process, as the service sees it: it is started, gets orders, and is killed and cleaned
up."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib
import multiprocessing
import os
import signal
import socket
import tempfile
from collections import deque
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.context import ForkServerProcess
from typing import IO, Any

from quantum_tasks.fence import replies
from quantum_tasks.fence.frames import MARK, Frames, MalformedError, frame
from quantum_tasks.orders import Limits, Order, Reply

CHILD = "quantum_tasks.fence.inside.main"
_WARM_TIMEOUT_S = 120.0  # long enough for a busy machine
_STOP_TIMEOUT_S = 3.0
_HANGING_UP_S = 0.5  # between the end of its connection and that of the process
_TICK_S = 0.1
_LAST_LOOK_S = 0.05
# A reply that has begun must make progress: this number of bytes, or its end, within this number
# of ticks.
_STEP_BYTES = 64 * 1024
_STEP_TICKS = 8
_LAST_WORDS = 64 * 1024  # bytes
_FORK_SERVER_DIED = 255  # the exit code that multiprocessing invents for an unknown one


class ChildDiedError(Exception):
    """The child died while it worked on the order. `with_all`: all children died, because the
    process that they are forked from died; the order did not cause this."""

    def __init__(self, how: str, last_words: str, with_all: bool = False) -> None:
        self.how = how
        self.last_words = last_words
        self.with_all = with_all
        super().__init__(f"the simulator process died ({how})")

    @property
    def out_of_memory(self) -> bool:
        """Whether the child died because an allocation failed, in C++, Rust or Python. (Python may
        not have enough memory left to send a reply that says so.)"""
        words = ("bad_alloc", "memory allocation of", "MemoryError")
        return any(word in self.last_words for word in words)


class OutOfTimeError(Exception):
    """The child was killed because the order took longer than its time limit."""


class Job:
    """An encoded order of a `kind`, and the future of its reply, which begins with the same
    `mark`. `work_ms` is how long it will take, if that is certain."""

    __slots__ = ("future", "kind", "mark", "order", "time_limit_s", "work_ms")

    def __init__(
        self,
        kind: type[Order],
        order: bytes,
        time_limit_s: float,
        work_ms: float | None,
        future: asyncio.Future[Reply],
    ) -> None:
        self.kind = kind
        self.mark = os.urandom(MARK)
        self.order = order
        self.time_limit_s = time_limit_s
        self.work_ms = work_ms
        self.future = future


class Child(asyncio.Protocol):
    """A child process. It answers each order before it takes the next one: it works on the first
    of `jobs`.

    `on_reply` is called with each answered job and its reply; `dead` is set when the child has
    died or is being killed. A child that sends anything except one reply to each order is killed:
    `offence` says what it did, and its current order fails as if the child had crashed.
    """

    def __init__(
        self, name: str, limits: Limits, on_reply: Callable[[Child, Job, Reply], None]
    ) -> None:
        self._name = name
        self._limits = limits
        self._on_reply = on_reply
        self._process: ForkServerProcess | None = None
        self._channel: socket.socket | None = None
        self._transport: asyncio.Transport | None = None
        self._frames = Frames(MARK + replies.ceiling(limits))
        self._step_bytes = 0  # received since its progress was last checked
        self._patience = _STEP_TICKS
        self._warm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._stderr = _stderr_file()
        self._death: asyncio.Task[ChildDiedError] | None = None
        self._outgoing: list[bytes] = []  # orders of its last jobs that are not sent yet
        self._timer: asyncio.TimerHandle | None = None
        self._left_s = 0.0
        self._fresh = False  # whether the first job began since the last tick
        self.jobs: deque[Job] = deque()
        self.work_ms = 0.0  # the sum over its jobs
        self.unknown = 0  # how many jobs take an unknown time
        self.dead = asyncio.Event()
        self.killed = False
        self.offence = ""
        self.out_of_time = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when the child has said that it is ready. Raises OSError (TimeoutError is a
        subclass) or EOFError."""
        self._channel, theirs = socket.socketpair()
        context = multiprocessing.get_context("forkserver")
        process = context.Process(
            target=_child_main,
            args=(theirs, _PassedFile(self._stderr.fileno()), self._limits),
            name=f"qtasks-{self._name}",
            daemon=True,
        )
        try:
            # In a thread, because the first start waits for the imports of the fork server.
            # Shielded, because a process that was started must not be forgotten if the service
            # stops in the meantime.
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
        async with asyncio.timeout(_WARM_TIMEOUT_S):
            await self._warm

    def give(self, job: Job) -> None:
        """Sends an order."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._send)
        self._outgoing.append(frame(job.mark + job.order))
        self.jobs.append(job)
        if job.work_ms is None:
            self.unknown += 1
        else:
            self.work_ms += job.work_ms
        if len(self.jobs) == 1:
            self._begin()

    def _send(self) -> None:
        assert self._transport is not None
        if not self.killed and not self._transport.is_closing():  # it may have died meanwhile
            self._transport.write(b"".join(self._outgoing))
            self._outgoing.clear()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self.killed:
            return
        try:
            self._receive(data)
        except MalformedError as error:
            self._condemn(str(error))

    def _receive(self, data: bytes) -> None:
        self._step_bytes += len(data)
        if self._step_bytes >= _STEP_BYTES or not self._frames.partial:
            self._renew_patience()
        if self._warm.done() and not self.asked:
            raise MalformedError("it spoke without being asked")
        for content in self._frames.read(data):
            self._renew_patience()
            if self._warm.done():
                self._answered(content)
                if self.killed:  # it was killed after this answer
                    return
            elif content:
                raise MalformedError("it spoke before it was warm")
            else:
                self._warm.set_result(None)
        if self._frames.partial and self._warm.done() and not self.asked:
            raise MalformedError("it spoke without being asked")

    def _renew_patience(self) -> None:
        self._step_bytes = 0
        self._patience = _STEP_TICKS

    @property
    def asked(self) -> bool:
        """Whether it was sent an order that it has not answered yet."""
        return len(self.jobs) > len(self._outgoing)

    def _condemn(self, offence: str) -> None:
        self.offence = offence
        self.kill()
        if not self._warm.done():
            self._warm.set_exception(EOFError(offence))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._warm.done():
            self._warm.set_exception(EOFError())
        self._lost.set()
        self.dead.set()

    def _answered(self, content: bytes | memoryview) -> None:
        if not self.asked or content[:MARK] != self.jobs[0].mark:
            raise MalformedError("it spoke without being asked")
        # The job stays in the list until its reply is read: before that it is not answered.
        reply = replies.read(self.jobs[0].kind, content[MARK:])
        job = self.jobs.popleft()
        if job.work_ms is None:
            self.unknown -= 1
        else:
            self.work_ms -= job.work_ms
        if self.jobs:
            self._begin()
        else:
            self.work_ms = 0.0  # removes rounding errors
        self._on_reply(self, job, reply)

    def _begin(self) -> None:
        """Starts the time limit of the first job. It gets at least its time, and at most one tick
        more.

        Counts ticks and does not use the clock. If this process was stopped for long, by the clock
        the time would be over, although the reply may be there, or the child was stopped as well.
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
        if self._frames.partial:
            self._patience -= 1
            if self._patience <= 0:
                self._condemn("it stopped amid an answer")
                return
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
        """Kills the process. Replies that it still sends are ignored and not even received."""
        self.killed = True
        self.dead.set()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        if self._process is not None:
            self._process.kill()

    async def obituary(self) -> ChildDiedError:
        """How the child died, with the last lines that it wrote to standard error."""
        self.killed = True
        if self._death is None:
            # Only once: of two threads that wait for one process, one never hears of its end.
            self._death = asyncio.create_task(self._await_death())
        return await asyncio.shield(self._death)

    async def _await_death(self) -> ChildDiedError:
        code = None
        if self._process is not None:
            await asyncio.to_thread(self._process.join, _HANGING_UP_S)
            if self._process.exitcode is None:  # it closed its connection but is still running
                self.kill()
                await asyncio.to_thread(self._process.join, _STOP_TIMEOUT_S)
            code = self._process.exitcode
        self._stderr.seek(max(0, os.fstat(self._stderr.fileno()).st_size - _LAST_WORDS))
        last_words = self._stderr.read(_LAST_WORDS).decode(errors="replace")
        with_all = code == _FORK_SERVER_DIED and not self.offence
        return ChildDiedError(self.offence or _how(code), last_words, with_all)

    async def heard_out(self) -> None:
        """Returns when all replies of a dying child have been read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._lost.wait()

    async def end(self) -> None:
        """Makes sure that the process has ended, and releases its resources."""
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


def _stderr_file() -> IO[bytes]:
    """A file for a process's standard error. It is opened for appending, because the service
    empties it now and then."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
    fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
    return file


class _PassedFile:
    """A file descriptor that is passed to the child with the arguments of its main function."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _received_file, (reduction.DupFd(self.descriptor),)


def _received_file(passed: Any) -> int:
    descriptor: int = passed.detach()
    return descriptor


def _child_main(channel: socket.socket, stderr: int, limits: Limits) -> None:
    # Imported by name, because only code inside the fence may import it.
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
