"""Every fault, by name: a function that does it to a world, for real, and undoes it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import asyncpg
from proxy import Moment
from server import SHUTDOWNS, Mode
from service import alive, state, until
from world import World

Doing = Callable[[World], object]


@dataclass(frozen=True)
class Fault:
    """`seconds` is how long it lasts; whether it may charge tasks with losses or crashes, or
    give them back uncharged: if none of these, what was running goes on."""

    do: Doing
    seconds: float = 0
    losses: bool = False
    crashes: bool = False
    gives_back: bool = False


FROZEN_S = 20.0  # longer than a lease


# Processes


def kill_instance(world: World) -> None:
    world.kill(world.victim)
    world.restart(world.victim)


def kill_instance_with_its_group(world: World) -> None:
    victim = world.victim
    world.kill(victim, group=True)
    world.restart(victim)


def kill_child(world: World) -> None:
    """One that is at work, if one can be caught at it."""
    children = until(world.victim.children, 20)
    for _ in range(50):
        if busy := [child for child in children if state(child) == "R"]:
            break
        time.sleep(0.02)
    os.kill(world.random.choice(busy or children), signal.SIGKILL)


def kill_parser(world: World) -> None:
    victim = world.victim
    os.kill(world.random.choice(until(lambda: victim.children("parser"), 20)), signal.SIGKILL)


def kill_fork_server(world: World) -> None:
    child = world.random.choice(until(world.victim.children, 20))
    stat = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]
    os.kill(int(stat.split()[1]), signal.SIGKILL)


def freeze_instance(world: World) -> None:
    """Its children go on, and their replies wait for it."""
    victim = world.victim
    os.kill(victim.pid, signal.SIGSTOP)
    time.sleep(FROZEN_S)
    os.kill(victim.pid, signal.SIGCONT)


def freeze_instance_with_its_group(world: World) -> None:
    victim = world.victim
    os.killpg(victim.pid, signal.SIGSTOP)
    time.sleep(FROZEN_S)
    os.killpg(victim.pid, signal.SIGCONT)


def block_event_loop(world: World) -> None:
    victim = world.victim
    os.kill(victim.pid, signal.SIGUSR1)
    time.sleep(FROZEN_S + 1)


def stop_instance(world: World) -> None:
    victim = world.victim
    assert victim.stop(signal.SIGTERM) == 0
    world.restart(victim)


def stop_instance_twice(world: World) -> None:
    victim = world.victim
    os.kill(victim.pid, signal.SIGTERM)
    time.sleep(world.random.uniform(0, 0.3))
    assert victim.stop(signal.SIGTERM) == 0
    world.restart(victim)


def stop_instance_during_its_start(world: World) -> None:
    victim = world.victim
    assert victim.stop(signal.SIGTERM) == 0
    world.restart(victim)  # its port is open; its children are still to come
    assert victim.stop(signal.SIGTERM) == 0
    world.restart(victim)


def stop_instance_while_postgres_is_away(world: World) -> None:
    victim = world.victim
    world.postgres.signal(signal.SIGINT)
    began = time.monotonic()
    try:
        assert victim.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 25
    finally:
        world.postgres.start()
    world.restart(victim)


# Postgres


def stop_postgres(mode: Mode, seconds: float) -> Doing:
    def fault(world: World) -> None:
        world.postgres.signal(SHUTDOWNS[mode])
        time.sleep(seconds)
        world.postgres.start()

    return fault


def kill_every_backend(world: World) -> None:
    postmaster = world.postgres.pid
    for backend in world.postgres.backends():
        if alive(backend):
            os.kill(backend, signal.SIGKILL)
    assert world.postgres.pid == postmaster


# Connections


def cut_connection(statement: str, moment: Moment) -> Doing:
    def fault(world: World) -> None:
        cut = world.proxy.cut_at(statement, moment)
        assert cut.done.wait(40), f"nobody used the statement {statement}"

    return fault


def cut_every_connection(world: World) -> None:
    world.proxy.cut_all()


def silence_every_connection(world: World) -> None:
    """Half-open: nothing passes, nothing is closed."""
    world.proxy.go_silent()
    time.sleep(8)
    world.proxy.come_back()


def lose_listening_connection(world: World) -> None:
    rows = world.postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where query ilike 'listen%' or query = 'select 1'"
    )
    assert rows


def lock(table: str, mode: str, seconds: float) -> Doing:
    """Nobody gets at a table: statements wait, and hold their instance's connections meanwhile,
    so that others find none."""

    async def hold(url: str) -> None:
        db = await asyncpg.connect(url)
        async with db.transaction():
            await db.execute(f"lock table {table} in {mode} mode")
            await asyncio.sleep(seconds)
        await db.close()

    return lambda world: asyncio.run(hold(world.postgres.url))


CUTS = {
    f"connection cut as {statement} is {moment}": Fault(cut_connection(statement, moment))
    for moment in get_args(Moment)
    for statement in ("submit", "claim", "complete", "heartbeat", "get", "sweep_tasks")
}
FAULTS = {
    "SIGKILL of an instance": Fault(kill_instance, losses=True),
    "SIGKILL of an instance and its group": Fault(kill_instance_with_its_group, losses=True),
    "SIGKILL of a simulator process": Fault(kill_child, crashes=True),
    "SIGKILL of a parser process": Fault(kill_parser),
    "SIGKILL of the fork server": Fault(kill_fork_server, losses=True),
    "SIGKILL of Postgres": Fault(stop_postgres("killed", 0)),
    "SIGKILL of every backend": Fault(kill_every_backend),
    "SIGSTOP of an instance for 20 s": Fault(freeze_instance, FROZEN_S, losses=True),
    "SIGSTOP of an instance and its group for 20 s": Fault(
        freeze_instance_with_its_group, FROZEN_S, losses=True
    ),
    "event loop blocked for 20 s": Fault(block_event_loop, FROZEN_S, losses=True),
    "SIGTERM": Fault(stop_instance, gives_back=True),
    "SIGTERM twice": Fault(stop_instance_twice, gives_back=True),
    "SIGTERM during the start": Fault(stop_instance_during_its_start, gives_back=True),
    "SIGTERM while Postgres is away": Fault(stop_instance_while_postgres_is_away, 12, losses=True),
    **{
        f"Postgres stopped for {seconds} s, {mode}": Fault(stop_postgres(mode, seconds), seconds)
        # Once it is gone, nobody can tell how it went.
        for seconds, mode in ((0, "fast"), (0, "immediate"), (7, "fast"), (40, "immediate"))
    },
    **CUTS,
    "every connection cut": Fault(cut_every_connection),
    "every connection silent for 8 s": Fault(silence_every_connection, 8),
    "listening connection lost": Fault(lose_listening_connection),
    "tasks locked for longer than a statement may take": Fault(
        lock("tasks", "access exclusive", 12), 12
    ),
    "pool exhausted for 8 s": Fault(lock("programs", "exclusive", 8), 8),
}
