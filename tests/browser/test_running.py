"""What runs on the page at /: examples, options, failures, and what comes of it."""

from __future__ import annotations

import re

import pytest
from complaints import Complaints
from composer import Composer, brought, code, record, static
from playwright.sync_api import Route, expect
from service import BELL, ENDLESS, STDGATES, Service

# What an example promises: outcomes, and the least share of the shots that they take.
EXAMPLES = {
    "bell": ({"00", "11"}, 1.0),
    "ghz": ({"0" * 20, "1" * 20}, 1.0),
    "teleportation": ({"0 00", "0 01", "0 10", "0 11"}, 0.8),
    "qft": ({f"{key:05b}" for key in range(32)}, 1.0),
    "grover": ({"101"}, 0.9),
    "phase-estimation": ({"0101"}, 1.0),
    "noise": ({"000", "111"}, 0.8),
    "repeat-until-success": ({"0 0", "1 0"}, 1.0),
}
OTHERS = {"sweep", "observables", "surface-code", "mistake"}
UNREACHABLE = "The service cannot be reached. Is it running?"


# Examples


def test_the_menu_offers_every_example(front: Composer) -> None:
    offered = front.example.locator("option").evaluate_all("all => all.map((one) => one.value)")
    assert sorted(offered) == sorted(
        ["", *(path.name.removesuffix(".qasm") for path in (static() / "examples").iterdir())]
    )
    assert set(offered) == {"", *EXAMPLES, *OTHERS}


def test_an_examples_bars_add_up_to_the_shots_and_say_what_it_promises(front: Composer) -> None:
    for name, (promised, share) in EXAMPLES.items():
        front.choose(name)
        front.run()
        counts = front.counts()
        assert sum(counts.values()) == 1024, name
        assert sum(counts.get(key, 0) for key in promised) >= share * 1024, name
        assert list(counts) == sorted(counts), name
        expect(front.problems).to_have_count(0)


def test_a_range_makes_one_task_of_many_runs(front: Composer, service: Service) -> None:
    front.choose("sweep")
    expect(front.page.get_by_label("theta")).to_have_value("0 : 2*pi : 21")
    front.set("theta", "0 : pi : 3")
    front.run()
    expect(front.status).to_contain_text("3 runs of 1,024 shots")
    runs = front.result.get_by_role("combobox", name="Run")
    assert front.counts() == {"0": 1024}
    runs.select_option(label="theta = 3.14159")
    assert front.counts() == {"1": 1024}
    task = service.client.get(f"/v1/tasks/{front.task.inner_text()}").json()
    assert [run["theta"] for run in task["request"]["parameters"]] == pytest.approx(
        [0, 1.5707963, 3.1415927]
    )


def test_expectation_values_stand_beside_their_observables(front: Composer) -> None:
    front.choose("observables")
    front.run()
    rows = front.result.get_by_role("row").all_inner_texts()
    assert [row.split() for row in rows[1:]] == [
        ["ZZ", "1", "exact"],
        ["XX", "0.5", "exact"],
        ["ZI", "0", "exact"],
    ]


def test_the_surface_codes_z_checks_agree_without_noise(front: Composer) -> None:
    front.choose("surface-code")
    expect(front.page.locator("#chosen")).to_have_text(
        "1-qubit noise 0.001 · 2-qubit noise 0.005 · Readout noise 0.01"
    )
    for field in ("1-qubit noise", "2-qubit noise", "Readout noise"):
        front.set(field, "")
    front.run()
    assert {row.key.split()[1] for row in front.rows()} == {"0000"}


def test_a_field_that_is_wrong_leaves_the_task_that_runs_alone(front: Composer) -> None:
    front.type(ENDLESS)
    front.run(until="Running")
    front.set("Shots", "-1")
    front.run_button.click()
    expect(front.problems).to_contain_text("Shots must be")
    front.page.get_by_role("button", name="Cancel").click()
    front.says("Cancelled")
    expect(front.result).to_have_attribute("aria-busy", "false")


def test_a_run_that_is_refused_says_so_although_another_is_awaited(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.type(ENDLESS)
    front.run(until="Running")
    id = front.task.inner_text()
    front.choose("mistake")
    front.fail()
    front.says("Not accepted")
    front.page.evaluate(f"fetch('/v1/tasks/{id}/cancel', {{ method: 'POST' }})")


def test_a_double_click_is_one_run(front: Composer) -> None:
    asked: list[str] = []
    front.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    front.run_button.dblclick()
    front.says("Completed")
    front.page.keyboard.down("Control")
    for _ in range(5):  # a key that is held
        front.page.keyboard.down("Enter")
    front.says("Completed")
    front.page.wait_for_load_state("networkidle")
    assert sum(one.startswith("POST") and one.endswith("/v1/tasks") for one in asked) == 2


# What is wrong


def test_a_mistake_shows_while_one_types_and_f8_goes_there(front: Composer) -> None:
    front.type(BELL)
    expect(front.circuit).to_be_visible()
    front.choose("mistake")
    expect(front.problems).to_contain_text("Line 9")
    expect(front.problems).to_contain_text("missing")
    expect(front.page.locator(".cm-lintRange-error")).to_have_text("q")
    front.page.keyboard.press("F8")
    front.problems.get_by_role("button").click()
    assert front.line() == "cx q[0] q[1];"


def test_running_a_mistake_shows_its_line_a_caret_and_a_hint(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.choose("mistake")
    assert "line 9" in front.fail()
    shown, caret = str(front.alert.locator("pre").text_content()).split("\n")
    assert shown == "cx q[0] q[1];"
    assert caret == " " * shown.index("q[1]") + "^"
    assert "missing" in front.alert.locator(".hint").inner_text()
    assert front.line() == shown
    assert front.focused() == "Program"
    front.type(BELL)
    front.run()
    expect(front.alert).to_be_hidden()
    expect(front.problems).to_have_count(0)


def test_a_warning_does_not_keep_a_program_from_running(front: Composer) -> None:
    front.type(f"{BELL}qubit spare;\n")
    expect(front.problems).to_contain_text("Nothing is done with 'spare'.")
    expect(front.problems).to_have_attribute("class", "problem warning")
    front.run()


def test_the_drawing_of_a_program_that_became_wrong_is_kept_and_greyed(front: Composer) -> None:
    expect(front.circuit).to_be_visible()
    front.type(code("bell") + "oops")
    expect(front.problems).to_have_count(1)
    expect(front.page.locator("#circuit")).to_have_class(re.compile("stale"))
    expect(front.circuit).to_be_visible()


def test_a_failed_task_says_why(front: Composer) -> None:
    front.type(STDGATES + "qubit[20] q;\nbit[5000] c;\nh q;\nc[0:19] = measure q;\n")
    assert "MAX_RESULT_BYTES" in front.fail()
    expect(front.histogram).to_have_count(0)


def test_a_busy_service_says_when_to_try_again(front: Composer, complaints: Complaints) -> None:
    complaints.expect("status of 429")
    full = {"code": "queue_full", "detail": "The queue is full.", "errors": []}
    front.answer((429, full, {"Retry-After": "5"}))
    assert front.fail() == "The queue is full. Try again in 5 s."


def test_a_submission_whose_answer_was_lost_is_sent_again_with_the_same_key(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED", "status of 503")
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.header_value("idempotency-key"))
        if len(keys) == 1:
            route.abort()
        elif len(keys) == 2:
            route.fulfill(status=503, json={"code": "service_busy", "detail": "Busy."})
        else:
            route.continue_()

    front.page.route("**/v1/tasks", lose)
    front.run(until=f"{UNREACHABLE} Trying again")
    front.says("Completed")
    assert len(keys) == 3
    assert keys[0]
    assert len(set(keys)) == 1


def test_an_answer_that_is_no_json_is_still_an_answer(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("status of 400")
    front.answer((400, "<h1>Bad request</h1>"))
    assert front.fail() == "The service answered with HTTP status 400."


def test_a_service_that_is_away_for_a_moment_does_not_end_the_wait(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("ERR_FAILED", "status of 503")
    stream = {"content-type": "text/event-stream"}
    event = 'id: 2\ndata: {"id": 2, "status": "running", "attempt": 1}\n\n'
    front.answer(
        (202, record()),
        None,
        (503, {"detail": "The database is away."}),
        (200, event, stream),
        (200, record("running")),
        (200, "", stream),
        (200, record("completed")),
        (200, brought({"0": 1})),
    )
    front.run(until=f"{UNREACHABLE} The task is not lost")
    front.says("The database is away. The task is not lost")
    front.says("Running")
    front.says("Completed: 1 shot.")


def test_a_new_run_takes_the_place_of_one_that_is_awaited(front: Composer) -> None:
    front.type(ENDLESS)
    front.run(until="Running")
    front.page.get_by_role("button", name="Cancel").click()
    front.says("Cancelled")
    front.run(until="Running")
    id = front.task.inner_text()
    front.type(BELL)
    front.run()
    assert front.task.inner_text() != id
    front.page.evaluate(f"fetch('/v1/tasks/{id}/cancel', {{ method: 'POST' }})")


# The result


def test_the_result_links_to_the_page_of_its_task(front: Composer, service: Service) -> None:
    front.run()
    id = front.task.inner_text()
    expect(front.task).to_have_attribute("href", f"/ui/tasks/{id}")
    assert service.task(id)["result"] == front.counts()


def test_bars_stand_in_the_order_of_their_keys_and_are_as_long_as_their_counts(
    front: Composer,
) -> None:
    front.show({"00": 100, "01": 50, "10": 200, "11": 50})
    assert [row.key for row in front.rows()] == ["00", "01", "10", "11"]
    assert [row.share for row in front.rows()] == ["25.0 %", "12.5 %", "50.0 %", "12.5 %"]
    bars = front.bars()
    assert [bar / bars[2] for bar in bars] == pytest.approx([0.5, 0.25, 1, 0.25], abs=0.02)


def test_of_many_outcomes_the_most_frequent_are_shown_and_the_rest_is_counted(
    front: Composer,
) -> None:
    front.show({f"{key:06b}": 1 + key for key in range(40)})
    assert front.counts() == {f"{key:06b}": 1 + key for key in range(8, 40)}
    expect(front.result).to_contain_text("8 more share the other 36 shots.")
