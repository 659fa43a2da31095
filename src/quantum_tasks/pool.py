"""The fence around the simulator: child processes that can be killed, and what that means.

This side of the fence imports no simulator. A child holds one end of a socket, takes one order
at a time and answers it; whatever happens to a child happens to that order alone.

concurrent.futures fails every order in flight when one child dies, and pools that share one
pipe among their children lose it when a child is killed while it holds the pipe's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from multiprocessing import forkserver, reduction
from multiprocessing.context import ForkServerProcess
from typing import Any

import msgspec

from quantum_tasks.errors import MEMORY_EXCEEDED, TIME_LIMIT_EXCEEDED
from quantum_tasks.tasks import Limits, Order, Rejected, Reply

logger = logging.getLogger(__name__)

CHILD = "quantum_tasks.simulator.child"
PRELOAD = "quantum_tasks.simulator.preload"
# After these a child is not fit for another order: what was interrupted may still be running in a
# thread of Aer's, or have left a lock taken.
_SPENT = (TIME_LIMIT_EXCEEDED, MEMORY_EXCEEDED)
_HEADER = 4  # bytes of a frame's length, big-endian
_STOP_TIMEOUT_S = 3.0
_TICK_S = 1.0
_LAST_LOOK_S = 0.05
_FORK_SERVER_DIED = 255  # what multiprocessing says of a process whose end nobody told it
_RESPAWN_DELAY_S = (0.0, 0.2, 1.0, 5.0)

# Idle OpenMP threads spin, and a forked child does not have the threads of its parent: one
# thread each, unless the simulator asks for more by itself.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "QISKIT_PARALLEL": "FALSE",
}


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


class BusyError(Exception):
    """No child was free in time."""


class ProcessPool:
    """A fixed number of children, each replaced when it dies."""

    def __init__(self, name: str, size: int, limits: Limits) -> None:
        self.name = name
        self.size = size
        self._limits = limits
        self._idle: asyncio.Queue[_Child] = asyncio.Queue()
        self._children: set[_Child] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._endings: set[asyncio.Task[None]] = set()
        self._warm = asyncio.Event()
        self._stopping = False

    @property
    def alive(self) -> int:
        """How many children are up and warm."""
        return len(self._children)

    async def start(self) -> None:
        """Begins to start the children and returns at once; see ready()."""
        os.environ.update({k: v for k, v in _ENVIRONMENT.items() if k not in os.environ})
        multiprocessing.set_forkserver_preload([PRELOAD])
        self._keepers = [asyncio.create_task(self._keep_one()) for _ in range(self.size)]

    async def ready(self) -> None:
        """Returns once the first child is warm."""
        await self._warm.wait()

    async def run(
        self, order: Order, time_limit_s: float, patience_s: float | None = None
    ) -> Reply:
        """Gives an order to a free child and returns its reply.

        The time limit begins when a child takes the order; while this process is stopped or
        blocked it does not run. Raises BusyError if no child is free within `patience_s`
        (default: waits for ever), OutOfTimeError, or ChildDiedError. Cancelling kills the child
        that works on the order.
        """
        child = await self._free_child(patience_s)
        asking = asyncio.ensure_future(child.ask(order))
        try:
            reply = await _within(time_limit_s, asking)
        except (EOFError, OSError):
            child.kill()
            raise await child.obituary() from None
        except BaseException:
            child.kill()
            asking.cancel()
            raise
        if isinstance(reply, Rejected) and reply.code in _SPENT:
            child.kill()
        else:
            self._idle.put_nowait(child)
        return reply

    async def stop(self) -> None:
        """Ends every child, whatever it is doing."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*self._endings, return_exceptions=True)

    async def _free_child(self, patience_s: float | None) -> _Child:
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    child = await self._idle.get()
                    if child in self._children and not child.dead.is_set():
                        return child
        except TimeoutError:
            raise BusyError from None

    async def _keep_one(self) -> None:
        """Keeps one place filled with a living child."""
        failures = 0
        while not self._stopping:
            await asyncio.sleep(_RESPAWN_DELAY_S[min(failures, len(_RESPAWN_DELAY_S) - 1)])
            child = _Child(self.name, self._limits)
            try:
                await child.start()
                failures = 0
                self._children.add(child)
                self._idle.put_nowait(child)
                self._warm.set()
                await child.dead.wait()
                if not child.killed:
                    death = await child.obituary()
                    logger.warning(
                        "child died",
                        extra={"pool": self.name, "pid": child.pid, "how": death.how},
                    )
            except (OSError, EOFError) as error:
                failures += 1
                death = await child.obituary()
                logger.error(
                    "child did not start",
                    extra={
                        "pool": self.name,
                        "how": death.how,
                        "reason": str(error),
                        "stderr": death.last_words[-2000:],
                    },
                )
            finally:
                self._children.discard(child)
                ending = asyncio.create_task(child.end())
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
                await asyncio.shield(ending)  # stop() may cancel us, but not the end of a child


async def _within(time_limit_s: float, asking: asyncio.Future[Reply]) -> Reply:
    """What was asked for, in time. Raises OutOfTimeError.

    Counts ticks rather than asking the clock: after a long stop of this process the clock says
    that the time is over, while the reply may be there or the child was stopped as well.
    """
    ticks_s = [_TICK_S] * int(time_limit_s // _TICK_S)
    for tick_s in (*ticks_s, time_limit_s % _TICK_S, _LAST_LOOK_S):
        if (await asyncio.wait({asking}, timeout=tick_s))[0]:
            return asking.result()
    raise OutOfTimeError


def stop_fork_server() -> None:
    """Ends the process that children are forked from; for when every pool has stopped.

    It would end by itself after us. Then there would be a moment in which the service is gone
    and a process of its is not.
    """
    server: Any = forkserver._forkserver
    if (pid := server._forkserver_pid) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server._stop()


class _Child:
    """One child process, seen from the service."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._process: ForkServerProcess | None = None
        self._channel: socket.socket | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self._decoder = msgspec.msgpack.Decoder(Reply)
        self._encoder = msgspec.msgpack.Encoder()
        self._death: asyncio.Task[ChildDiedError] | None = None
        self.dead = asyncio.Event()
        self.killed = False

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
        asyncio.get_running_loop().add_reader(process.sentinel, self._died)
        streams = await asyncio.open_unix_connection(sock=self._channel, limit=2**20)
        self._reader, self._writer = streams
        await self._receive()

    async def ask(self, order: Order) -> Reply:
        """Sends an order and waits for the reply. Raises EOFError or OSError if the child dies."""
        assert self._writer is not None
        frame = self._encoder.encode(order)
        self._writer.write(len(frame).to_bytes(_HEADER, "big") + frame)
        await self._writer.drain()
        reply: Reply = self._decoder.decode(await self._receive())
        return reply

    async def _receive(self) -> bytes:
        length = int.from_bytes(await self._reader.readexactly(_HEADER), "big")
        return await self._reader.readexactly(length)

    def kill(self) -> None:
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

    async def end(self) -> None:
        """Makes sure that the process is gone, and lets go of what belongs to it."""
        self.kill()
        if self._process is not None:
            asyncio.get_running_loop().remove_reader(self._process.sentinel)
        await self.obituary()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
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
