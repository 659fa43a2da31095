"""An instance whose clock, queue and children are simulated; only its scheduler is real.

Each event is followed by a look at what must always hold. The order of events is that of asyncio:
an attempt takes its first step after all that its claim brought has been begun, for example.
"""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from quantum_tasks.queue.scheduler import AHEAD_MS, GATHER_S, MOST_AHEAD, Claim, Scheduler
from quantum_tasks.queue.store import ClaimedTask

HINT_S = 0.005  # at most, from the submission of a task to the hint
CLAIM_S = 0.01  # at most, from the question to the answer
# One hint, the rest of a claim that came too early for a task, and the claim that takes it.
REACTION_S = HINT_S + 2 * CLAIM_S
ID = uuid.UUID(int=1)


@dataclass(frozen=True)
class Machine:
    """An instance's children and cores."""

    children: int
    cores: int
    most_cores: int

    @property
    def name(self) -> str:
        """As tests are called by."""
        return f"{self.children} children, {self.cores} cores"


@dataclass(frozen=True)
class Kind:
    """A kind of task, how many seconds it takes on one core, and how many after its claim it is
    cancelled."""

    seconds: float
    moment: bool = False
    large: bool = False
    parallel: bool = False
    stopped_after: float | None = None


class Simulation:
    """One instance, with the events of its days in order. What should not be is in `wrong`, by the
    rule that it breaks."""

    def __init__(self, machine: Machine, seed: int = 0) -> None:
        self.machine = machine
        self.cores = max(machine.cores, machine.children - 1)
        self.scheduler = Scheduler(machine.children, machine.cores, machine.most_cores)
        self.draw = Random(seed)
        self.now = 0.0
        self.wrong: defaultdict[str, list[str]] = defaultdict(list)
        self.claims = 0
        self.crowded = 0  # large tasks that got a core which another has
        self.started: dict[int, float] = {}
        self.shares: dict[int, int] = {}  # of large tasks: the cores that each got
        self.kinds: list[Kind] = []  # of the tasks, by their positions
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0
        self._ordinary: deque[ClaimedTask] = deque()
        self._large: deque[ClaimedTask] = deque()
        self._claiming = False
        self._idle = deque([0.0] * machine.children)  # children, by since when
        # Claimed, and waiting for a child since when:
        self._ahead: deque[tuple[ClaimedTask, float]] = deque()
        self._held: dict[int, int] = {}  # large tasks that are claimed: their cores, 0 at first
        self._gathering = 0
        self._longer = 0  # tasks that are claimed and take more than moments
        self._wanting: float | None = None  # since when a task waits that a child could take
        # In the system, queued or running:
        self._count = {False: 0, True: 0}  # by whether it is large
        self._work_s = {False: 0.0, True: 0.0}
        self._moments_s = 0.0
        self._all_moments_s = 0.0  # that were ever submitted
        self._longest_s = 0.0  # of all that are not large
        self._due: list[tuple[float, float]] = []  # and the moments that were submitted before

    # What happens from outside.

    def submit(self, at_s: float, kinds: Sequence[Kind]) -> None:
        """These tasks come at this time."""
        self._at(at_s, self._submitted, kinds)

    def run(self) -> None:
        """Until nothing more happens."""
        while self._events:
            self.now, _, event, arguments = heapq.heappop(self._events)
            event(*arguments)
            self._look_for_idle_children()
        for task in (*self._ordinary, *self._large):
            self.wrong["starved"].append(f"{task.position} was never started")

    def _at(self, time: float, event: Callable[..., None], *arguments: Any) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, event, arguments))

    def _after(self, seconds: float, event: Callable[..., None], *arguments: Any) -> None:
        self._at(self.now + seconds, event, *arguments)

    def _submitted(self, kinds: Sequence[Kind]) -> None:
        for kind in kinds:
            position = len(self.kinds)
            work_ms = kind.seconds * 1000 if kind.moment else None
            task = ClaimedTask(
                ID, position, 1, 1, None, kind.large, kind.parallel, work_ms, b"", ""
            )
            (self._large if kind.large else self._ordinary).append(task)
            self.kinds.append(kind)
            if not kind.large:
                self._longest_s = max(self._longest_s, kind.seconds)
            self._due.append((self._latest_start(kind.large), self._all_moments_s))
            self._enter(task, 1)
        self._after(self.draw.uniform(0, HINT_S), self._hinted)

    def _latest_start(self, large: bool) -> float:
        """Of a task that is submitted now, if nobody is unfair to it.

        As long as tasks are queued that are not large, one child at least is at such tasks: each
        waits for those before it at most. A large task may wait for all large ones before it, at
        each of their turns and its own for a child that is at something else, and for moments,
        even those that come later: ahead of children they leave none free.
        """
        turns = self._count[large] + 1
        wait_s = self._work_s[large] + turns * REACTION_S
        if large:
            wait_s += self._moments_s + turns * (self._longest_s + GATHER_S)
        return self.now + wait_s

    def _enter(self, task: ClaimedTask, sign: int) -> None:
        seconds = self.kinds[task.position].seconds * sign
        self._count[task.large] += sign
        self._work_s[task.large] += seconds
        if task.work_ms is not None:
            self._moments_s += seconds
            self._all_moments_s += max(0.0, seconds)

    # The worker, as worker.py and attempt.py have it, and the queue, as claim.sql has it.

    def _hinted(self) -> None:
        self.scheduler.hinted()
        self._fill()

    def _fill(self) -> None:
        if self._claiming or (claim := self.scheduler.next_claim()) is None:
            return
        self._claiming = True
        self.claims += 1
        if claim.large > max(0, self.cores - sum(self._held.values()) - self._gathering):
            self.wrong["cores"].append(f"{claim.large} large tasks asked for at {self.now:.3f}")
        feedable = self.machine.children - self._longer
        self._after(self.draw.uniform(0, CLAIM_S / 2), self._take, claim, feedable)

    def _take(self, claim: Claim, feedable: int) -> None:
        huge = [self._large.popleft() for _ in range(min(claim.large, len(self._large)))]
        tasks, sum_ms = list(huge), 0.0
        for place in range(1, max(claim.free, claim.ahead) + 1):
            if not self._ordinary:
                break
            work_ms = self._ordinary[0].work_ms
            sum_ms += float("inf") if work_ms is None else work_ms
            if place > claim.free - len(huge) and sum_ms > claim.room_ms:
                break
            tasks.append(self._ordinary.popleft())
        if len(tasks) > max(claim.free, MOST_AHEAD):
            self.wrong["ahead"].append(f"{len(tasks)} tasks in one claim")
        tasks.sort(key=lambda task: task.position)
        self._after(self.draw.uniform(0, CLAIM_S / 2), self._claimed, claim, tasks, feedable)

    def _claimed(self, claim: Claim, tasks: list[ClaimedTask], feedable: int) -> None:
        self._claiming = False
        self.scheduler.claimed(claim, tasks)
        for task in tasks:
            self._longer += task.work_ms is None
            if task.large:
                self._held[task.position] = 0
                self._after(0, self._gather, task)
                if (stopped_after := self.kinds[task.position].stopped_after) is not None:
                    self._after(stopped_after, self._stopped, task)
            else:
                self._to_a_child(task)
        if len(self._held) > self.machine.children - 1:
            self.wrong["reserve"].append(f"{len(self._held)} large tasks at {self.now:.3f}")
        ahead_ms = sum(task.work_ms or 0.0 for task, _ in self._ahead)
        if ahead_ms > AHEAD_MS * feedable:
            self.wrong["ahead"].append(f"{ahead_ms:.0f} ms ahead of {feedable} children")
        self._fill()

    def _gather(self, task: ClaimedTask) -> None:
        self._gathering += 1
        self._after(self.scheduler.gather(), self._take_cores, task)

    def _take_cores(self, task: ClaimedTask) -> None:
        if task.position not in self._held:
            return
        self._gathering -= 1
        cores = self.scheduler.take_cores(task.parallel)
        self._held[task.position] = self.shares[task.position] = cores
        too_many = sum(self._held.values()) > self.cores
        self.crowded += too_many
        most = self.machine.most_cores if task.parallel and not too_many else 1
        if not 1 <= cores <= most:
            self.wrong["cores"].append(f"{task.position} has {cores}")
        self._to_a_child(task)

    def _to_a_child(self, task: ClaimedTask) -> None:
        self._ahead.append((task, self.now))
        self._hand_out()

    def _hand_out(self) -> None:
        while self._ahead and self._idle:
            self._idle.popleft()
            task, since = self._ahead.popleft()
            if self.now - since > AHEAD_MS / 1000:
                self.wrong["ahead"].append(f"{self.now - since:.3f} s without a child")
            self._start(task)

    def _start(self, task: ClaimedTask) -> None:
        self.started[task.position] = self.now
        due, moments_s = self._due[task.position]
        if task.large:
            due += self._all_moments_s - moments_s
        if self.now > due:
            late = f"{task.position} was started {self.now - due:.3f} s late"
            self.wrong["large late" if task.large else "small late"].append(late)
        if task.large:
            seconds = self.kinds[task.position].seconds / self._held[task.position]
            self._after(seconds, self._stopped, task)
        else:
            self._after(self.kinds[task.position].seconds, self._ended, task, 1, True)

    def _stopped(self, task: ClaimedTask) -> None:
        """A large task has ended, or is cancelled, wherever it is."""
        if task.position not in self._held:
            return
        cores = self._held.pop(task.position)
        self._gathering -= not cores
        waiting = [entry for entry in self._ahead if entry[0] is task]
        for entry in waiting:
            self._ahead.remove(entry)
        self._ended(task, cores, bool(cores) and not waiting)

    def _ended(self, task: ClaimedTask, cores: int, had_a_child: bool) -> None:
        self._enter(task, -1)
        self._longer -= task.work_ms is None
        self.scheduler.ended(task, cores)
        if had_a_child:
            self._idle.append(self.now)
            self._hand_out()
        self._fill()

    def _look_for_idle_children(self) -> None:
        for_large = len(self._held) < self.machine.children - 1 and (
            sum(self._held.values()) + self._gathering < self.cores
        )
        # A child for each large task that is gathering others is idle, and has to be.
        idle = len(self._idle) > self._gathering
        if not idle or not (self._ordinary or (self._large and for_large)):
            self._wanting = None
            return
        if self._wanting is None:
            self._wanting = self.now
        idle_s = self.now - max(self._wanting, self._idle[self._gathering])
        if idle_s > REACTION_S:
            self.wrong["idle"].append(f"{idle_s:.3f} s at {self.now:.3f}")
