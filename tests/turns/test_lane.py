"""Work that takes long: once for all who want it, in turn for each peer, within bounds."""

import asyncio
from collections import Counter

import pytest

from quantum_tasks.fence.kept import Kept
from quantum_tasks.turns.lane import Lane, NoRoom


class Workshop:
    """Work that goes on until it is let go, and how often it was begun."""

    def __init__(self, slots: int = 1, most_waiting: int = 10, patience_s: float = 60) -> None:
        self.lane: Lane[str] = Lane(slots, most_waiting, patience_s)
        self.begun: Counter[str] = Counter()
        self.going = asyncio.Event()

    async def want(self, peer: str, key: str) -> str:
        async def work() -> str:
            self.begun[key] += 1
            await self.going.wait()
            if key == "impossible":
                raise LookupError(key)
            return key.upper()

        return await self.lane(peer, key, work)

    def ask(self, peer: str, key: str) -> asyncio.Task[str]:
        return asyncio.create_task(self.want(peer, key))


async def settled() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


@pytest.mark.parametrize("slots", [1, 2])
async def test_what_many_want_at_the_same_time_is_made_once(slots: int) -> None:
    workshop = Workshop(slots)
    asking = [workshop.ask(peer, "a") for peer in "xyzxyz"]
    await settled()
    workshop.going.set()
    assert await asyncio.gather(*asking) == ["A"] * 6
    assert workshop.begun == {"a": 1}
    await workshop.want("x", "a")  # nothing is kept
    assert workshop.begun == {"a": 2}
    assert workshop.lane._wanted == {}


async def test_nobody_waits_in_a_line_that_somebody_else_has_made_long() -> None:
    workshop = Workshop()
    line = [workshop.ask("attacker", key) for key in ("1", "2", "3", "wanted")]
    await settled()
    honest = workshop.ask("honest", "wanted")
    await settled()
    workshop.going.set()
    assert await honest == "WANTED"
    assert list(workshop.begun)[:2] == ["1", "wanted"]
    assert await asyncio.gather(*line) == ["1", "2", "3", "WANTED"]


async def test_a_failure_is_told_to_all_who_wanted_it_and_to_nobody_else() -> None:
    workshop = Workshop()
    asking = [workshop.ask(peer, "impossible") for peer in "xyz"]
    await settled()
    workshop.going.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [LookupError] * 3
    assert await workshop.want("x", "possible") == "POSSIBLE"


async def test_whoever_is_at_work_may_go_and_others_still_get_what_they_want() -> None:
    workshop = Workshop()
    first, second = workshop.ask("x", "a"), workshop.ask("y", "a")
    await settled()
    first.cancel()
    await settled()
    workshop.going.set()
    assert await second == "A"
    assert workshop.begun == {"a": 2}


async def test_whoever_waits_too_long_or_is_one_too_many_is_refused() -> None:
    workshop = Workshop(most_waiting=1, patience_s=0.05)
    first, second = workshop.ask("x", "a"), workshop.ask("x", "b")
    await settled()
    with pytest.raises(NoRoom):
        await workshop.want("x", "c")
    with pytest.raises(NoRoom):
        await second
    workshop.going.set()
    assert await first == "A"  # the work may take longer than the wait
    assert workshop.begun == {"a": 1}
    assert workshop.lane._wanted == {}


def test_what_was_asked_for_last_is_kept_in_so_many_bytes() -> None:
    kept: Kept[str] = Kept(3000)
    for key in "abc":
        kept.put(key, key.upper(), 700)
    assert kept.get("a") == "A"
    kept.put("d", "D", 700)
    assert [kept.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    kept.put("large", "LARGE", 5000)
    assert [kept.get(key) for key in ("a", "c", "d", "large")] == [None] * 4
    for number in range(1000):  # what is small counts as well
        kept.put(number, "", 0)
    assert sum(kept.get(number) is not None for number in range(1000)) < 20


def test_what_is_kept_anew_takes_the_place_of_what_was() -> None:
    kept: Kept[str] = Kept(3000)
    for _ in range(10):
        kept.put("a", "A", 2000)
    assert kept.get("a") == "A"


def test_what_is_kept_for_a_time_is_gone_after_it() -> None:
    kept: Kept[str] = Kept(3000)
    kept.put("a", "A", 100, seconds=-1)
    assert kept.get("a") is None
