"""Texts that want to be more than texts, in every field of a task and on every page that shows it.

Each test fails for what a payload does: for a dialog, an exception, a request to another host or a
violation of the policy (complaints.py).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import answers
import pytest
from complaints import Complaints
from overviews import instance, overview
from payloads import HOSTILE
from playwright.sync_api import Page, expect
from service import BELL, Service
from task_list import execute, names, visit
from task_page import TaskPage, finished

# From a task that has ended ($1), one that completed and one that failed, with a text ($2) in each
# field, also where the service would never write it. $3 registers, $4 counts.
_ADD = """
with task as (
    insert into tasks (id, queue, shots, status, attempt, started_at, ended_at, expires_at,
        error_code, error_message, error_line, error_column, engine)
    select gen_random_uuid(), 'nobody', 3, status, 1, now(), now(), now() + interval '1 day',
        case when status = 'failed' then $2 end, case when status = 'failed' then $2 end,
        case when status = 'failed' then 1 end, case when status = 'failed' then 1 end, $2
    from unnest('{completed,failed}'::task_status[]) status
    returning id, position, created_at, status
), program as (
    insert into programs (task_id, qc, created_at, position, name, tags, stats)
    select task.id, $2, task.created_at, task.position, $2,
        jsonb_build_object('of', 'payloads', $2, $2),
        jsonb_set(stats::jsonb, '{registers}', $3::jsonb)::json
    from task, programs where task_id = $1
), tag as (
    insert into task_tags (task_id, key, value, created_at, position)
    select id, 'of', 'payloads', created_at, position from task
), result as (
    insert into results (task_id, attempt, counts)
    select id, 1, $4::json from task where status = 'completed'
)
select array_agg(id::text order by status) from task
"""


@pytest.fixture(scope="module")
def tasks(service: Service, shared_database: str) -> list[tuple[str, str, str]]:
    """Each payload, with the ids of a task that completed and of one that failed."""
    real = finished(service, BELL)
    made = []
    for text in HOSTILE:
        registers = json.dumps([{"name": text, "size": 2}, {"name": f"{text} b", "size": 1}])
        counts = json.dumps({"1 00": 2, f"{text.replace(' ', '/')} 00": 1})
        completed, failed = execute(shared_database, _ADD, real, text, registers, counts)
        made.append((text, completed, failed))
    return made


@pytest.fixture
def page(page: Page) -> Page:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    return page


def only_texts(page: Page) -> None:
    assert (
        page.locator("main :is(img, iframe, script, style, math, a[href^=javascript])").count()
        == 0
    )


def test_the_page_of_a_task_shows_them(
    page: Page, service: Service, tasks: list[tuple[str, str, str]]
) -> None:
    for text, completed, failed in tasks:
        task = TaskPage(page, service, f"{failed}#{quote(text)}")
        expect(page.get_by_role("alert").first).to_contain_text(text)
        expect(task.program).to_have_text(text)
        only_texts(page)
        task = TaskPage(page, service, f"{completed}#{text}")
        task.says("Completed")
        registers = page.get_by_label("Registers", exact=True).locator("option")
        expect(registers).to_have_text(["all", text, f"{text} b"])
        task.choose("Registers", text)
        expect(task.facts).to_contain_text(text)
        task.choose("Registers", "all")
        expect(task.histogram).to_contain_text(f"{text.replace(' ', '/')} 00")
        task.button("Copy as Qiskit").click()
        expect(task.copied).to_contain_text("import")
        only_texts(page)


def test_the_list_shows_them_and_what_is_compared(
    page: Page, service: Service, tasks: list[tuple[str, str, str]], complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    table = visit(page, service, f"tag=of:payloads&x={quote(HOSTILE[0])}#{quote(HOSTILE[1])}")
    expect(table.locator("tbody tr")).to_have_count(2 * len(HOSTILE))
    assert set(names(table)) == set(HOSTILE)
    for text in HOSTILE:
        expect(table.locator("tbody")).to_contain_text(f"{text}:{text}")
    only_texts(page)
    for at in range(0, len(tasks), 4):
        ids = ",".join(completed for _, completed, _ in tasks[at : at + 4])
        page.goto(f"{service.url}/ui/tasks?compare={ids}")
        expect(page.get_by_role("img", name="Comparison of A, B, C, D")).to_be_visible()
        for text in HOSTILE[at : at + 4]:
            expect(page.get_by_role("link", name=text, exact=True)).to_be_visible()
        only_texts(page)
    for text in HOSTILE:
        fields = "&".join(f"{name}={quote(text)}" for name in ("q", "name", "status", "error"))
        page.goto(f"{service.url}/ui/tasks?{fields}&created_before={quote(text)}")
        expect(page.get_by_role("alert")).to_contain_text("expected")
        expect(page.get_by_label("Search")).to_have_value(text)
    page.goto(f"{service.url}/ui/tasks?compare={quote(','.join(HOSTILE[:2]))}")
    expect(page.get_by_role("alert").first).to_be_visible()
    only_texts(page)


def test_the_queue_shows_them(page: Page, service: Service) -> None:
    failures: dict[str, Any] = {"failures": dict.fromkeys(HOSTILE, 2)}
    there = [instance(n, version=text, id=text) for n, text in enumerate(HOSTILE, 1)]
    answers.answer(page, (200, overview(hour=failures, instances=there)), to=answers.QUEUE)
    page.goto(f"{service.url}/ui/queue#{quote(HOSTILE[0])}")
    for region in ("Failures", "Instances"):
        for text in HOSTILE:
            expect(page.get_by_role("region", name=region)).to_contain_text(text)
    only_texts(page)
