"""Results beside each other, in a real browser."""

from __future__ import annotations

import math
import random
from collections import Counter

from playwright.sync_api import Page, expect
from service import ENDLESS, STDGATES, Service, until
from task_list import done, visit

TILTED = f"{STDGATES}qubit[2] q;\nbit[2] c;\nry(1.2) q[0];\ncx q[0], q[1];\nc = measure q;\n"


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


def test_what_cannot_be_compared_says_why(page: Page, service: Service, group: str) -> None:
    (id,) = done(service, group, "one")
    running = service.submit(ENDLESS)
    until(lambda: service.client.get(f"/v1/tasks/{running}").json()["status"] == "running")
    for ids, says in (
        (f"{id},{running}", "is running"),
        ("", "2 to 4"),
        ("x,y", "2 to 4"),
        (id, "2 to 4"),
        (f"{id},{id}", "different tasks"),
    ):
        page.goto(f"{service.url}/ui/tasks?compare={ids}")
        expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
        service.client.post(f"/v1/tasks/{running}/cancel")
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("table", name="Tasks", exact=True)).to_be_visible()


def test_shot_noise_is_what_samples_of_one_distribution_show(page: Page, service: Service) -> None:
    """Also where most outcomes come once or never. It is drawn here, and worked out there."""
    source = random.Random(7)
    visit(page, service, "name=no+such")
    for outcomes, n, m in ((2, 1000, 1000), (2, 100, 2000), (40, 500, 500), (3000, 400, 800)):
        weights = [1 + key % 3 for key in range(outcomes)]
        pairs = []
        for _ in range(60 if outcomes < 3000 else 15):
            both = [source.choices(range(outcomes), weights, k=shots) for shots in (n, m)]
            pairs.append([{k: v / len(one) for k, v in Counter(one).items()} for one in both])
        found = page.evaluate(NOISE, [pairs, n, m])
        far = sum(one["far"] for one in found) / len(found)
        expected = sum(one["expected"] for one in found) / len(found)
        error = 4 * math.sqrt((1 / n + 1 / m) / 4 / len(found))  # McDiarmid: its variance is less
        assert abs(far - expected) < error, outcomes
        assert sum(one["far"] > one["rarely"] for one in found) <= len(found) / 10, outcomes


NOISE = """async ([pairs, n, m]) => {
  const url = document.querySelector("script").src.replace("tasks.js", "distance.js");
  const { distance, distribution, noise } = await import(url);
  return pairs.map(([one, other]) => {
    const [a, b] = [{ probabilities: one }, { probabilities: other }];
    const both = [distribution(a, n), distribution(b, m)];
    return { far: distance(...both), ...noise(...both) };
  });
}"""
