"""Where an attack takes place: a service, the addresses to come from, and a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import resource
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from typing import Any

import uvloop

from attackers.wire import JSON, Wire

ELSEWHERE = "127.0.0.2"
_NICE = 10  # their processor time would not be ours if they were where attackers are
_GET_READY_S = 60.0
_SAY_S = 10.0
_PAUSE_S = 0.1  # of a client that was turned away


@dataclass(frozen=True)
class Attack:
    """A kind of attack: how it is done, which its function's docstring says to people.

    `row` is its number among the ways in which outsiders stopped the service, if it was one.
    `settings` are what the service is started with, where its defaults would not show it. `source`
    is the address that it comes from. `brief` ones are part of the tests; the others only of
    `make chaos`. The service may grow by `most_mb`.
    """

    name: str
    do: Callable[[Ground], Awaitable[None]]
    row: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    source: str = ELSEWHERE
    brief: bool = False
    most_mb: int = 300


@dataclass
class Ground:
    """What an attack knows of the service that it is about. `begin()` says that it is prepared;
    from then on, honest users are looked at."""

    url: str
    source: str
    answers: Counter[str] = field(default_factory=Counter)
    begin: Callable[[], None] = lambda: None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def number(self) -> int:
        """One that no other request of this attack has."""
        return next(self._numbers)

    async def open(self) -> Wire:
        return await Wire.open(self.url, self.source)

    async def clients(
        self, count: int, client: Callable[[Wire], Awaitable[None]], pause_s: float = 0.0
    ) -> None:
        """So many clients, each of which does the same again and again, and connects again
        when it was cut off. They pause where each request costs little: that two cores are busy
        with a thousand requests a second is no finding."""

        async def insist() -> None:
            while True:
                wire = None
                try:
                    wire = await self.open()
                    while True:
                        await client(wire)
                        await asyncio.sleep(pause_s)
                except OSError as error:
                    self.answers[type(error).__name__] += 1
                    await asyncio.sleep(_PAUSE_S)
                finally:
                    if wire is not None:
                        wire.close()

        self.begin()
        await asyncio.gather(*(insist() for _ in range(count)))

    async def ask(
        self,
        wire: Wire,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] = {},
    ) -> bytes:
        """Sends a request, and counts how it was answered."""
        status, answer = await wire.ask(method, path, body, {**(JSON if body else {}), **headers})
        self.answers[str(status)] += 1
        return answer

    async def ended(self, body: Mapping[str, Any]) -> str:
        """The id of a task of one's own that has ended; for what is done before the attack."""
        wire = await self.open()
        status, text = await wire.ask("POST", "/tasks", json.dumps(body).encode(), JSON)
        assert status == 202, text
        id: str = json.loads(text)["task_id"]
        answer = b'"pending"'
        while b'"pending"' in answer:
            _, answer = await wire.ask("GET", f"/tasks/{id}?wait=30")
        assert b'"completed"' in answer, answer[:500]
        wire.close()
        return id


class Attacker:
    """An attack that is under way, in a process of its own, from when it is entered."""

    def __init__(self, url: str, attack: Attack) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._name = attack.name
        self._pipe, self._theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_attack, args=(url, attack.name, self._theirs), daemon=True
        )

    def __enter__(self) -> Attacker:
        self._process.start()
        self._theirs.close()
        try:
            assert self._pipe.poll(_GET_READY_S), f"the attack did not get ready: {self._name}"
            self._pipe.recv()
        except BaseException:
            self.__exit__()
            raise
        return self

    def end(self) -> Counter[str]:
        """Ends it; how it was answered."""
        said: Counter[str] | str = Counter()
        with contextlib.suppress(OSError, EOFError):  # it has been killed
            self._pipe.send("enough")
            if self._pipe.poll(_SAY_S):
                said = self._pipe.recv()
        self.kill()
        if isinstance(said, str):
            raise AssertionError(f"the attack itself failed: {self._name}\n{said}")
        return said

    def kill(self) -> None:
        self._process.kill()

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.join()
        self._pipe.close()


def _attack(url: str, name: str, pipe: Pipe) -> None:
    from attackers.attacks import ATTACKS

    os.nice(_NICE)
    raise_limit()
    uvloop.run(_until_told(url, ATTACKS[name], pipe))


async def _until_told(url: str, attack: Attack, pipe: Pipe) -> None:
    begun = False

    def begin() -> None:
        nonlocal begun
        if not begun:
            begun = True
            pipe.send("begun")

    ground = Ground(url, attack.source, begin=begin)
    doing = asyncio.ensure_future(attack.do(ground))
    doing.add_done_callback(lambda _: begin())
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    failed = doing.done()  # it goes on until it is told otherwise
    doing.cancel()
    (end,) = await asyncio.gather(doing, return_exceptions=True)
    pipe.send("".join(traceback.format_exception(end)) if failed else ground.answers)


def raise_limit() -> None:
    """Allows this process all the files that it may allow itself."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
