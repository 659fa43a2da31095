"""The life of a task: submitted, claimed, run, finished, rescued.

Input: programs that were checked. Output: for each of them one end: completed, failed or
cancelled. Each change of a task's status is one guarded statement in `sql/queries`, called from
`store.py`. The worker of an instance claims what its scheduler says, and begins an attempt for
each task.

It uses `fence`, `database` and `turns`. Begin with `store.py`, then `worker.py`, and from there
`scheduler.py`, `attempt.py` and `outcomes.py`.
"""
