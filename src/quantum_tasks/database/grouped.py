"""Many callers share one statement, and so the cost of a round trip and a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from quantum_tasks.errors import DatabaseUnavailable, ServiceBusy

Item = TypeVar("Item")
Result = TypeVar("Result")


class Grouped(Generic[Item, Result]):
    """Calls that arrive while one is under way go together in the next.

    `work` takes items and returns one result for each, in order. If it raises because the database
    is away or busy, every caller gets this error. If it raises anything else, each item is tried
    again alone, so that an item does not fail because of another one.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Result]]],
        most: int = 100,
        at_once: int = 1,
    ) -> None:
        self._work = work
        self._most = most
        self._free = at_once
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._runs: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._free:
            self._free -= 1
            run = asyncio.create_task(self._run())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._serve(group)
        except BaseException:  # cancelled: nobody else would serve those who wait
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()
            raise
        finally:
            self._free += 1

    async def _serve(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, DatabaseUnavailable | ServiceBusy):
                for member in group:
                    await self._serve([member])
                return
            for _, future in group:
                if not future.done():  # its caller has gone
                    future.set_exception(error)
        except BaseException:
            for _, future in group:
                future.cancel()
            raise
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)
