"""The main function of a child: take an order, answer it, until the service hangs up."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import multiprocessing
import os
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from types import FrameType, ModuleType, TracebackType

import msgspec

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines import deadline
from quantum_tasks.engines.aer import assembly
from quantum_tasks.engines.engine import SimulationError
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.errors import (
    MEMORY_EXCEEDED,
    RESULT_TOO_LARGE,
    TooLargeToDraw,
    more_than_memory,
)
from quantum_tasks.fence import replies
from quantum_tasks.fence.frames import HEADER, MARK, frame
from quantum_tasks.fence.inside.execution import run
from quantum_tasks.fence.inside.submission import check
from quantum_tasks.language import program
from quantum_tasks.orders import (
    Accepted,
    Check,
    Completed,
    Draw,
    Drawn,
    Limits,
    Order,
    Rejected,
    Reply,
    Run,
    Unfinished,
)
from quantum_tasks.parsing.mistakes import ProgramError

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
# Priorities. The service and the children that check programs come first, because clients wait for
# them. Simulators get the remaining processor time, and large drawings get what is left after
# that.
_NICENESSES = {"qtasks-parser": 1, "qtasks-drawer": 1, "qtasks-slow-drawer": 10}
_NICENESS = 5  # of the others
_DRAWERS = ("qtasks-drawer", "qtasks-slow-drawer")
_SMALL_READ_S = 0.05  # to parse a program that is drawn only if it is small
_RECURSION_LIMIT = 5000
_RESERVED_MB = 128  # what the allocator sets aside for its threads without ever touching it
_LARGEST_FILE = 16 * 2**20  # bytes; what it writes to standard error is a file as well
_EXAMPLE = (
    'OPENQASM 3.0; include "stdgates.inc"; gate g(a, b) x { rx(a) x; U(a, b, -pi / 2) x; }'
    " qubit[2] q; bit[2] c; h q[0]; ctrl @ x q[0], q[1]; g(pi / 4, 1.5e-3) q[1]; barrier q;"
    " c[0] = measure q[0]; if (c[0] == true) { x q[1]; } else { reset q[1]; }"
    " for int i in [0:2] { rz(i * 2) q[0]; } c = measure q;"
)

_SHORT_EXAMPLE = "OPENQASM 3.0; qubit q; bit c; U(1, 2, 3) q; c = measure q;"
_FOR_THE_SLOW_PARSER = _EXAMPLE.replace(";", ";\npragma slow\n", 1)


_LOOKS = 5  # looks at the clock in each slice
# Functions of libraries that only make objects, so they may be interrupted.
_KEEP_NOTHING = ("contextlib", "openqasm3.ast")


class _SliceOver(BaseException):
    """A check has had the processor for as long as it may. Not an Exception, so that no library
    catches it by accident."""


def warm_up() -> None:
    """Runs a small program through all steps before the simulation, once with each parser."""
    assembly.assemble(program.load(_EXAMPLE, Bounds()), "automatic")
    program.load(_FOR_THE_SLOW_PARSER, Bounds())


def serve(channel: socket.socket, stderr: int, limits: Limits) -> None:
    """Answers orders until the service closes the connection. The first frame says that this child
    is ready."""
    _live_and_die_with_the_service(stderr)
    engines = limits.capability.engines
    simulator = Simulator(limits.memory_mb, limits.max_result_bytes, engines)
    for example in (_EXAMPLE, _SHORT_EXAMPLE):  # which go different ways
        simulator.run(program.load(example, Bounds()), shots=1, seed=0)
    if multiprocessing.current_process().name in _DRAWERS:
        _drawing().get_ready()
    bounds = Bounds(
        limits.max_qubits,
        limits.max_clbits,
        limits.max_operations,
        limits.max_possible_values,
    )
    _limit_memory(limits.memory_mb)
    decoder = msgspec.msgpack.Decoder(Order)
    encoder = msgspec.msgpack.Encoder()
    stream = channel.makefile("rwb")
    stream.write(frame(b""))
    stream.flush()
    while len(header := stream.read(HEADER)) == HEADER:
        content = stream.read(int.from_bytes(header, "big"))
        order = decoder.decode(memoryview(content)[MARK:])
        os.ftruncate(2, 0)
        reply = _encoded(_answer(order, simulator, limits, bounds), limits, encoder)
        stream.write(frame(content[:MARK] + reply))
        stream.flush()


def _encoded(reply: Reply, limits: Limits, encoder: msgspec.msgpack.Encoder) -> bytes:
    """The reply as it is sent: not larger than the service takes it from us."""
    if isinstance(reply, Rejected):
        reply = replies.cut(reply)
    encoded = encoder.encode(reply)
    if len(encoded) <= replies.ceiling(limits):
        return encoded
    size = f"{len(encoded)} bytes, the limit is {replies.ceiling(limits)}"
    match reply:
        case Accepted():  # then it is compiled when it is run
            reply = msgspec.structs.replace(reply, compiled=b"", work_ms=None, circuit="")
            return encoder.encode(reply)
        case Completed():
            return encoder.encode(Rejected(RESULT_TOO_LARGE, f"The result has {size}."))
    return encoder.encode(Rejected(TooLargeToDraw.code, f"The drawing has {size}."))


def _answer(order: Order, simulator: Simulator, limits: Limits, bounds: Bounds) -> Reply:
    try:
        match order:
            case Check():
                with _for_a_slice(order.cpu_s):
                    return check(order, limits.capability, bounds)
            case Draw():
                return _draw(order, bounds)
            case Run():
                hard = (order.hard_time_limit_s or math.inf, order.hard_limit)
                deadline.begin((order.soft_time_limit_s, order.soft_limit), hard)
                try:
                    return run(order, simulator, limits, bounds)
                finally:
                    deadline.end()
    except ProgramError as error:
        return error.as_reply()
    except SimulationError as error:
        return Rejected(error.code, str(error), log=error.log)
    except _SliceOver as interruption:
        gc.enable()  # the code that enables it again may have been interrupted
        return Unfinished(spent=not _in_code_of_ours(interruption.__traceback__))
    except (MemoryError, SystemError) as error:
        if isinstance(error, SystemError) and not _has_been_full(limits.memory_mb):
            raise
        setting = "SIMULATOR_MEMORY_MB" if isinstance(order, Run) else "PARSER_MEMORY_MB"
        return Rejected(MEMORY_EXCEEDED, more_than_memory(limits.memory_mb, setting))


def _draw(order: Draw, bounds: Bounds) -> Drawn | Unfinished:
    drawing = _drawing()
    with _for_a_slice(_SMALL_READ_S) if order.small else contextlib.nullcontext():
        plan = drawing.plan(order, bounds)
    if order.small and not plan.small:
        return Unfinished()
    drawn: Drawn = drawing.draw(plan, order.format)
    return drawn


def _drawing() -> ModuleType:
    """The module that draws, which the other children have no use for."""
    from quantum_tasks.pictures import drawing

    return drawing


def _live_and_die_with_the_service(stderr: int) -> None:
    """Makes this child die when the fork server dies, which dies with the service. Ignores signals
    of the terminal."""
    os.dup2(stderr, 2)
    os.dup2(stderr, 1)
    # The fork server ends when the last process that holds this pipe does. multiprocessing hands
    # it to every child, so that a child busy in Aer would keep the fork server, and with it
    # itself, alive after the service was killed.
    alive: int = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]
    os.close(alive)
    name = multiprocessing.current_process().name
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_NAME, name.encode())
        if os.getppid() == 1:  # it died before we could ask
            os._exit(1)
    os.nice(_NICENESSES.get(name, _NICENESS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = _LARGEST_FILE if most == resource.RLIM_INFINITY else min(most, _LARGEST_FILE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    sys.setrecursionlimit(_RECURSION_LIMIT)
    sys.set_int_max_str_digits(0)  # the size of a program bounds its numbers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _has_been_full(memory_mb: int) -> bool:
    """Whether this process once used more than half of its memory. (By now it may be free again.)

    When an allocation fails, Python 3.11 does not always raise MemoryError: it may be a
    SystemError, "error return without exception set".
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform != "linux" or limit == resource.RLIM_INFINITY:
        return False
    peak = re.search(r"VmPeak:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return peak is not None and limit - int(peak[1]) * 1024 < memory_mb * 2**20 // 2


def _limit_memory(memory_mb: int) -> None:
    """Allows that much address space beyond what the libraries have mapped already."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + (memory_mb + _RESERVED_MB) * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextlib.contextmanager
def _for_a_slice(cpu_s: float) -> Iterator[None]:
    """Raises _SliceOver when this much processor time was used. Time in which the child gets no
    processor does not count.

    The alarm uses the clock and then asks for the processor time: timers for processor time are up
    to 10 ms late.
    """
    armed = True
    end_s = time.process_time() + cpu_s

    def look(signum: int, frame: FrameType | None) -> None:
        nonlocal armed
        if armed and time.process_time() >= end_s:
            armed = False  # only once: it may interrupt the lines that disarm it
            raise _SliceOver

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, cpu_s, cpu_s / _LOOKS)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)


def _in_code_of_ours(traceback: TracebackType | None) -> bool:
    """Whether all that was interrupted is ours: it keeps nothing between two programs that could
    be left half done, as the tables of the reference parser could."""
    while traceback is not None:
        name = traceback.tb_frame.f_globals.get("__name__", "")
        if not name.startswith("quantum_tasks.") and name not in _KEEP_NOTHING:
            return False
        traceback = traceback.tb_next
    return True
