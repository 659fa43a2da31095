"""Turns by key: who gets a place when many wait."""

import asyncio
import itertools
import random
import time
from contextlib import suppress

import pytest

from quantum_tasks.turns.fairness import TOLD_AT_ONCE, Fair, NoRoom, Pace, tell


class World:
    """Some who want places, and in which order they got them."""

    def __init__(self, fair: Fair) -> None:
        self.fair = fair
        self.served: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def one(self, name: str, key: str, patience_s: float | None = None) -> None:
        self.gates[name] = asyncio.Event()
        async with self.fair.place(key, patience_s):
            self.served.append(name)
            await self.gates[name].wait()

    async def come(self, *names: str) -> list[asyncio.Task[None]]:
        """Each comes with the first letter of its name for a key."""
        tasks = [asyncio.create_task(self.one(name, name[0])) for name in names]
        await settled()
        return tasks

    async def serve(self, count: int) -> list[str]:
        """Lets the latest leave, one after the other; returns who came then."""
        before = len(self.served)
        for number in range(count):
            self.gates[self.served[before - 1 + number]].set()
            await settled()
        return self.served[before:]


async def settled() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def test_those_who_ask_with_one_key_are_served_in_the_order_in_which_they_came() -> None:
    world = World(Fair(1))
    tasks = await world.come("a1", "a2", "a3")
    assert await world.serve(2) == ["a2", "a3"]
    world.gates["a3"].set()
    await asyncio.gather(*tasks)


async def test_keys_take_turns_however_many_wait_by_one_of_them() -> None:
    world = World(Fair(1))
    tasks = await world.come("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert await world.serve(6) == ["b1", "c1", "a2", "b2", "a3", "a4"]
    world.gates["a4"].set()
    await asyncio.gather(*tasks)


async def test_who_comes_new_is_next_whoever_else_waits() -> None:
    world = World(Fair(1))
    tasks = await world.come(*(f"a{number}" for number in range(500)))
    tasks += await world.come("b1")
    assert await world.serve(2) == ["b1", "a1"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_key_may_have_all_places_that_nobody_else_wants() -> None:
    world = World(Fair(3))
    tasks = await world.come("a1", "a2", "a3", "a4", "a5")
    assert world.served == ["a1", "a2", "a3"]
    tasks += await world.come("b1", "b2")
    assert await world.serve(1) == ["b1"]  # who holds none comes before who holds two
    world.gates["a1"].set()
    await settled()
    assert world.served[4:] == ["a4"]  # both hold one, and a came first
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_more_than_may_wait_by_one_key_are_refused_and_others_are_not() -> None:
    world = World(Fair(1, most_waiting=2))
    tasks = await world.come("a1", "a2", "a3")
    with pytest.raises(NoRoom):
        await world.one("a4", "a")
    tasks += await world.come("b1", "b2")
    assert world.fair.waiting == 4
    assert await world.serve(4) == ["b1", "a2", "b2", "a3"]
    world.gates["a3"].set()
    await asyncio.gather(*tasks)


async def test_whoever_may_not_wait_at_all_is_refused() -> None:
    fair = Fair(1, most_waiting=0)
    async with fair.place("a"):
        with pytest.raises(NoRoom):
            async with fair.place("b"):
                pass
    async with fair.place("b"):
        pass


async def test_patience_ends_and_the_place_goes_to_the_next() -> None:
    world = World(Fair(1))
    tasks = await world.come("a1")
    with pytest.raises(NoRoom):
        await world.one("b1", "b", patience_s=0.02)
    tasks += await world.come("c1")
    assert await world.serve(1) == ["c1"]
    world.gates["c1"].set()
    await asyncio.gather(*tasks)
    assert _nothing_left(world.fair, 1)


async def test_who_is_cancelled_in_the_moment_of_its_turn_passes_it_on() -> None:
    world = World(Fair(1))
    first, second, third = await world.come("a1", "b1", "c1")
    world.gates["a1"].set()
    await asyncio.sleep(0)  # the turn is b1's, who has not heard of it
    second.cancel()
    await settled()
    assert world.served == ["a1", "c1"]
    world.gates["c1"].set()
    await asyncio.gather(first, third)
    assert _nothing_left(world.fair, 1)


async def test_a_mistake_gives_the_place_back() -> None:
    fair = Fair(1)
    with pytest.raises(ZeroDivisionError):
        async with fair.place("a"):
            _ = 1 / 0
    assert _nothing_left(fair, 1)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_is_cancelled_no_place_is_lost_or_given_twice(seed: int) -> None:
    dice = random.Random(seed)
    fair = Fair(3, most_waiting=40)
    inside = 0

    async def one() -> None:
        nonlocal inside
        with suppress(NoRoom):
            async with fair.place(dice.choice("abcdefgh"), dice.choice([None, 0.001])):
                inside += 1
                assert inside <= 3
                try:
                    for _ in range(dice.randrange(3)):
                        await asyncio.sleep(0)
                finally:
                    inside -= 1

    tasks = []
    for _ in range(3000):
        tasks.append(asyncio.create_task(one()))
        if dice.random() < 0.5:
            dice.choice(tasks[-60:]).cancel()
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ended} <= {type(None), asyncio.CancelledError}
    assert inside == 0
    assert _nothing_left(fair, 3)


def _nothing_left(fair: Fair, slots: int) -> bool:
    return (fair._free, fair.waiting, len(fair._held)) == (slots, 0, 0) and not (
        fair._without or fair._holding
    )


async def test_between_those_who_keep_the_loop_busy_it_is_left_to_others_for_as_long() -> None:
    pace, work_s = Pace(), 0.05
    spans: list[tuple[float, float]] = []

    async def busy(key: str) -> None:
        await pace.turn(key)
        began = time.monotonic()
        while time.monotonic() < began + work_s:
            pass
        spans.append((began, time.monotonic()))
        await asyncio.sleep(0)

    await asyncio.gather(*(busy(key) for key in "aab"))
    assert len(spans) == 3
    assert all(later[0] - earlier[1] >= work_s for earlier, later in itertools.pairwise(spans))


async def test_whoever_goes_before_it_is_his_turn_holds_up_nobody() -> None:
    pace = Pace()
    turns = [asyncio.create_task(pace.turn("a")) for _ in range(3)]
    await asyncio.sleep(0)
    for turn in turns:
        turn.cancel()
    await asyncio.gather(*turns, return_exceptions=True)
    async with asyncio.timeout(5):
        await pace.turn("a")


async def test_ten_thousand_who_wait_for_one_thing_are_told_while_others_have_their_turns() -> (
    None
):
    order: list[int] = []

    async def one(number: int, news: asyncio.Future[str]) -> None:
        assert await news == "news"
        order.append(number)

    waiting = [asyncio.get_running_loop().create_future() for _ in range(10_000)]
    tasks = [asyncio.create_task(one(*numbered)) for numbered in enumerate(waiting)]
    await settled()
    longest, telling = 0, asyncio.create_task(tell(waiting, "news"))
    while not telling.done():
        before = len(order)
        await asyncio.sleep(0)
        longest = max(longest, len(order) - before)
    await asyncio.gather(*tasks)
    assert order == list(range(10_000))
    assert longest <= TOLD_AT_ONCE


async def test_a_few_are_told_before_anything_else_happens() -> None:
    waiting = [asyncio.get_running_loop().create_future() for _ in range(TOLD_AT_ONCE - 1)]
    waiting[0].cancel()
    with suppress(StopIteration):
        tell(waiting, 1).send(None)
    assert all(news.done() for news in waiting)
