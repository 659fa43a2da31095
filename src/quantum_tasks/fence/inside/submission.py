"""The check of a submission: can this program be run as it was asked for?"""

from __future__ import annotations

import math
import time

import msgspec

from quantum_tasks.capability import Capability
from quantum_tasks.circuits.bounds import Bounds
from quantum_tasks.circuits.circuit import Gate, Measure, Program, Reset, Unitary
from quantum_tasks.circuits.noise import readout
from quantum_tasks.circuits.observables import MOST_READ_WORDS, before_measurements, words_read
from quantum_tasks.engines.estimate import assess
from quantum_tasks.errors import MethodUnsuitable
from quantum_tasks.fence.inside.sweep import first_program, parsed
from quantum_tasks.language.inputs import Given
from quantum_tasks.language.program import Source, collector_paused
from quantum_tasks.orders import Accepted, Check
from quantum_tasks.parsing.mistakes import ProgramError, invalid
from quantum_tasks.pictures.outline import outline
from quantum_tasks.pictures.steps import Circuit
from quantum_tasks.tasks import Method, Options, ProgramWarning, warned


def check(order: Check, here: Capability, bounds: Bounds) -> Accepted:
    """Checks a program, and returns what has to be known before it runs. Raises ProgramError if it
    cannot run on any of the instances that the order names: on this one, if it names none."""
    # Of the processor: a wait for it, once, would count for every item of a sweep.
    begun = time.thread_time()
    options = order.options
    loaded, warnings, circuit = _loaded(order, options, bounds)
    compile_ms = (time.thread_time() - begun) * 1e3
    if options is not None and options.observables:
        _check_observables(loaded, options, order.shots)
    if options is not None and options.memory and not any(loaded.registers):
        raise invalid(
            "The program has no bits, so that no shot has an outcome to keep.",
            "/memory",
            "declare bits and measure into them, or leave memory out",
        )
    accepted = assess(loaded, order.shots, order.instances or [here], options, compile_ms)
    if not warnings and circuit is None:
        return accepted
    stats = warned(accepted.stats, warnings)
    drawn = "" if circuit is None else msgspec.json.encode(circuit).decode()
    return msgspec.structs.replace(accepted, stats=stats, circuit=drawn)


def _loaded(
    order: Check, options: Options | None, bounds: Bounds
) -> tuple[Program, list[ProgramWarning], Circuit | None]:
    """The program, or the first of a sweep; the warnings about it, and its circuit if wanted."""
    values = None if options is None else options.parameters
    observed = order.shots == 0 or bool(options and options.observables)
    if isinstance(values, list):
        source = parsed(order.qc)
        program = first_program(source, values, bounds, observed)
    else:
        with collector_paused():
            source = Source(order.qc)
            program = source.program(bounds, Given(values or {}), observed)
    with collector_paused():
        circuit = outline(source, bounds) if order.circuit else None
        return program, source.warnings(), circuit


def _check_observables(loaded: Program, options: Options, shots: int) -> None:
    for number, terms in enumerate(options.observables):
        for place, term in enumerate(terms):
            pointer = f"/observables/{number}/{place}"
            if len(term.pauli) != loaded.declared:
                raise invalid(
                    f"The Pauli operator has {len(term.pauli)} letter(s), but the program "
                    f"declares {loaded.declared} qubit(s).",
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
        _check_readout(options)


def _check_exact(loaded: Program, method: Method) -> None:
    """Exact values are those of a state: only a density matrix has one after a measurement."""
    kinds = (Gate, Unitary, Measure, Reset) if method is Method.DENSITY_MATRIX else (Gate, Unitary)
    if not all(isinstance(part, kinds) for part in before_measurements(loaded.operations)):
        raise invalid(
            'With "shots": 0, expectation values are exact, which takes a program that measures '
            "at its end only, and resets nothing.",
            "/shots",
            'take shots, or "method": "density_matrix"',
        )


def _check_readout(options: Options) -> None:
    """Two different readout errors split each Pauli operator into many: refuses too many."""
    errors = readout(options.noise)
    size = sum(words_read(terms, errors) for terms in options.observables)
    if errors is not None and size > MOST_READ_WORDS:
        raise invalid(
            'With "shots": 0, two different readout errors make 2^k Pauli operators of one with k '
            f"letters besides I; all observables together become {size:,}, and "
            f"{MOST_READ_WORDS:,} are worked out.",
            "/noise/readout",
            'take shots, observables with fewer letters, or one error for both: "readout": 0.02',
        )
