"""Asks child processes whether a program can be run. How long a check takes is known only
afterwards; still, no program may make another one wait for long."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from quantum_tasks.capability import Capability
from quantum_tasks.errors import (
    PROBLEMS,
    Diagnostic,
    MemoryExceeded,
    ServiceBusy,
    TooComplex,
    TooLong,
    more_than_memory,
)
from quantum_tasks.fence.pool import BusyError, ChildDiedError, OutOfTimeError, ProcessPool
from quantum_tasks.orders import Accepted, Check, Limits, Rejected, Reply, Unfinished
from quantum_tasks.tasks import Options, ProgramWarning, WarningCode, warned
from quantum_tasks.turns.fairness import Fair, NoRoom

logger = logging.getLogger(__name__)

# The processor time that every program gets. The first look is short, and longer for longer
# programs. It is enough for nearly all programs; a hundred programs for which it is not enough
# delay the others by a fifth of a second.
_QUICK_S = 0.05
_LOOK_S = 0.003
_LOOK_S_PER_CHARACTER = 5e-6
# A child is killed if it has not answered after this time. It may be in code that no signal
# interrupts, or it may get no processor.
_QUICK_WALL_S = 0.5
_BUSY_AFTER_S = 10.0  # wait for a first look
_LONGER_WAIT_S = 1.0  # wait for the rest; after that the slow lane is quicker
_MOST_WAITING = 256  # programs of one peer in the slow lane
_RETRY_AFTER_S = 5
_REMEMBERED = 4096  # programs for which the quick time was not enough
_SHORT = 4096  # characters: a longer program is checked alone
_CHECK_MS = 0.002  # per character of a program
_TRIES = 3
_NEAR = 0.5  # of what a run may take
_HOPELESS = 10  # times as long as a run may take
_SHORTER = (
    "take fewer qubits or gates; with noise, fewer shots; of a sweep, submit the values in "
    "several tasks"
)


class Checker:
    """Checks programs in two lanes.

    Each program first gets 50 ms of processor time in the quick lane, whoever sent it: a short
    look at once, and the rest in any but one of the processes, so that one process is always free
    for the next look. A check that is not done by then goes to the slow lane, where peers take
    turns. A program that was slow before goes there directly.
    """

    def __init__(
        self,
        processes: int,
        limits: Limits,
        time_limit_s: float,
        run_limit_s: float = math.inf,
    ) -> None:
        """`processes` is the number of processes of the quick lane; the slow lane has half as
        many, at least one. `time_limit_s` is that of a check, `run_limit_s` that of a run."""
        slow = max(1, processes // 2)
        self.quick = ProcessPool("parser", processes, limits)
        self.slow = ProcessPool("slow-parser", slow, limits)
        self._limits = limits
        self._here = limits.capability  # found by looking at files: not while somebody waits
        self._time_limit_s = time_limit_s
        self._run_limit_s = run_limit_s
        self._longer = asyncio.Semaphore(max(1, processes - 1))
        self._turns = Fair(slow, _MOST_WAITING)
        self._slow_ones: OrderedDict[int, None] = OrderedDict()  # hashes, the latest last
        self._encoder = msgspec.msgpack.Encoder()

    async def start(self) -> None:
        """Begins to start the quick lane, and returns at once. The slow lane starts when a check
        is slow for the first time."""
        await self.quick.start()

    async def stop(self) -> None:
        """Ends every check."""
        await asyncio.gather(self.quick.stop(), self.slow.stop())

    async def quickly(
        self,
        qc: str,
        shots: int,
        options: Options | None,
        instances: Sequence[Capability] = (),
        circuit: bool = False,
    ) -> Accepted | None:
        """The result of checking a program that one of the instances can run, or this one if none
        are given, with its circuit if that is wanted; None if the check takes longer than the
        quick time.

        Raises the Problem that says why it cannot be run, or ServiceBusy.
        """
        look_s = min(_QUICK_S, _LOOK_S + len(qc) * _LOOK_S_PER_CHARACTER)
        order = Check(qc, shots, options, look_s, self._others(instances), circuit)
        if self._was_slow(order):
            return None
        usual = options is None and not circuit
        likely_ms = len(qc) * _CHECK_MS if usual and len(qc) <= _SHORT else None
        found = await self._look(order, likely_ms)
        if found is None and look_s < _QUICK_S:
            found = await self._look_longer(order)
        if found is None:
            self._slow_ones[self._key(order)] = None
            if len(self._slow_ones) > _REMEMBERED:
                self._slow_ones.popitem(last=False)
        return found and self._may_run(found, options)

    async def slowly(
        self,
        qc: str,
        shots: int,
        options: Options | None,
        peer: str,
        instances: Sequence[Capability] = (),
        circuit: bool = False,
    ) -> Accepted:
        """The same, in the slow lane, when it is this peer's turn.

        Raises the Problem that says why it cannot be run, or ServiceBusy.
        """
        # It has already used the quick time, and up to twice that by the clock.
        cpu_s, wall_s = (max(0.1, self._time_limit_s - _QUICK_S * had) for had in (1, 2))
        order = Check(qc, shots, options, cpu_s, self._others(instances), circuit)
        try:
            async with self._turns.place(peer):
                begun = time.monotonic()
                reply = await self._asked(self.slow, order, wall_s)
                # The machine was busy when it was slow: next time it may be quick again.
                if time.monotonic() - begun < _QUICK_S:
                    self._slow_ones.pop(self._key(order), None)
        except NoRoom:
            raise ServiceBusy(
                f"{_MOST_WAITING} programs that take long to check wait already from your "
                "address; please try again.",
                retry_after_s=_RETRY_AFTER_S,
            ) from None
        except OutOfTimeError:
            reply = Unfinished()
        if (accepted := _accepted(reply)) is None:
            raise TooComplex(
                f"Checking the program took longer than {self._time_limit_s:g} s "
                "(PARSE_TIME_LIMIT_S). Make it shorter, or nest its gates and loops less.",
                errors=[Diagnostic(pointer="/qc")],
            )
        return self._may_run(accepted, options)

    def _may_run(self, accepted: Accepted, options: Options | None) -> Accepted:
        """Refuses what is hopeless, rather than to run it until it is killed."""
        least_s = accepted.least_ms / 1e3
        if least_s < _HOPELESS * self._run_limit_s:
            return self._warned(accepted, options)
        raise TooLong(
            f"The run would take {_spoken(least_s)} at the very least; after "
            f"{self._run_limit_s:g} s it would be killed (TASK_TIME_LIMIT_S).",
            errors=[Diagnostic(pointer="/qc", hint=_SHORTER)],
        )

    def _warned(self, accepted: Accepted, options: Options | None) -> Accepted:
        """Says what may take longer than it may, here or by its own `timeout_s`."""
        limit_s, whose, hint = self._run_limit_s, "TASK_TIME_LIMIT_S", _SHORTER
        own_s = options.timeout_s if options else None
        if own_s is not None and own_s < limit_s:
            limit_s, whose = own_s, "timeout_s"
            hint = f"allow more with timeout_s, {self._run_limit_s:g} at most; or {_SHORTER}"
        likely_s = accepted.estimated_ms / 1e3
        if likely_s < _NEAR * limit_s:
            return accepted
        likely = f"{likely_s:,.0f}" if likely_s >= 10 else f"{likely_s:.2g}"
        warning = ProgramWarning(
            code=WarningCode.NEAR_TIME_LIMIT,
            message=f"The run is estimated to take one core {likely} s; after "
            f"{limit_s:g} s it is killed ({whose}).",
            hint=hint,
        )
        return msgspec.structs.replace(accepted, stats=warned(accepted.stats, [warning]))

    def _others(self, instances: Sequence[Capability]) -> Sequence[Capability]:
        """The instances, if children have to be told: they know what their own can run."""
        return () if list(instances) == [self._here] else instances

    def _was_slow(self, order: Check) -> bool:
        """Whether this program was too slow for the quick lane before."""
        if not self._slow_ones or (key := self._key(order)) not in self._slow_ones:
            return False
        self._slow_ones.move_to_end(key)
        return True

    def _key(self, order: Check) -> int:
        return hash(self._encoder.encode((order.qc, order.shots, order.options, order.circuit)))

    async def _look_longer(self, order: Check) -> Accepted | None:
        try:
            async with asyncio.timeout(_LONGER_WAIT_S):
                await self._longer.acquire()
        except TimeoutError:
            return None
        try:
            if self._was_slow(order):  # as another check has found out in the meantime
                return None
            return await self._look(msgspec.structs.replace(order, cpu_s=_QUICK_S), None)
        finally:
            self._longer.release()

    async def _look(self, order: Check, likely_ms: float | None) -> Accepted | None:
        try:
            reply = await self._asked(self.quick, order, _QUICK_WALL_S, _BUSY_AFTER_S, likely_ms)
        except OutOfTimeError:
            return None
        return _accepted(reply)

    async def _asked(
        self,
        pool: ProcessPool,
        order: Check,
        wall_s: float,
        patience_s: float | None = None,
        likely_ms: float | None = None,
    ) -> Reply:
        """The reply of a child. Raises OutOfTimeError, or a Problem if no child can answer."""
        for _ in range(_TRIES):
            try:
                return await pool.run(order, wall_s, patience_s, likely_ms)
            except BusyError:
                raise ServiceBusy(retry_after_s=_RETRY_AFTER_S) from None
            except ChildDiedError as died:
                if died.out_of_memory:
                    raise MemoryExceeded(
                        more_than_memory(self._limits.memory_mb, "PARSER_MEMORY_MB"),
                        errors=[Diagnostic(pointer="/qc")],
                    ) from None
                logger.warning("a parser died", extra={"how": died.how})
                death = died
        if death.with_all:
            raise ServiceBusy(retry_after_s=_RETRY_AFTER_S)
        raise TooComplex(  # a child died at every try: it is the program
            "The program cannot be checked: the parser gives up on it.",
            errors=[Diagnostic(pointer="/qc")],
        )


def _spoken(seconds: float) -> str:
    """A long time, as people say it."""
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 86400:,.0f} days"


def _accepted(reply: Reply) -> Accepted | None:
    """The result of a reply; None if the check was not finished. Raises the Problem of a program
    that was rejected."""
    if isinstance(reply, Unfinished):
        return None
    if isinstance(reply, Rejected):
        if reply.log:
            logger.error("a program met a defect", extra={"log": reply.log})
        raise PROBLEMS[reply.code](reply.message, errors=reply.errors)
    assert isinstance(reply, Accepted)
    return reply
