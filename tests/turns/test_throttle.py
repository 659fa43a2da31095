"""Few at once, each for half of the time."""

from __future__ import annotations

import asyncio

import pytest

from quantum_tasks.errors import ServiceBusy
from quantum_tasks.turns.throttle import Throttle


async def test_so_many_are_let_in_at_once_and_all_have_their_turn():
    lane, inside, most = Throttle(2), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with lane.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(50)))
    assert (inside, most) == (0, 2)


async def test_whoever_waits_for_too_long_is_told_to_come_again():
    lane = Throttle(patience_s=0.05)
    async with lane.turn():
        with pytest.raises(ServiceBusy) as caught:
            async with lane.turn():
                raise AssertionError
    assert caught.value.retry_after_s
    async with lane.turn():
        pass


async def test_a_lane_rests_for_as_long_as_a_turn_took_however_it_ended():
    lane, loop = Throttle(rests=True), asyncio.get_running_loop()
    began = loop.time()

    async def one() -> None:
        async with lane.turn():
            await asyncio.sleep(0.2)
            raise ServiceBusy

    with pytest.raises(ServiceBusy):
        await one()
    took = loop.time() - began
    async with lane.turn():
        assert loop.time() - began >= 2 * took - 0.05


async def test_who_goes_away_while_waiting_takes_no_turn():
    lane = Throttle()

    async def one() -> None:
        async with lane.turn():
            pass

    async with lane.turn():
        waiting = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, return_exceptions=True)
        await one()
    assert waiting[1].cancelled()
