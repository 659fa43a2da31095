"""Every change of every task, written down by a trigger, and which of them may be."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

import asyncpg

AUDIT = """
create table audit (
    number bigint generated always as identity, id uuid, status text, attempt int, instance uuid,
    at timestamptz default clock_timestamp());
create function write_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.ended_at is null  -- tests turn clocks
        and (old.status, old.attempt, old.instance)
            is not distinct from (new.status, new.attempt, new.instance) then
        return null;
    end if;
    insert into audit (id, status, attempt, instance)
    values (new.id, new.status, new.attempt, new.instance);
    return null;
end $$;
create trigger audit after insert or update on tasks for each row execute function write_audit();
"""
FINAL = ("completed", "failed", "cancelled")
_STEPS = {  # what may follow what
    None: ("queued",),
    "queued": ("running", "cancelled"),
    "running": ("queued", *FINAL),
}


def unlawful_changes(audit: Sequence[asyncpg.Record]) -> Iterator[str]:
    """The changes of tasks, in order, that should not have been."""
    history = defaultdict(list)
    for row in audit:
        history[row["id"]].append(row)
    for id, rows in history.items():
        for before, after in itertools.pairwise([None, *rows]):
            status, attempt = (before["status"], before["attempt"]) if before else (None, 0)
            claimed = after["status"] == "running"
            if after["status"] not in _STEPS.get(status, ()):
                yield f"changed: {id} from {status} to {after['status']}"
            if after["attempt"] != attempt + claimed:
                yield f"changed: {id} to attempt {after['attempt']} from {attempt}"
