"""Calls that share a statement."""

from __future__ import annotations

import asyncio

import pytest

from quantum_tasks.database.grouped import Grouped
from quantum_tasks.errors import DatabaseUnavailable


class Doubling:
    """Work that notes its groups, and takes a moment for each."""

    def __init__(self, error: Exception | None = None) -> None:
        self.groups: list[list[int]] = []
        self.error = error

    async def __call__(self, items: list[int]) -> list[int]:
        self.groups.append(items)
        await asyncio.sleep(0.01)
        if self.error and 13 in items:
            raise self.error
        return [item * 2 for item in items]


async def test_a_single_call_goes_at_once():
    work = Doubling()
    assert await Grouped(work)(4) == 8
    assert work.groups == [[4]]


async def test_calls_that_arrive_while_one_is_under_way_go_together_in_order():
    work = Doubling()
    grouped = Grouped(work)
    assert await asyncio.gather(*map(grouped, range(6))) == [0, 2, 4, 6, 8, 10]
    assert work.groups in ([[0], [1, 2, 3, 4, 5]], [[0, 1, 2, 3, 4, 5]])


async def test_a_group_has_a_most():
    work = Doubling()
    grouped = Grouped(work, most=4)
    await asyncio.gather(*map(grouped, range(10)))
    assert max(map(len, work.groups)) == 4
    assert [item for group in work.groups for item in group] == list(range(10))


async def test_none_suffers_for_another():
    grouped = Grouped(Doubling(ValueError("13")))
    results = await asyncio.gather(*map(grouped, [12, 13, 14]), return_exceptions=True)
    assert results[::2] == [24, 28]
    assert isinstance(results[1], ValueError)


async def test_when_the_database_is_away_all_are_told_and_nobody_asks_again():
    work = Doubling(DatabaseUnavailable())
    grouped = Grouped(work)
    results = await asyncio.gather(*map(grouped, [12, 13, 14]), return_exceptions=True)
    assert sum(isinstance(result, DatabaseUnavailable) for result in results) >= 2
    assert len(work.groups) <= 2
    assert await grouped(1) == 2


async def test_a_caller_that_has_gone_holds_up_nobody():
    grouped = Grouped(Doubling())
    leaving = asyncio.create_task(grouped(1))
    staying = asyncio.create_task(grouped(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
