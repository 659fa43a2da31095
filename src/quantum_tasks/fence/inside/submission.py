"""The check of a submission: can this program be run as it was asked for?"""

from __future__ import annotations

import math
import time

from quantum_tasks.capability import Capability
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate, Measure, Program, Reset, Unitary
from quantum_tasks.circuits.observables import before_measurements
from quantum_tasks.engines.estimate import assess
from quantum_tasks.errors import MethodUnsuitable
from quantum_tasks.fence.inside.sweep import first_program, parsed
from quantum_tasks.language import program
from quantum_tasks.orders import Accepted, Check
from quantum_tasks.parsing.mistakes import ProgramError, invalid
from quantum_tasks.tasks import Method, Options


def check(order: Check, here: Capability, bounds: Bounds) -> Accepted:
    """Checks a program, and returns what has to be known before it runs. Raises ProgramError if it
    cannot run on any of the instances that the order names: on this one, if it names none."""
    begun = time.perf_counter()
    options = order.options
    loaded = _loaded(order, options, bounds)
    compile_ms = (time.perf_counter() - begun) * 1e3
    if options is not None and options.observables:
        _check_observables(loaded, options, order.shots)
    return assess(loaded, order.shots, order.instances or [here], options, compile_ms)


def _loaded(order: Check, options: Options | None, bounds: Bounds) -> Program:
    qc, observed = order.qc, order.shots == 0
    if options is None:
        return program.load(qc, bounds, observed=observed)
    observed = observed or bool(options.observables)
    if isinstance(options.parameters, list):
        return first_program(parsed(qc), options.parameters, bounds, observed)
    return program.load(qc, bounds, options.parameters, observed)


def _check_observables(loaded: Program, options: Options, shots: int) -> None:
    for number, terms in enumerate(options.observables):
        for place, term in enumerate(terms):
            pointer = f"/observables/{number}/{place}"
            if len(term.pauli) != loaded.declared:
                raise invalid(
                    f"The program declares {loaded.declared} qubit(s), so that a Pauli operator "
                    f"has {loaded.declared} letter(s), not {len(term.pauli)}.",
                    f"{pointer}/pauli",
                    "one letter per qubit, the last one for qubit 0; I where nothing is measured",
                )
            if not math.isfinite(term.coeff):
                raise invalid("A coefficient must be a finite number.", f"{pointer}/coeff")
    if shots == 0:
        if options.method is Method.EXTENDED_STABILIZER:
            raise ProgramError(
                MethodUnsuitable,
                "The method 'extended_stabilizer' approximates: it has no exact values.",
                hint="take shots, or another method; 'automatic' chooses by itself",
                pointer="/method",
            )
        _check_exact(loaded, options.method)


def _check_exact(loaded: Program, method: Method) -> None:
    """Exact values are those of a state: only a density matrix has one after a measurement."""
    kinds = (Gate, Unitary, Measure, Reset) if method is Method.DENSITY_MATRIX else (Gate, Unitary)
    if not all(isinstance(part, kinds) for part in before_measurements(loaded.operations)):
        raise invalid(
            "Without shots, expectation values are exact, which takes a program that measures at "
            "its end only, and resets nothing.",
            "/shots",
            'take shots, or "method": "density_matrix"',
        )
