"""What arrives together is begun bit by bit."""

import asyncio

from quantum_tasks.web.wire.door import _AT_ONCE, Door


class House:
    """Who came to a door, and who was let in, in which order."""

    def __init__(self) -> None:
        self.door = Door()
        self.inside: list[str] = []

    def come(self, name: str) -> None:
        """Somebody comes from the address that is the first letter of the name."""
        if self.door.lets_in(name[0], lambda: self.inside.append(name)):
            self.inside.append(name)


async def turns(count: int) -> None:
    """So many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_few_are_let_in_at_once() -> None:
    house = House()
    for turn in range(3):
        names = [f"a{turn}.{number}" for number in range(_AT_ONCE)]
        for name in names:
            house.come(name)
        assert house.inside[-_AT_ONCE:] == names
        await asyncio.sleep(0)


async def test_many_are_let_in_turn_by_turn_in_the_order_in_which_they_came() -> None:
    house = House()
    names = [f"a{number}" for number in range(10 * _AT_ONCE)]
    for name in names:
        house.come(name)
    seen = []
    while len(house.inside) < len(names):
        seen.append(len(house.inside))
        await asyncio.sleep(0)
    assert seen == [_AT_ONCE, *(_AT_ONCE * turn for turn in range(1, 10))]
    assert house.inside == names


async def test_who_comes_alone_does_not_wait_behind_a_thousand_of_another_address() -> None:
    house = House()
    for number in range(1000):
        house.come(f"a{number}")
    house.come("b")
    for number in range(1000):
        house.come(f"c{number}")
    await turns(2)
    assert "b" in house.inside
    assert len(house.inside) == 2 * _AT_ONCE


async def test_nobody_comes_before_those_who_wait() -> None:
    house = House()
    for number in range(2 * _AT_ONCE + 1):
        house.come(f"a{number}")
    await turns(1)
    house.come("a last")
    await turns(1)
    assert house.inside[-1] == f"a{2 * _AT_ONCE - 1}"
    await turns(2)
    assert house.inside[-2:] == [f"a{2 * _AT_ONCE}", "a last"]


async def test_what_fails_is_not_in_the_way_of_the_others() -> None:
    house = House()
    for number in range(_AT_ONCE):
        house.come(f"a{number}")

    def fail() -> None:
        raise AssertionError("on purpose")

    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    assert not house.door.lets_in("a", fail)
    house.come("a after")
    await turns(3)
    assert house.inside[-1] == "a after"
    assert len(failures) == 1
