"""Sweeps: checked as a whole, run one item after the other, and one that fails fails alone."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from engines.simulation import assert_distributed
from service import STDGATES

from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.fence.inside import main as child
from quantum_tasks.fence.inside import submission
from quantum_tasks.fence.inside.sweep import first_program
from quantum_tasks.fence.pool import ProcessPool
from quantum_tasks.orders import Accepted, Check, Completed, Limits, Rejected, Reply, Run
from quantum_tasks.tasks import Options, PauliTerm

LIMITS = Limits(memory_mb=1024, max_result_bytes=100_000, max_qubits=40)
BOUNDS = Bounds(LIMITS.max_qubits, LIMITS.max_clbits, LIMITS.max_operations)
SIMULATOR = Simulator(LIMITS.memory_mb, LIMITS.max_result_bytes)
TURNED = STDGATES + "input float theta; qubit q; bit c; rx(theta) q; c = measure q;"
DIVIDED = STDGATES + "input int n; qubit q; bit c; rx(pi / (6 / n)) q; c = measure q;"


def answer(order: Check | Run, limits: Limits = LIMITS) -> Reply:
    return child._answer(order, SIMULATOR, limits, BOUNDS)


def checked(qc: str, parameters: Any, shots: int = 100, **options: Any) -> Reply:
    return answer(Check(qc, shots, Options(parameters=parameters, **options)))


def swept(qc: str, parameters: Any, shots: int = 100, **options: Any) -> Reply:
    return answer(Run(qc, shots, 7, 60.0, options=Options(parameters=parameters, **options)))


def test_a_task_without_options_runs_as_ever():
    qc = STDGATES + "qubit q; bit c; x q; c = measure q;"
    accepted = answer(Check(qc, 100))
    assert isinstance(accepted, Accepted)
    assert accepted.compiled
    assert accepted.work_ms == accepted.estimated_ms
    assert 0 < json.loads(accepted.stats)["compile_ms"] < 1000
    result = answer(Run(qc, 100, 1, 60.0, accepted.compiled))
    assert isinstance(result, Completed)
    assert (result.counts, result.details) == ('{"1":100}', None)
    assert 0 < result.simulate_ms < 10_000


def test_one_set_of_parameters_is_compiled_with_its_values():
    accepted = checked(TURNED, {"theta": math.pi})
    assert isinstance(accepted, Accepted)
    assert accepted.compiled
    assert accepted.work_ms is not None
    result = answer(Run("", 100, 1, 60.0, accepted.compiled, options=Options(memory=True)))
    assert isinstance(result, Completed)
    assert json.loads(result.counts) == {"1": 100}
    again = swept(TURNED, {"theta": math.pi})
    assert isinstance(again, Completed)
    assert again.counts == '{"1":100}'


def test_a_sweep_is_compiled_when_it_runs():
    angles = [0.0, math.pi / 2, math.pi, 1.0]
    items = [{"theta": angle} for angle in angles]
    accepted = checked(TURNED, items)
    assert isinstance(accepted, Accepted)
    assert (accepted.compiled, accepted.work_ms) == (b"", None)
    result = swept(TURNED, items, shots=4000)
    assert isinstance(result, Completed)
    assert result.details is None
    for counts, angle in zip(json.loads(result.counts), angles, strict=True):
        one = math.sin(angle / 2) ** 2
        assert_distributed(counts, {"0": 1 - one, "1": one})


def test_each_item_has_the_seed_after_the_one_before_it():
    items = [{"theta": 1.0}] * 3
    found = swept(TURNED, items)
    assert isinstance(found, Completed)
    singles = [
        answer(Run(TURNED, 100, seed, 60.0, options=Options(parameters={"theta": 1.0})))
        for seed in (7, 8, 9)
    ]
    assert json.loads(found.counts) == [json.loads(one.counts) for one in singles]
    last = Run(TURNED, 100, 2**63 - 1, 60.0, options=Options(parameters=items))
    assert isinstance(answer(last), Completed)


def test_an_item_that_fails_fails_alone():
    items = [{"n": 0}, {"n": 1}, {"n": 7}, {"n": 2}]
    assert isinstance(checked(DIVIDED, items), Accepted)
    result = swept(DIVIDED, items)
    assert isinstance(result, Completed)
    assert [counts is None for counts in json.loads(result.counts)] == [True, False, True, False]
    details = json.loads(result.details or "")
    assert details[0]["error"]["code"] == "qasm_semantic"
    assert "Division by zero" in details[0]["error"]["message"]
    assert details[1] == {}


def test_an_item_that_takes_too_much_memory_fails_alone():
    qc = STDGATES + (
        "input bool large; qubit[40] q; bit[40] c; for int k in [1:12] { if (large) { "
        "for int i in [0:38] { cry(0.7) q[i], q[i + 1]; } } ry(0.3 * k) q; } c = measure q;"
    )
    result = swept(qc, [{"large": False}, {"large": True}], shots=1)
    assert isinstance(result, Completed)
    assert json.loads(result.counts)[1] is None
    assert json.loads(result.details or "")[1]["error"]["code"] == "memory_exceeded"


def test_a_sweep_of_which_nothing_runs_fails_with_the_first_error():
    result = swept(DIVIDED, [{"n": 0}, {"n": 7}])
    assert isinstance(result, Rejected)
    assert result.code == "qasm_semantic"
    refused = checked(DIVIDED, [{"n": 0}, {"n": 7}])
    assert refused == result


@pytest.mark.parametrize(
    ("items", "code", "pointer", "says"),
    [
        ([{"theta": 1}, {}], "unbound_parameter", "/parameters/1", "in item 1 of the sweep"),
        ([{}, {"theta": 1}], "unbound_parameter", "/parameters/0", "in item 0 of the sweep"),
        (
            [{"theta": 1}] * 3 + [{"theta": "one"}],
            "invalid_request",
            "/parameters/3/theta",
            "text",
        ),
        ([{"theta": 1}, {"theta": 1, "a/b": 1}], "invalid_request", "/parameters/1/a~1b", "'a/b'"),
        ([{"tehta": 1}], "invalid_request", "/parameters/0/tehta", "its inputs are 'theta'"),
    ],
)
def test_the_values_of_every_item_are_checked_at_submission(items, code, pointer, says):
    refused = checked(TURNED, items)
    assert isinstance(refused, Rejected)
    (error,) = refused.errors
    assert (refused.code, error.pointer) == (code, pointer)
    assert says in refused.message
    if code == "unbound_parameter":
        assert (error.line, error.column) == (3, 1)


def test_a_sweep_is_as_large_as_its_items_together():
    qc = TURNED.replace("qubit q", "qubit[14] r; h r; qubit q")
    one = checked(qc, {"theta": 1.0}, shots=100_000)
    many = checked(qc, [{"theta": 1.0}] * 1000, shots=100_000)
    assert isinstance(one, Accepted)
    assert isinstance(many, Accepted)
    assert not one.large
    assert many.large
    # For each item it has the time in it that the program just took to be compiled, which may be
    # several times as long as a run.
    assert 200 < many.estimated_ms / one.estimated_ms < 100_000


def test_a_wait_for_the_processor_is_not_in_the_estimate_of_a_sweep(monkeypatch):
    def slowly(*arguments: Any) -> Any:
        time.sleep(0.2)  # as if others had it
        return first_program(*arguments)

    monkeypatch.setattr(submission, "first_program", slowly)
    accepted = checked(TURNED, [{"theta": 1.0}] * 1000)
    assert isinstance(accepted, Accepted)
    assert accepted.estimated_ms < 100_000


def test_a_sweep_of_a_thousand_is_checked_in_a_moment():
    items = [{"theta": float(number)} for number in range(1000)]
    accepted = checked(TURNED, items)
    assert isinstance(accepted, Accepted)
    result = swept(TURNED, items, shots=10)
    assert isinstance(result, Completed)
    assert len(json.loads(result.counts)) == 1000


def test_results_that_are_too_large_together_fail_the_sweep():
    limits = Limits(memory_mb=1024, max_result_bytes=200)
    order = Run(TURNED, 100, 1, 60.0, options=Options(parameters=[{"theta": 1.0}] * 30))
    refused = answer(order, limits)
    assert isinstance(refused, Rejected)
    assert refused.code == "result_too_large"
    assert "MAX_RESULT_BYTES" in refused.message


def test_a_sweep_can_be_observed():
    items = [{"theta": 0.0}, {"theta": math.pi / 3}, {"theta": math.pi}]
    qc = STDGATES + "input float theta; qubit[2] q; rx(theta) q[1];"
    observables = [[PauliTerm("ZI", 2.0)]]
    assert isinstance(checked(qc, items, shots=0, observables=observables), Accepted)
    result = swept(qc, items, shots=0, observables=observables)
    assert isinstance(result, Completed)
    assert json.loads(result.counts) == [{}, {}, {}]
    values = [one["expectation_values"][0]["value"] for one in json.loads(result.details or "")]
    assert values == pytest.approx([2.0, 1.0, -2.0])


def test_a_single_result_has_details_where_they_were_asked_for():
    order = Run(TURNED, 5, 1, 60.0, options=Options(parameters={"theta": math.pi}, memory=True))
    result = answer(order)
    assert isinstance(result, Completed)
    assert json.loads(result.details or "") == {"memory": ["1"] * 5}


_STRANGE: list[Any] = [
    {"theta": 2**63}, {"theta": -(2**63)}, {"theta": 10**400}, {"theta": 1e308}, {"theta": []},
    {"theta": [[[[]]]]}, {"theta": {}}, {"theta": None}, {"theta": ""}, {"\0": 1}, {"": 1},
    {"theta": 1, "\U0001f600": 2}, {"theta'": 1}, {"theta": "\ud7ff"}, {"θ": 1}, {"pi": 3}, {},
    {"theta": list(range(1000))}, {"theta": True}, {"theta": [0] * 100_000}, {"q": 1, "theta": 1},
]  # fmt: skip
_DECLARED = ["float", "int", "uint[3]", "angle[5]", "bit[9]", "bool", "complex", "duration"]
_DECLARED += ["array[float, 2, 2]", "array[bool, 1000]", "bit"]


@pytest.mark.parametrize("type", _DECLARED)
def test_whatever_is_given_there_is_an_answer(type):
    qc = f"{STDGATES}input {type} theta; qubit q; bit c; c = measure q;"
    for given in _STRANGE:
        for parameters in (given, [given], [{"theta": 1}, given], [given] * 5):
            reply = checked(qc, parameters)
            assert isinstance(reply, Accepted) or reply.code in (
                "invalid_request",
                "unbound_parameter",
            )
            if isinstance(reply, Rejected):
                assert reply.errors[0].pointer.startswith(("/parameters", "/qc"))
                assert len(reply.message) < 400
            run = swept(qc, parameters)
            assert isinstance(run, Completed | Rejected)
            assert not getattr(run, "log", "")


@pytest.mark.parametrize("limit", ["soft", "hard"])
async def test_a_sweep_that_runs_out_of_time_keeps_the_results_that_it_has(limit):
    """The soft limit is that of the whole sweep."""
    qc = STDGATES + "input int n; qubit[12] q; bit[12] c; for int i in [0:200] { ry(n) q; "
    qc += "c[0] = measure q[0]; if (c[0]) h q; } c = measure q;"
    options = Options(parameters=[{"n": n} for n in range(300)])
    soft = {"soft_time_limit_s": 2.0, "soft_limit": "timeout_s"}
    hard = {"soft_time_limit_s": 60.0, "hard_time_limit_s": 2.0, "hard_limit": "timeout_s"}
    order = Run(qc, 200, 1, options=options, **(soft if limit == "soft" else hard))
    pool = ProcessPool("simulator", 1, LIMITS)
    try:
        reply = await pool.run(order, 60)
    finally:
        await pool.stop()
    assert isinstance(reply, Completed)
    counts, details = json.loads(reply.counts), json.loads(reply.details or "")
    done = [place for place, found in enumerate(counts) if found is not None]
    assert done == [*range(len(done))]
    assert 0 < len(done) < 300
    for place, detail in enumerate(details):
        error = detail.get("error")
        assert (error is None) == (place in done)
        if error is not None:
            said = {"soft": "stopped after 2 s", "hard": "after 2 s the task is killed"}[limit]
            assert error["code"] == "time_limit_exceeded"
            assert f"{said} (timeout_s)." in error["message"]
