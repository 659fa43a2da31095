"""The page that lists tasks, in a real browser."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from chromium import PHONE, WIDE
from complaints import Complaints
from measures import forget, overflow, violations
from playwright.sync_api import BrowserContext, Locator, Page, expect
from service import BELL, ENDLESS, STDGATES, Service, until

TILTED = f"{STDGATES}qubit[2] q;\nbit[2] c;\nry(1.2) q[0];\ncx q[0], q[1];\nc = measure q;\n"
HOSTILE = '"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>${window.pwned=1}'
MANY = 250
_ADD = """
with task as (
    insert into tasks (id, queue, shots)
    select gen_random_uuid(), 'tasks', 1 from generate_series(1, $1::integer)
    returning id, position, created_at
)
insert into programs (task_id, qc, created_at, position, name)
select id, 'x', created_at, position, $2 from task
"""
_groups = itertools.count()


@pytest.fixture
def group() -> str:
    """A tag that only the tasks of one test have."""
    return f"list-{next(_groups)}"


@pytest.fixture(scope="module")
def crowded(module_database: str) -> Iterator[Service]:
    """A service without a worker, whose tasks stay queued."""
    service = Service(module_database, "--only", "api")
    try:
        yield service.start()
    finally:
        service.close()


def add(database: str, count: int, name: str) -> None:
    """Puts queued tasks into a database."""

    async def execute() -> None:
        db = await asyncpg.connect(database)
        await db.execute(_ADD, count, name)
        await db.close()

    with ThreadPoolExecutor(1) as thread:  # in this one, the browser's event loop is running
        thread.submit(asyncio.run, execute()).result()


def visit(page: Page, service: Service, query: str = "") -> Locator:
    """Opens the list, and returns its table once the first page is there."""
    page.goto(f"{service.url}/ui/tasks?{query}")
    expect(page.locator("#table")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("table", name="Tasks", exact=True)


def names(table: Locator) -> list[str]:
    return table.locator("tbody a").all_inner_texts()


def done(service: Service, group: str, *texts: str, qc: str = BELL) -> None:
    for text in texts:
        service.run(qc, name=text, tags={"group": group})


def test_tasks_are_listed_with_the_latest_first(page: Page, service: Service, group: str) -> None:
    done(service, group, "one", "two")
    done(service, group, "three", qc=BELL.replace("2", "3"))
    table = visit(page, service, f"tag=group:{group}")
    expect(table.locator("tbody tr")).to_have_count(3)
    assert names(table) == ["three", "two", "one"]
    row = table.get_by_role("row", name=re.compile("two"))
    for text in (f"group:{group}", "completed", "1,024"):
        expect(row).to_contain_text(text)
    assert row.get_by_role("link").get_attribute("href").startswith("/ui/tasks/")
    expect(page).to_have_title("Tasks · quantum-tasks")


def test_cells_change_in_place_and_arrivals_are_announced(
    page: Page, service: Service, group: str
) -> None:
    id = service.submit(ENDLESS, name="endless", tags={"group": group})
    table = visit(page, service, f"tag=group:{group}")
    row = table.get_by_role("row", name=re.compile("endless"))
    expect(row).to_contain_text("running")
    place = row.bounding_box()
    done(service, group, "newer", "newest")
    news = page.get_by_role("button", name="2 new")
    expect(news).to_be_visible()
    assert names(table) == ["endless"]
    service.client.post(f"/v1/tasks/{id}/cancel")
    expect(row).to_contain_text("cancelled")
    assert row.bounding_box() == place
    news.click()
    expect(table.locator("tbody tr")).to_have_count(3)
    assert names(table) == ["newest", "newer", "endless"]
    expect(page.get_by_role("button", name="new")).to_be_hidden()
    expect(page.get_by_role("checkbox", name="Select newest")).to_be_focused()


def test_filters_are_in_the_address_and_the_way_back_undoes_them(
    page: Page, service: Service, group: str
) -> None:
    done(service, group, "apple", "pear")
    table = visit(page, service, f"tag=group:{group}")
    expect(page.get_by_label("Tags", exact=True)).to_have_value(f"group:{group}")
    page.get_by_label("Search").fill("pea")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert names(table) == ["pear"]
    assert "q=pea" in page.url
    page.get_by_label("Status").select_option("failed")
    expect(page.get_by_text("No task matches.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No task matches.")).to_be_visible()
    expect(page.get_by_label("Status")).to_have_value("failed")
    page.go_back()
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Status")).to_have_value("")
    page.go_back()
    expect(table.locator("tbody tr")).to_have_count(2)


def test_times_and_tags_are_sent_as_the_list_takes_them(
    page: Page, service: Service, group: str
) -> None:
    done(service, group, "now")
    table = visit(page, service)
    page.get_by_text("More filters").click()
    page.get_by_label("Submitted before").fill("2020-01-31T12:00:00")
    expect(page.get_by_text("No task matches.")).to_be_visible()
    assert "created_before=20" in page.url
    page.get_by_label("Submitted before").fill("")
    page.get_by_label("Tags").fill(f"group={group}")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert f"tag=group%3A{group}" in page.url


def test_a_filter_that_is_wrong_says_so(
    page: Page, service: Service, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    visit(page, service, "created_before=yesterday")
    expect(page.get_by_role("alert")).to_contain_text("expected a time like")


def test_by_keyboard_alone_tasks_are_filtered_selected_and_cancelled(
    page: Page, service: Service, group: str
) -> None:
    ids = [service.submit(ENDLESS, name=f"long {n}", tags={"group": group}) for n in range(3)]
    visit(page, service)
    page.get_by_label("Search").focus()
    page.keyboard.type(group)
    expect(page.locator("tbody tr")).to_have_count(3)
    while not page.evaluate("document.activeElement.matches('tbody input')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("tbody input:checked")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Cancel 3")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 tasks cancelled.").first).to_be_visible()
    for id in ids:
        assert service.final(id)["status"] == "cancelled"
    expect(page.locator("tbody tr", has_text="cancelled")).to_have_count(3)


def test_all_that_match_are_cancelled_by_one_request(
    page: Page, crowded: Service, module_database: str
) -> None:
    add(module_database, MANY, "wanted")
    add(module_database, 20, "another")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    table = visit(page, crowded, "q=want")
    expect(table.locator("tbody tr")).to_have_count(100)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name=f"Select all {MANY} that match").click()
    page.get_by_role("button", name=f"Cancel {MANY}").click()
    dialog = page.get_by_role("dialog", name=f"Cancel {MANY} tasks?")
    dialog.get_by_role("button", name="Keep them").click()
    expect(dialog).to_be_hidden()
    assert [body for body in sent if "filter" in body and "dry_run" not in body] == []
    page.get_by_role("button", name=f"Cancel {MANY}").click()
    dialog.get_by_role("button", name=f"Cancel {MANY}").click()
    expect(page.get_by_text(f"{MANY} tasks cancelled.").first).to_be_visible()
    assert [body for body in sent if "dry_run" not in body and body] == ['{"filter":{"q":"want"}}']
    expect(table.locator("tbody tr", has_text="cancelled")).to_have_count(100)
    left = crowded.client.get("/v1/tasks?status=queued&limit=200").json()["tasks"]
    assert [task["name"] for task in left] == ["another"] * 20


def test_the_rest_of_a_list_is_added_below(
    page: Page, crowded: Service, module_database: str
) -> None:
    add(module_database, 130, "below")
    table = visit(page, crowded, "name=below")
    expect(table.locator("tbody tr")).to_have_count(100)
    page.get_by_role("button", name="More", exact=True).click()
    expect(table.locator("tbody tr")).to_have_count(130)
    expect(page.get_by_role("button", name="More", exact=True)).to_be_hidden()


def test_results_are_compared_on_one_axis(page: Page, service: Service, group: str) -> None:
    done(service, group, "first", "second")
    done(service, group, "tilted", qc=TILTED)
    table = visit(page, service, f"tag=group:{group}")
    for name in ("tilted", "second", "first"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name="Compare").click()
    region = page.get_by_role("region", name="Compare results")
    expect(region.get_by_role("img", name="Comparison of A, B, C: 2 outcomes")).to_be_visible()
    tasks = service.client.get(f"/v1/tasks?tag=group:{group}").json()["tasks"]
    counts = [service.task(task["id"])["result"] for task in tasks]
    far = [apart(counts[a], counts[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    rows = region.get_by_role("table", name="How far apart").locator("tbody tr")
    for row, expected, says in zip(
        range(3), far, ("different", "different", "not distinguishable"), strict=True
    ):
        cells = rows.nth(row).get_by_role("cell").all_inner_texts()
        assert math.isclose(float(cells[0]), expected, rel_tol=0.06, abs_tol=1e-9)
        assert cells[2] == says
    page.reload()
    expect(region.get_by_role("img", name="Comparison")).to_be_visible()
    page.go_back()
    expect(table.locator("tbody tr")).to_have_count(3)


def apart(one: dict[str, int], other: dict[str, int]) -> float:
    keys = {*one, *other}
    p, q = sum(one.values()), sum(other.values())
    return sum(abs(one.get(key, 0) / p - other.get(key, 0) / q) for key in keys) / 2


def test_exact_results_and_runs_of_a_sweep_can_be_compared(
    page: Page, service: Service, group: str
) -> None:
    turn = f"{STDGATES}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"
    values = [{"theta": 0}, {"theta": 3.141592653589793}]
    service.run(turn, parameters=values, name="sweep", tags={"group": group})
    exact = f"{STDGATES}qubit q;\nbit c;\nx q;\nc = measure q;\n"
    service.run(exact, shots=0, name="exact", tags={"group": group})
    tasks = service.client.get(f"/v1/tasks?tag=group:{group}").json()["tasks"]
    page.goto(f"{service.url}/ui/tasks?compare={','.join(task['id'] for task in tasks)}")
    row = page.get_by_role("table", name="How far apart").locator("tbody tr")
    expect(row).to_contain_text("different")
    page.get_by_label("Run of B").select_option(index=1)
    expect(row).to_contain_text("not distinguishable")
    assert row.get_by_role("cell").first.inner_text() == "0"


@pytest.mark.parametrize(
    ("ids", "says"),
    [("", "2 to 4"), ("x,y", "2 to 4"), ("{id}", "2 to 4"), ("{id},{id}", "different tasks"),
     ("{id},{running}", "is running")],
)  # fmt: skip
def test_what_cannot_be_compared_says_why(
    page: Page, service: Service, group: str, ids: str, says: str
) -> None:
    done(service, group, "one")
    (task,) = service.client.get(f"/v1/tasks?tag=group:{group}").json()["tasks"]
    running = service.submit(ENDLESS) if "running" in ids else ""
    if running:
        path = f"/v1/tasks/{running}"
        until(lambda: service.client.get(path).json()["status"] == "running")
    page.goto(f"{service.url}/ui/tasks?compare={ids.format(id=task['id'], running=running)}")
    expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
    if running:
        service.client.post(f"/v1/tasks/{running}/cancel")
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("table", name="Tasks", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("outcomes", "n", "m"), [(2, 1000, 1000), (2, 100, 2000), (40, 500, 500), (3000, 400, 800)]
)
def test_shot_noise_is_what_samples_of_one_distribution_show(
    page: Page, service: Service, outcomes: int, n: int, m: int
) -> None:
    """Also where most outcomes come once or never. It is drawn here, and worked out there."""
    source = random.Random(7)
    visit(page, service, "name=no+such")
    weights = [1 + key % 3 for key in range(outcomes)]
    pairs = []
    for _ in range(60):
        drawn = [source.choices(range(outcomes), weights, k=shots) for shots in (n, m)]
        pairs.append([{k: times / len(one) for k, times in Counter(one).items()} for one in drawn])
    found = page.evaluate(
        """async ([pairs, n, m]) => {
          const url = document.querySelector("script").src.replace("tasks.js", "distance.js");
          const { distance, distribution, noise } = await import(url);
          return pairs.map(([one, other]) => {
            const [a, b] = [{ probabilities: one }, { probabilities: other }];
            const both = [distribution(a, n), distribution(b, m)];
            return { far: distance(...both), ...noise(...both) };
          });
        }""",
        [pairs, n, m],
    )
    far = sum(one["far"] for one in found) / len(found)
    expected = sum(one["expected"] for one in found) / len(found)
    error = 4 * math.sqrt((1 / n + 1 / m) / 4 / len(found))  # McDiarmid: its variance is less
    assert abs(far - expected) < error
    assert sum(one["far"] > one["rarely"] for one in found) <= 6


def test_hostile_texts_are_texts(page: Page, service: Service, group: str) -> None:
    tags = {"group": group, "hostile": HOSTILE}
    for _ in range(2):
        service.run(BELL, name=HOSTILE, tags=tags)
    table = visit(page, service, f"tag=group:{group}")
    assert names(table) == [HOSTILE, HOSTILE]
    page.get_by_label("Search").fill(HOSTILE)
    expect(table.locator("tbody tr")).to_have_count(2)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("img", name="Comparison")).to_be_visible()
    assert page.evaluate("window.pwned") is None


def test_a_service_that_is_away_is_said_and_found_again(
    page: Page, service: Service, group: str, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED")
    page.route(re.compile("/v1/tasks/feed"), lambda route: route.abort())
    table = visit(page, service, f"tag=group:{group}")
    expect(page.get_by_text("The connection to the service is lost.")).to_be_visible()
    page.unroute(re.compile("/v1/tasks/feed"))
    expect(page.get_by_text("The connection to the service is lost.")).to_be_hidden()
    done(service, group, "back")
    expect(table.locator("tbody tr")).to_have_count(1)


def test_a_page_that_nobody_sees_has_no_stream_and_goes_on_where_it_was(
    page: Page, service: Service, group: str
) -> None:
    streams: list[str] = []
    closed: list[str] = []
    page.on(
        "request", lambda r: "feed" in r.url and streams.append(r.headers.get("last-event-id"))
    )
    page.on("requestfailed", lambda r: "feed" in r.url and closed.append(r.url))
    id = service.submit(ENDLESS, name="endless", tags={"group": group})
    table = visit(page, service, f"tag=group:{group}")
    expect(table).to_contain_text("running")
    done(service, group, "one more")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    see = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(see, True)
    page.wait_for_timeout(300)
    assert len(closed) == 1
    service.client.post(f"/v1/tasks/{id}/cancel")
    service.final(id)
    expect(table).to_contain_text("running")
    page.evaluate(see, False)
    expect(table).to_contain_text("cancelled")
    assert (streams[0], len(streams)) == (None, 2)
    assert re.fullmatch(r"\d+\.\d+\.\d+", streams[1])


def test_the_page_is_small(page: Page, service: Service) -> None:
    sizes: dict[str, int] = {}
    page.goto("about:blank")
    forget(page)
    page.on(
        "requestfinished",
        lambda r: sizes.update(
            {r.url: r.sizes()["responseBodySize"] + r.sizes()["responseHeadersSize"]}
        ),
    )
    visit(page, service, "name=no+such")
    assert any(url.endswith("/lit-html.js") for url in sizes)
    assert sum(sizes.values()) <= 45_000, sizes


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(
    new_context: Callable[..., BrowserContext],
    service: Service,
    group: str,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = new_context(viewport=size, color_scheme=scheme).new_page()

    def check(state: str) -> None:
        assert violations(page) == [], state
        assert not overflow(page), state
        page.set_viewport_size({"width": 320, "height": 800})
        assert not overflow(page), state
        page.set_viewport_size(size)

    visit(page, service, "name=no+such")
    check("empty")
    done(service, group, "one", "two" * 60)
    service.run(BELL, name="late", timeout_s=0.001, tags={"group": group})
    visit(page, service, f"tag=group:{group}")
    check("list")
    page.get_by_role("checkbox", name="Select one").check()
    page.get_by_role("checkbox", name="Select twotwo").check()
    check("selected")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("img", name="Comparison")).to_be_visible()
    check("compared")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_answer_the_question(
    new_context: Callable[..., BrowserContext],
    crowded: Service,
    module_database: str,
    group: str,
    scheme: str,
) -> None:
    page = new_context(viewport=PHONE, color_scheme=scheme).new_page()
    add(module_database, 110, group)
    visit(page, crowded, f"name={group}")
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Select all 110 that match").click()
    assert violations(page) == []
    page.get_by_role("button", name="Cancel 110").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    assert not overflow(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    left = crowded.client.get(f"/v1/tasks?name={group}&status=cancelled").json()["tasks"]
    assert left == []
