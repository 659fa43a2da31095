"""What an instance claims next, and how many cores a large task gets.

Rules and counts: it waits for nothing, and knows neither the children nor the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from quantum_tasks.queue.store import ClaimedTask

AHEAD_MS = 50.0  # of work that may be claimed for each child before it is free
MOST_AHEAD = 256  # tasks in one claim
GATHER_S = 0.05


class Claim(NamedTuple):
    """How much to take of what is queued, as `Store.claim` has it: up to `free` tasks, of which up
    to `large` are large; and more of those that take moments, up to `ahead` tasks in all that come
    to `room_ms` milliseconds."""

    free: int
    large: int
    ahead: int
    room_ms: float


class Scheduler:
    """Decides what one instance claims. It has to be told what was claimed and what has ended.

    Each free child gets a task, and large tasks come first. One child is kept for tasks that are
    not large, and the cores are shared out among those that are. Of tasks that take but a moment
    it claims more than there are free children, which then need not wait for the database.
    """

    def __init__(self, children: int, cores: int, most_cores: int) -> None:
        """One large task gets `most_cores` at most. With more children than cores, cores are
        counted as if there were one for each large task."""
        self._children = children
        self._cores = max(cores, children - 1)  # that are free
        self._most_cores = most_cores
        # Claimed, and not ended:
        self._tasks = 0
        self._large = 0
        self._undecided = 0  # large ones that have no cores yet
        self._moments = 0
        self._moments_ms = 0.0
        self._moments_are_queued = False
        self._more = False  # whether more tasks may be queued, as far as this instance knows

    def hinted(self) -> None:
        """There may be tasks in the queue."""
        self._more = True

    def next_claim(self) -> Claim | None:
        """What to claim now; None if nothing is queued or there is no room.

        Whoever gets a claim has to say what it brought (`claimed`) or, if the database was away,
        to call `hinted`. While short tasks (moments) wait for the children, no child counts as
        free: if they come faster than they are done, large tasks have to wait.
        """
        if not self._more:
            return None
        free = max(0, self._children - self._tasks)
        cores = self._cores - self._undecided
        large = max(0, min(free, self._children - 1 - self._large, cores))
        # Children with longer work get nothing in advance: it would start too late.
        feedable = self._children - (self._tasks - self._moments)
        room_ms = AHEAD_MS * feedable
        # Claims in advance only when half of the work claimed before is done, so that one claim
        # gets many tasks.
        ahead = MOST_AHEAD if self._moments_are_queued else 0
        if not free and not (ahead and self._moments_ms < room_ms / 2):
            return None
        self._more = False
        return Claim(free, large, ahead, room_ms - self._moments_ms)

    def claimed(self, claim: Claim, tasks: Sequence[ClaimedTask]) -> None:
        """A claim brought these tasks: each of them has a child, or is ahead of one."""
        ordinary = [task for task in tasks if not task.large]
        taken_ms = sum(task.work_ms or 0.0 for task in ordinary)
        full = len(tasks) >= max(claim.free, claim.ahead) or (
            claim.ahead > 0 and taken_ms > claim.room_ms / 2
        )
        self._moments_are_queued = full and all(task.work_ms is not None for task in ordinary)
        # True as well of a claim with no child free that brought nothing: the first task that is
        # queued may take more than moments.
        self._more |= len(tasks) >= claim.free
        for task in tasks:
            self._tasks += 1
            self._large += task.large
            if task.work_ms is not None:
                self._moments += 1
                self._moments_ms += task.work_ms

    def gather(self) -> float:
        """A large task begins: for how many seconds it shall wait before it takes its cores.

        Large tasks share the cores that are free. The first waits a moment for others to share
        with: side by side they use the cores better than one after the other.
        """
        self._undecided += 1
        return GATHER_S if self._large == self._undecided else 0.0

    def take_cores(self, parallel: bool) -> int:
        """How many cores a large task shall use that has waited; `ended` gives them back. One at
        least, even if others took all of them while it was being claimed."""
        cores = self._cores // self._undecided if parallel else 1
        cores = min(max(1, cores), self._most_cores)
        self._undecided -= 1
        self._cores -= cores
        return cores

    def ended(self, task: ClaimedTask, cores: int) -> None:
        """A child is done with a task that had so many cores, whatever came of it. A large one
        with none was stopped before it took any."""
        self._tasks -= 1
        if task.large:
            self._large -= 1
            self._cores += cores
            if not cores:
                self._undecided -= 1
            self._more = True  # others that are large may have had to wait for it
        if task.work_ms is not None:
            self._moments -= 1
            self._moments_ms -= task.work_ms
