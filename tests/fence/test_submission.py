"""The check of a submission: what its options ask for, and whether the program has it."""

from __future__ import annotations

import json
import math

import pytest
from service import STDGATES

from quantum_tasks.capability import Capability, engines
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.engines.simulator import Simulator
from quantum_tasks.fence.inside import main as child
from quantum_tasks.fence.inside.submission import check
from quantum_tasks.orders import Accepted, Check, Limits, Rejected, Reply
from quantum_tasks.parsing.mistakes import ProgramError
from quantum_tasks.tasks import Depolarizing, Method, Noise, Options, PauliTerm

HERE = Capability(1024, engines())
NOISE = Noise(depolarizing=Depolarizing(p1=0.01, p2=0.02))


def checked(text: str, shots: int, **options) -> Reply:
    limits = Limits(memory_mb=1024, max_result_bytes=10**6)
    simulator = Simulator(1024, 10**6)
    check = Check(STDGATES + text, shots, Options(**options))
    return child._answer(check, simulator, limits, Bounds())


def refused(text: str, shots: int, **options) -> tuple[str, str, str]:
    reply = checked(text, shots, **options)
    assert isinstance(reply, Rejected)
    return reply.code, reply.errors[0].pointer, reply.message


TWO = "qubit[3] q; h q[0]; cx q[0], q[1];"
MEASURED = TWO + "bit[3] c; c = measure q;"
ZZ = [[PauliTerm("IZZ"), PauliTerm("XII", -0.5)]]


def test_observables_need_no_measurement():
    for text in (TWO, MEASURED, TWO + "bit c; c = 1;", MEASURED + "bit d; d = c[0] ^ c[1];"):
        for shots in (0, 100):
            accepted = checked(text, shots, observables=ZZ)
            assert isinstance(accepted, Accepted), accepted
            assert accepted.work_ms is None
    code, pointer, _ = refused(TWO, 100)
    assert (code, pointer) == ("no_measurements", "/qc")


@pytest.mark.parametrize("letters", ["ZZ", "ZZZZ", "Z"])
def test_an_observable_has_a_letter_for_each_qubit(letters):
    observables = [[PauliTerm("IIZ")], [PauliTerm("IIZ"), PauliTerm(letters)]]
    code, pointer, message = refused(MEASURED, 100, observables=observables)
    assert (code, pointer) == ("invalid_request", "/observables/1/1/pauli")
    assert f"has {len(letters)} letter(s), but the program declares 3 qubit(s)" in message


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_coefficient_is_finite(number):
    code, pointer, _ = refused(MEASURED, 100, observables=[[PauliTerm("IIZ", number)]])
    assert (code, pointer) == ("invalid_request", "/observables/0/0/coeff")


@pytest.mark.parametrize(
    "text",
    [
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; if (c) x q[1];",
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; h q[0];",
        "qubit[3] q; h q; reset q[0];",
        "qubit[3] q; bit c; h q[0]; c = measure q[0]; while (c) { x q; c = measure q[1]; }",
    ],
)
def test_exact_values_take_measurements_at_the_end_only(text):
    code, pointer, message = refused(text, 0, observables=ZZ)
    assert (code, pointer) == ("invalid_request", "/shots")
    assert "at its end only" in message
    assert isinstance(checked(text, 100, observables=ZZ), Accepted)


def test_exact_values_with_noise_take_a_density_matrix():
    accepted = checked(MEASURED, 0, observables=ZZ, noise=NOISE)
    assert isinstance(accepted, Accepted)
    assert json.loads(accepted.stats)["method"] == "density_matrix"
    large = "qubit[20] q; h q;"
    pauli = [[PauliTerm("Z" * 20)]]
    code, pointer, message = refused(large, 0, observables=pauli, noise=NOISE)
    assert (code, pointer) == ("memory_exceeded", "/noise")
    assert "density matrix of 16 TiB" in message
    code, _, message = refused(MEASURED, 0, observables=ZZ, noise=NOISE, method=Method.STATEVECTOR)
    assert code == "method_unsuitable"
    assert "take a density matrix" in message


def test_an_extended_stabilizer_has_no_exact_values():
    options = Options(method=Method.EXTENDED_STABILIZER, observables=[[PauliTerm("Z")]])
    qc = "OPENQASM 3.0; qubit q; U(1, 0, 0) q;"
    with pytest.raises(ProgramError) as caught:
        check(Check(qc, 0, options), HERE, Bounds())
    reply = caught.value.as_reply()
    assert (reply.code, reply.errors[0].pointer) == ("method_unsuitable", "/method")
    assert check(Check(qc, 10, options), HERE, Bounds()).stats


def test_two_readout_errors_that_split_observables_into_too_many_words_are_refused():
    long, uneven = [[PauliTerm("Z" * 13)]], Noise(readout=[0.1, 0.2])
    qc = "qubit[13] q; h q;"
    code, pointer, message = refused(qc, 0, observables=long, noise=uneven)
    assert (code, pointer) == ("invalid_request", "/noise/readout")
    assert "become 8,192, and 4,096 are worked out" in message
    for shots, noise in ((0, Noise(readout=0.1)), (0, Noise(readout=[0.3, 0.7])), (9, uneven)):
        assert isinstance(checked(qc, shots, observables=long, noise=noise), Accepted)
    short = [[PauliTerm("Z" * 12 + "I")]]
    assert isinstance(checked(qc, 0, observables=short, noise=uneven), Accepted)


def test_memory_takes_bits():
    code, pointer, message = refused(TWO, 100, observables=ZZ, memory=True)
    assert (code, pointer) == ("invalid_request", "/memory")
    assert "has no bits" in message
