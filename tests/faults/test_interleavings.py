"""The statements alone, by two instances, in any order and at the same time."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Awaitable

import asyncpg
from audit import AUDIT, FINAL, unlawful_changes
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from submitting import submit

from quantum_tasks.database.pool import create_pool
from quantum_tasks.queue.store import LEASE_S, ClaimedTask, Store

RETRIES, LOSSES, ALONE = 2, 8, 2
INSTANCES = [uuid.UUID(int=i) for i in (1, 2)]
instances = st.sampled_from(INSTANCES)
some = st.integers(0, 10**6)


class Interleavings(RuleBasedStateMachine):
    """Instances that die, freeze and come back, and never forget what they once claimed."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.pool = self.do(create_pool(url, 4))
        self.store = Store(self.pool, "tasks")
        self.submitted: list[uuid.UUID] = []
        self.claims: dict[uuid.UUID, list[ClaimedTask]] = {i: [] for i in INSTANCES}
        self.finals: dict[uuid.UUID, tuple] = {}

    def do(self, work: Awaitable) -> object:
        return self.loop.run_until_complete(work)

    def ask(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        return self.do(self.pool.fetch(statement, *arguments))

    @initialize()
    def begin(self) -> None:
        self.ask("truncate tasks, programs, results, instances, procrastinate_jobs, audit cascade")
        for instance in INSTANCES:
            self.beat(instance)

    def teardown(self) -> None:
        """Whatever happened, one living instance brings every task to an end."""
        if self.submitted:
            for _ in range(60):
                self.age("heartbeat_at", INSTANCES[1])
                self.steady(INSTANCES[0])
                self.ask("update tasks set run_after = now() where status = 'queued'")
                self.do(self.store.sweep(INSTANCES[0]))
                self.do(self.store.release(INSTANCES[0]))
                tasks, _ = self.do(self.store.claim(INSTANCES[0], 3))
                for task in tasks:
                    self.do(self.complete(INSTANCES[0], task))
                if not self.ask("select from tasks where ended_at is null"):
                    break
            assert not self.ask("select * from tasks where ended_at is null")
            self.all_that_was_promised_holds()
        self.do(self.pool.close())
        self.loop.close()

    # What instances and users do

    async def submit(self) -> None:
        self.submitted.append(await submit(self.store))

    async def claim(self, instance: uuid.UUID, limit: int) -> None:
        tasks, _ = await self.store.claim(instance, limit)
        self.claims[instance] += tasks

    async def complete(self, instance: uuid.UUID, task: ClaimedTask) -> None:
        """The result says who brought it, and every time another."""
        counts = json.dumps({f"{instance.int} {task.attempt} {uuid.uuid4()}": 10})
        await self.store.complete(task, instance, counts)

    def step(self, draw: int, instance: uuid.UUID) -> Awaitable:
        """Any step that an instance may take; most are about a claim, however old."""
        store, claims = self.store, self.claims[instance]
        steps = [
            lambda: self.submit(),
            lambda: self.claim(instance, 1 + draw % 3),
            lambda: store.sweep(instance),
            lambda: store.release(instance),
            lambda: store.heartbeat(instance, "host", instance.int, "0", 0),
        ]
        if self.submitted:
            id = self.submitted[draw % len(self.submitted)]
            steps.append(lambda: store.cancel([id]))
        if claims:
            task = claims[-1 - draw % min(4, len(claims))]
            steps += [
                lambda: self.complete(instance, task),
                lambda: store.fail(task, instance, "code", "message"),
                lambda: store.retry(task, instance, RETRIES, 0, "code", "message"),
                lambda: store.lose(task, instance),
                lambda: store.cancelled(task, instance),
            ]
        return steps[draw % 997 % len(steps)]()

    @rule(how_many=st.integers(1, 3))
    def submit_some(self, how_many):
        for _ in range(how_many):
            self.do(self.submit())

    @rule(instance=instances, limit=st.integers(1, 3))
    def claim_some(self, instance, limit):
        self.do(self.claim(instance, limit))

    @rule(instance=instances, which=some)
    def finish(self, instance, which):
        if claims := self.claims[instance]:
            self.do(self.complete(instance, claims[which % len(claims)]))

    @rule(instance=instances, draw=some)
    def one_step(self, instance, draw):
        self.do(self.step(draw, instance))

    @rule(first=instances, second=instances, draws=st.tuples(some, some))
    def two_steps_at_once(self, first, second, draws):
        async def both() -> None:
            await asyncio.gather(self.step(draws[0], first), self.step(draws[1], second))

        self.do(both())

    @rule(instance=instances)
    def forget(self, instance):
        """The answers to its claims were lost."""
        self.ask(
            "update tasks set started_at = now() - interval '1 minute' where instance = $1"
            " and status = 'running'",
            instance,
        )
        self.do(self.store.disown(instance, []))

    # What time does

    @rule(instance=instances)
    def beat(self, instance):
        self.do(self.store.heartbeat(instance, "host", instance.int, "0", 0))

    @rule(instance=instances)
    def fall_silent(self, instance):
        """It died, or is frozen: what it claimed it may still try to finish."""
        self.age("heartbeat_at", instance)

    @rule(instance=instances)
    def steady(self, instance):
        self.beat(instance)
        self.age("steady_since", instance)

    @rule(instance=instances)
    def sweep(self, instance):
        self.steady(instance)
        swept = self.do(self.store.sweep(instance))
        assert swept is not None
        alive = self.ask("select id from instances")
        assert not self.ask(
            "select * from tasks where status = 'running' and instance <> all($1)",
            [row["id"] for row in alive],
        )
        waiting = self.ask("select from tasks where status = 'queued' and run_after <= now()")
        assert not waiting or self.ask("select from procrastinate_jobs where status = 'todo'")

    def age(self, column: str, instance: uuid.UUID) -> None:
        self.ask(
            f"update instances set {column} = now() - $2 * interval '1 second' where id = $1",  # noqa: S608
            instance,
            LEASE_S + 1,
        )

    # What was promised

    @invariant()
    def all_that_was_promised_holds(self):
        rows = self.ask(
            "select t.*, r.attempt as stored, r.counts from tasks t "
            "left join results r on r.task_id = t.id"
        )
        assert set(self.submitted) <= {row["id"] for row in rows}
        history = self.ask("select * from audit order by number")
        assert list(unlawful_changes(history)) == []
        owners = {(r["id"], r["attempt"]): r["instance"] for r in history if r["instance"]}
        for row in rows:
            assert (row["status"] == "completed") == (row["stored"] is not None)
            if row["stored"] is not None:
                assert row["stored"] == row["attempt"]
                (who,) = json.loads(row["counts"])
                owner = owners[row["id"], row["attempt"]]
                assert who.split()[:2] == [str(owner.int), str(row["attempt"])]
            assert row["crashes"] <= RETRIES + (row["status"] == "failed")
            assert row["losses"] <= LOSSES + (row["status"] == "failed")
            if row["status"] in FINAL:
                final = tuple(row)
                assert self.finals.setdefault(row["id"], final) == final
        running = sorted((r for r in rows if r["instance"]), key=lambda row: row["instance"])
        for _, group in itertools.groupby(running, key=lambda row: row["instance"]):
            losses = [row["losses"] for row in group]
            assert len(losses) == 1 or max(losses) < ALONE


def test_no_interleaving_loses_or_changes_anything(database):
    async def audit() -> None:
        db = await asyncpg.connect(database)
        await db.execute(AUDIT)
        await db.close()

    asyncio.run(audit())
    run_state_machine_as_test(
        lambda: Interleavings(database),
        settings=settings(
            max_examples=50,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
