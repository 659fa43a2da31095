"""What the page of a task shows of a result: order, registers, sweeps, memory, another run."""

from __future__ import annotations

import pytest
from complaints import Complaints
from playwright.sync_api import Page, expect
from service import BELL, STDGATES, Service
from task_page import TaskPage, finished

REGISTERS = (
    f"{STDGATES}qubit[3] q;\nbit[2] a;\nbit b;\nx q[2];\nh q[0];\n"
    "a = measure q[0:1];\nb = measure q[2];\n"
)
UNEQUAL = (
    f"{STDGATES}qubit[2] q;\nbit[2] c;\nx q[1];\nry(0.9) q[0];\nry(0.4) q[1];\nc = measure q;\n"
)
WIDE = f"{STDGATES}qubit[14] q;\nbit[14] c;\nh q;\nc = measure q;\n"
SWEEP = f"{STDGATES}input float theta;\nqubit q;\nbit c;\nrx(theta) q;\nc = measure q;\n"
ANGLES = [{"theta": angle} for angle in (0, 1.5707963, 3.1415927)]


def test_bars_are_sorted_by_outcome_frequency_or_distance(page: Page, service: Service) -> None:
    task = TaskPage(page, service, finished(service, UNEQUAL, seed=1, shots=1000))
    task.says("Completed")
    assert task.keys() == ["00", "01", "10", "11"]
    counts = dict(zip(task.keys(), map(int, task.cells("count")), strict=True))
    task.choose("Sort by", "frequency")
    assert task.keys() == sorted(counts, key=lambda key: -counts[key])
    task.choose("Sort by", "Hamming distance")
    assert task.keys() == ["10", "00", "11", "01"]
    expect(task.histogram).to_contain_text("distance 1: 2 outcomes")
    page.get_by_label("Distance from").fill("01")
    assert task.keys() == ["01", "00", "11", "10"]
    page.get_by_label("Distance from").fill("nonsense")
    expect(page.get_by_label("Distance from")).to_have_attribute("aria-invalid", "true")
    assert task.keys() == ["10", "00", "11", "01"]


def test_values_are_counts_or_probabilities(page: Page, service: Service) -> None:
    task = TaskPage(
        page, service, finished(service, f"{STDGATES}qubit q;\nbit c;\nc = measure q;\n")
    )
    task.says("Completed")
    assert task.cells("count") == ["1,024"]
    task.choose("Values", "probabilities")
    assert task.cells("count") == ["1.0000"]
    assert task.cells("share") == ["± 0.0000"]
    expect(task.result.get_by_role("table")).to_contain_text("Probability")


def test_of_many_outcomes_the_others_have_one_bar_and_more_can_be_shown(
    page: Page, service: Service
) -> None:
    task = TaskPage(page, service, finished(service, WIDE, seed=1, shots=20_000))
    task.says("Completed")
    assert len(task.keys()) == 33
    assert task.keys()[-1].endswith(" others")
    task.choose("Show", "256 outcomes")
    assert len(task.keys()) == 257
    shown = [int(count.replace(",", "")) for count in task.cells("count")]
    assert sum(shown) == 20_000


def test_each_register_can_be_looked_at_by_itself(page: Page, service: Service) -> None:
    task = TaskPage(page, service, finished(service, REGISTERS, shots=100, seed=1))
    task.says("Completed")
    assert task.keys() == ["1 00", "1 01"]
    task.choose("Registers", "a")
    expect(task.histogram.locator(".key")).to_have_text(["00", "01"])
    task.choose("Registers", "b")
    expect(task.histogram.locator(".key")).to_have_text(["1"])
    assert task.cells("count") == ["100"]
    task.choose("Registers", "all")
    expect(task.histogram.locator(".key")).to_have_text(["1 00", "1 01"])


def test_each_register_of_an_exact_result_can_be_looked_at(page: Page, service: Service) -> None:
    task = TaskPage(page, service, finished(service, REGISTERS, shots=0))
    task.says("Completed")
    task.choose("Registers", "a")
    expect(task.histogram.locator(".key")).to_have_text(["00", "01"])
    assert task.cells("count") == ["0.500000", "0.500000"]
    task.choose("Registers", "b")
    expect(task.histogram.locator(".key")).to_have_text(["1"])
    assert task.cells("count") == ["1.000000"]


def test_a_slider_goes_through_the_runs_of_a_sweep_and_asks_nobody(
    page: Page, service: Service
) -> None:
    id = finished(service, SWEEP, parameters=ANGLES, shots=500, seed=1)
    task = TaskPage(page, service, id)
    task.says("Completed: 3 runs of 500 shots.")
    expect(page.get_by_role("img", name="Circuit: 1 qubit")).to_be_visible()
    plot = page.get_by_role("img", name="Sweep over theta: 3 runs, 0, 1")
    expect(plot).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slider = page.get_by_role("slider", name="Item of the sweep")
    slider.focus()
    assert task.keys() == ["0"]
    page.keyboard.press("ArrowRight")
    expect(task.histogram.locator(".key")).to_have_text(["0", "1"])
    page.keyboard.press("End")
    expect(task.histogram.locator(".key")).to_have_text(["1"])
    expect(slider).to_have_attribute("aria-valuetext", "Run 3 of 3: theta = 3.14159")
    page.get_by_role("combobox", name="Run").select_option(label="theta = 0")
    expect(slider).to_have_value("0")
    box = plot.bounding_box()
    assert box
    plot.click(position={"x": box["width"] - 2, "y": 20})
    expect(slider).to_have_value("2")
    assert asked == []


def test_expectation_values_of_a_sweep_are_lines(page: Page, service: Service) -> None:
    fields = {"observables": [{"pauli": "Z"}, {"pauli": "Y"}], "parameters": ANGLES}
    task = TaskPage(page, service, finished(service, SWEEP, **fields, shots=0))
    task.says("Completed: 3 runs, exact values.")
    expect(page.get_by_role("img", name="Sweep over theta: 3 runs, Z, Y")).to_be_visible()
    row = task.result.get_by_role("row", name="Z 1 exact")
    expect(row).to_be_visible()


def test_the_outcome_of_each_shot_can_be_read(page: Page, service: Service) -> None:
    id = finished(service, BELL, shots=1200, seed=1, memory=True)
    task = TaskPage(page, service, id)
    page.get_by_text("Memory: the outcome of each shot").click()
    listed = page.get_by_label("Outcome of each shot")
    expect(listed).to_contain_text("… and 200 more shots")
    memory = service.client.get(f"/v1/tasks/{id}/result?view=memory").json()["memory"]
    lines = listed.inner_text().splitlines()
    assert lines[:2] == [f"1: {memory[0]}", f"2: {memory[1]}"]
    assert len(lines) == 1001
    task.says("Completed")


def test_an_exact_reference_is_one_click(page: Page, service: Service) -> None:
    task = TaskPage(page, service, finished(service, UNEQUAL, seed=1, name="mine"))
    task.button("Exact reference").click()
    expect(task.note).to_contain_text("Beside it: the exact run")
    request = service.client.get(f"/v1/tasks/{task.others()}").json()["request"]
    assert (request["shots"], request["qc"]) == (0, UNEQUAL)
    expect(task.result).to_contain_text("Total variation distance: 0.0")
    shares = [int(count.replace(",", "")) / 1024 for count in task.cells("share")]
    counts = [int(count.replace(",", "")) / 1024 for count in task.cells("count")]
    assert shares == pytest.approx(counts, abs=0.06)
    assert sum(shares) == pytest.approx(1, abs=0.002)


def test_a_distance_is_a_bound_while_not_all_outcomes_are_there(
    page: Page, service: Service
) -> None:
    qc = f"{STDGATES}qubit[13] q; bit[13] c; h q; c = measure q;"
    task = TaskPage(page, service, finished(service, qc, shots=10, seed=1))
    task.button("Exact reference").click()
    expect(task.result).to_contain_text("Total variation distance: at least 0.")


def test_an_ideal_run_stands_beside_a_noisy_one(page: Page, service: Service) -> None:
    noisy = finished(service, BELL, seed=1, noise={"readout": 0.2}, name="noisy")
    task = TaskPage(page, service, noisy)
    task.says("Completed")
    assert task.keys() == ["00", "01", "10", "11"]
    task.button("Run ideal beside noisy").click()
    expect(task.note).to_contain_text("Beside it: the ideal run")
    ideal = service.client.get(f"/v1/tasks/{task.others()}").json()
    assert ideal["request"]["noise"] is None
    assert task.cells("share")[1:3] == ["0", "0"]
    expect(task.result).to_contain_text("Total variation distance: 0.3")


def test_what_cannot_be_exact_says_why(
    page: Page, service: Service, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    feed = f"{STDGATES}qubit q;\nbit c;\nh q;\nc = measure q;\nif (c) x q;\nc = measure q;\n"
    task = TaskPage(page, service, finished(service, feed))
    task.button("Exact reference").click()
    expect(task.note).to_contain_text("shots")
    assert task.cells("count") == ["1,024"]
