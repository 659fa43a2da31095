"""Lists of tasks that take Postgres long."""

from __future__ import annotations

from urllib.parse import quote

from attackers.ground import Ground
from attackers.wire import Wire


async def _ask(ground: Ground, count: int, *queries: str) -> None:
    async def client(wire: Wire) -> None:
        number = ground.number()
        query = queries[number % len(queries)].format(number)
        await ground.ask(wire, "GET", f"/v1/tasks?{query}")

    await ground.clients(count, client)


async def searches(ground: Ground) -> None:
    """30 clients search all tasks for a text that none has: 20,000 are looked at for each page."""
    await _ask(ground, 30, "q=nothing{}")


async def other_searches(ground: Ground) -> None:
    """30 clients search by what rules out every task but late: a common tag and a rare status, a
    pattern that goes back and forth, a name and a text."""
    pattern = quote("%_" * 20)
    await _ask(
        ground,
        30,
        "tag=kind:usual&status=failed",
        f"q={pattern}x{{}}",
        "status=completed&q=nothing{}",
        "tag=kind:usual&q=nothing{}&order=created_at",
        "tag=kind:usual&tag=number:1&tag=a:b&status=cancelled",
    )


async def long_pages(ground: Ground) -> None:
    """30 clients read the list in its longest pages, with everything there is to each task."""
    await _ask(
        ground,
        30,
        "limit=100",
        "limit=100&order=created_at",
        "limit=100&tag=kind:usual",
    )
