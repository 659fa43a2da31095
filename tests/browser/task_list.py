"""The page that lists tasks, and tasks for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
from playwright.sync_api import Locator, Page, expect
from service import BELL, Service

# Tasks of a queue that no instance takes tasks from: they stay queued.
_ADD = """
with task as (
    insert into tasks (id, queue, shots)
    select gen_random_uuid(), 'nobody', 1 from generate_series(1, $1::integer)
    returning id, position, created_at
)
insert into programs (task_id, qc, created_at, position, name)
select id, 'x', created_at, position, $2 from task
"""


def visit(page: Page, service: Service, query: str = "") -> Locator:
    """Opens the list, and returns its table once the first page is there."""
    page.goto(f"{service.url}/ui/tasks?{query}")
    expect(page.locator("#table")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("table", name="Tasks", exact=True)


def names(table: Locator) -> list[str]:
    return table.locator("tbody a").all_inner_texts()


def done(service: Service, group: str, *texts: str, qc: str = BELL) -> list[str]:
    """Tasks with these names and a tag of a group, once all have ended: their ids."""
    ids = [service.submit(qc, name=text, tags={"group": group}) for text in texts]
    for id in ids:
        service.final(id)
    return ids


def add(database: str, count: int, name: str) -> None:
    """Puts tasks into a database that stay queued."""
    execute(database, _ADD, count, name)


def execute(database: str, statement: str, *arguments: Any) -> Any:
    """Executes a statement; returns the first value of its answer."""

    async def executed() -> Any:
        db = await asyncpg.connect(database)
        try:
            return await db.fetchval(statement, *arguments)
        finally:
            await db.close()

    with ThreadPoolExecutor(1) as thread:  # in this one, the browser's event loop is running
        return thread.submit(asyncio.run, executed()).result()
