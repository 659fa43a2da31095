"""Tasks for tests of what happens to them later."""

from __future__ import annotations

import uuid

from quantum_tasks.orders import Accepted
from quantum_tasks.queue.store import Store
from quantum_tasks.queue.submissions import NewTask, Submissions


async def submit(
    to: Store | Submissions,
    qc: str = "x",
    shots: int = 10,
    seed: int | None = None,
    checked: Accepted | None = None,
    **more: object,
) -> uuid.UUID:
    """Stores a task that nobody has checked, and returns its id."""
    submissions = Submissions(to._pool, to.queue) if isinstance(to, Store) else to
    task = NewTask(qc=qc, shots=shots, seed=seed, checked=checked, **more)
    return (await submissions.submit(task)).id
