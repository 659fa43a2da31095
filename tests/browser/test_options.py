"""The options of the page at /: what a field says is what is sent."""

from __future__ import annotations

from complaints import Complaints
from composer import Composer, code, record
from playwright.sync_api import Route, expect
from service import BELL


def test_inputs_of_every_type_have_a_field(front: Composer) -> None:
    declared = {
        "int a": ("0", "7"),
        "uint[8] b": ("0", "5"),
        "float c": ("0.5", "1e-3"),
        "angle[16] d": ("pi/4", "-pi/2"),
        "bool e": ("true", "false"),
        "bit f": ("0", "1"),
        "bit[4] g": ("0000", "0101"),
        "array[int[8], 2] h": ("0", "[1, -2]"),
        "duration i": ("100ns", "3us"),
    }
    inputs = " ".join(f"input {text};" for text in declared)
    front.type(f"OPENQASM 3.0; // input int no;\n{inputs} qubit q; bit z; z = measure q;")
    group = front.page.get_by_role("group", name="Inputs")
    for text, (first, value) in declared.items():
        field = group.get_by_label(text.split()[-1], exact=True)
        expect(field).to_have_value(first)
        field.fill(value)
    expect(group.get_by_role("textbox")).to_have_count(len(declared))
    front.run()
    assert front.counts() == {"0": 1024}
    expect(front.command).to_contain_text(
        '"parameters":{"a":7,"b":5,"c":0.001,"d":-1.5707963267948966,"e":false,"f":1,'
        '"g":"0101","h":[1,-2],"i":"3us"}'
    )


def test_an_input_that_is_no_value_of_its_type_says_so(front: Composer) -> None:
    for declared, value, why in [
        ("bool", "maybe", "a must be true or false."),
        ("bit[2]", "7", "a must be bits, as 0101."),
        ("int", "2.5", "a must be a whole number"),
        ("uint[64]", "9007199254740993", "a must be a whole number"),
        ("float", "1/0", "a must be a number"),
        ("float", "(" * 300, "a must be a number"),
        ("float", "0:1", "a must be a number"),
    ]:
        front.type(f"OPENQASM 3.0; input {declared} a; qubit q; bit c; c = measure q;")
        front.page.get_by_label("a", exact=True).fill(value)
        expect(front.problems).to_contain_text(why)
        front.page.get_by_label("a", exact=True).fill("1")
        expect(front.problems).to_have_count(0)


def test_what_the_service_refuses_of_an_option_stands_at_its_field(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    front.type(BELL + "oops")
    expect(front.problems).to_contain_text("Line")
    front.type(BELL)
    front.set("Shots", "99999999999")
    expect(front.problems).to_contain_text("shots")
    expect(front.problems).to_have_count(1)
    expect(front.page.get_by_label("Shots")).to_have_attribute("aria-invalid", "true")
    front.example.select_option("ghz")
    expect(front.problems).to_have_count(0)
    expect(front.page.get_by_label("Shots")).not_to_have_attribute("aria-invalid", "true")


def test_options_are_sent_as_they_are_chosen(front: Composer) -> None:
    sent: list[object] = []

    def take(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.fulfill(status=200, json=record("cancelled"))

    front.page.route("**/v1/tasks", take)
    options = {
        "Shots": "17",
        "Seed": "2711965683467889",
        "Method": "density_matrix",
        "Precision": "double",
        "1-qubit noise": "0.001",
        "2-qubit noise": "1e-2",
        "Readout noise": "0.02",
        "Observables": "ZZ; XX + 0.5 YY - 1e-3zi",
        "Name": "mine",
        "Tags": "project=bell, run=3",
    }
    for field, value in options.items():
        front.set(field, value)
    front.run(until="Cancelled")
    assert sent == [
        {
            "qc": code("bell"),
            "shots": 17,
            "seed": 2711965683467889,
            "method": "density_matrix",
            "precision": "double",
            "noise": {"depolarizing": {"p1": 0.001, "p2": 0.01}, "readout": 0.02},
            "observables": [
                [{"pauli": "ZZ", "coeff": 1}],
                [
                    {"pauli": "XX", "coeff": 1},
                    {"pauli": "YY", "coeff": 0.5},
                    {"pauli": "ZI", "coeff": -0.001},
                ],
            ],
            "name": "mine",
            "tags": {"project": "bell", "run": "3"},
        }
    ]


def test_a_field_that_cannot_be_understood_says_so_and_is_shown(front: Composer) -> None:
    for field, value, why in [
        ("Shots", "1.5", "Shots must be a whole number."),
        ("1-qubit noise", "2", "1-qubit noise must be a probability, from 0 to 1."),
        ("Observables", "ZQ", "'ZQ' is not understood"),
        ("Tags", "=x", "key=value"),
        ("Seed", "9" * 17, "below 2^53"),
        ("Observables", "0.5.5 XX", "is not understood"),
        ("Observables", "1e999 XX", "too large"),
    ]:
        front.set(field, value)
        front.page.locator("#options summary").click()
        front.run_button.click()
        expect(front.problems).to_contain_text(why)
        assert front.focused().startswith(field)
        invalid = ("aria-invalid", "true")
        expect(front.page.get_by_label(field, exact=True)).to_have_attribute(*invalid)
        front.set(field, "")
        expect(front.problems).to_have_count(0)


def test_shots_of_nought_show_exact_probabilities(front: Composer) -> None:
    front.set("Shots", "0")
    front.run()
    texts = front.histogram.evaluate("bars => [...bars.children].map((cell) => cell.textContent)")
    assert texts == ["00", "", "0.500000", "", "11", "", "0.500000", ""]
