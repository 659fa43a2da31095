"""The vocabulary of the API: what a user submits, and what comes back."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

# What is kept of a run without shots: so many outcomes, and a state of so many qubits, at most.
MOST_OUTCOMES = 65_536
MOST_STATE_QUBITS = 16

# Measured bit strings, most significant bit first, registers separated by a space -> shots.
Counts = dict[str, int]


class Status(enum.StrEnum):
    """The life of a task. `completed`, `failed` and `cancelled` are final. A running task that is
    being stopped is `cancelling`."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Method(enum.StrEnum):
    """How a program is simulated. `automatic` takes the quickest that fits into memory."""

    AUTOMATIC = "automatic"
    STATEVECTOR = "statevector"
    STABILIZER = "stabilizer"
    MATRIX_PRODUCT_STATE = "matrix_product_state"
    DENSITY_MATRIX = "density_matrix"
    EXTENDED_STABILIZER = "extended_stabilizer"


class Precision(enum.StrEnum):
    """How exactly a state is calculated. `double` has 16 digits. `single` has 7 and takes half the
    memory: no number of shots can tell them apart. `automatic` is single where shots are taken,
    and double for exact values."""

    AUTOMATIC = "automatic"
    SINGLE = "single"
    DOUBLE = "double"


# The gates of stdgates.inc, and the built-in ones. They are defined in circuits/gates.py.
GATES = (
    *("U", "gphase", "CX", "ccx", "ch", "cp", "cphase", "crx", "cry", "crz", "cswap", "cu", "cx"),
    *("cy", "cz", "h", "id", "p", "phase", "rx", "ry", "rz", "s", "sdg", "swap", "sx", "t", "tdg"),
    *("u1", "u2", "u3", "x", "y", "z"),
)

Probability = Annotated[float, Meta(ge=0, le=1)]

# A value for an input declaration: true, 3, 0.5, "0101" for bits, a list for an array.
Value = bool | int | float | str | list[Any]
Parameters = dict[str, Value]
MOST_ITEMS = 1000  # of a sweep


# Python's $ also matches before a line's end, JSON Schema's does not.
_PLAIN = "^[^\\x00-\\x1f\\x7f]*$(?!\\n)"
_KEY = "^[A-Za-z0-9_.-]+$(?!\\n)"
_PAULI = "^[IXYZ]+$(?!\\n)"
# How an error describes what each pattern allows.
PATTERNS = {
    _PLAIN: "text without control characters",
    _KEY: "letters, digits, '_', '.' and '-'",
    _PAULI: 'letters I, X, Y and Z; a sum is written [[{"pauli": "XX"}, {"pauli": "YY"}]]',
}


class PauliTerm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product of Pauli operators, times a number, `coeff`. `pauli` has one letter per declared
    qubit, the last letter is qubit 0, as Qiskit writes it."""

    pauli: Annotated[str, Meta(pattern=_PAULI, max_length=10_000, examples=["ZZ"])]
    # Squares and sums of larger values would overflow.
    coeff: Annotated[float, Meta(ge=-1e100, le=1e100)] = 1.0


class Depolarizing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After each gate its qubits are replaced by the maximally mixed state: with the probability
    `p1` where it acts on one qubit, `p2` where on more. (`id` is no gate here.)"""

    p1: Probability = 0.0
    p2: Probability = 0.0


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Errors to be simulated: `depolarizing` after gates, `readout` in measurements. That is the
    probability that a measurement says the opposite, or two: that it says 1 for 0, and 0 for 1."""

    depolarizing: Depolarizing | None = None
    # A list, because msgspec 0.22 crashes on a tuple of numbers that have limits.
    readout: (
        Probability | Annotated[list[Probability], Meta(min_length=2, max_length=2)] | None
    ) = None


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options of a run, except shots and seed, which every task has."""

    method: Method = Method.AUTOMATIC
    precision: Precision = Precision.AUTOMATIC
    parameters: Parameters | list[Parameters] | None = None
    observables: list[list[PauliTerm]] = []
    memory: bool = False
    noise: Noise | None = None
    timeout_s: float | None = None

    @property
    def items(self) -> list[Parameters] | None:
        """The parameters of each run of a sweep; None if this is not a sweep."""
        return self.parameters if isinstance(self.parameters, list) else None


Program = Annotated[
    str,
    Meta(
        description="The program: OpenQASM 3 or 2. It measures into bits, unless observables or a "
        "state vector are wanted.",
        examples=[
            'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; '
            "h q[0]; cx q[0], q[1]; c = measure q;"
        ],
    ),
]
Shots = Annotated[
    int,
    Meta(
        ge=0,
        le=2**31 - 1,
        description="How often it is run, NUM_SHOTS unless set; 0 for exact results: the values "
        "of observables or, without observables, probabilities and the state vector.",
    ),
]
Seed = Annotated[
    int,
    Meta(
        ge=0,
        le=2**63 - 1,
        description="The same seed gives the same counts. Unless set, the service draws one.",
    ),
]
Name = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=_PLAIN, description="A name for people."),
]
TagKey = Annotated[str, Meta(min_length=1, max_length=64, pattern=_KEY)]
TagValue = Annotated[str, Meta(max_length=256, pattern=_PLAIN)]
Tags = Annotated[
    dict[TagKey, TagValue], Meta(max_length=50, description="Keys and values to find the task by.")
]
Priority = Annotated[
    int, Meta(ge=-100, le=100, description="The highest priority starts first; 0 is usual.")
]


InputValues = Annotated[
    Parameters | Annotated[list[Parameters], Meta(min_length=1, max_length=MOST_ITEMS)],
    Meta(
        description="Values of the program's inputs by name. A list of them is a sweep: a run for "
        'each, in one task. {"theta": [0, 0.1]} is short for one.'
    ),
]
PauliText = Annotated[str, Meta(pattern=_PAULI, max_length=10_000, examples=["ZZ"])]
Observables = Annotated[
    PauliText
    | Annotated[
        list[
            Annotated[list[PauliTerm], Meta(min_length=1, max_length=10_000)]
            | PauliTerm
            | PauliText
        ],
        Meta(max_length=1000),
    ],
    Meta(
        description="Sums of Pauli operators whose expectation values are wanted, of the state "
        'before the final measurements. "ZZ" alone is [{"pauli": "ZZ"}].',
    ),
]
Memory = Annotated[bool, Meta(description="Whether to keep the bit string of each shot.")]
Timeout = Annotated[float, Meta(gt=0, description="Seconds after which the run is killed.")]


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A program, and how it is to be run. A list of tasks repeats neither programs nor what may be
    as long."""

    qc: Program | msgspec.UnsetType = msgspec.UNSET
    shots: Shots | None = None
    seed: Seed | None = None
    method: Method | msgspec.UnsetType = msgspec.UNSET
    precision: Precision | msgspec.UnsetType = msgspec.UNSET
    parameters: InputValues | msgspec.UnsetType | None = msgspec.UNSET
    observables: Observables | msgspec.UnsetType = msgspec.UNSET
    memory: Memory | msgspec.UnsetType = msgspec.UNSET
    noise: Noise | msgspec.UnsetType | None = msgspec.UNSET
    priority: Priority = 0
    timeout_s: Timeout | msgspec.UnsetType | None = msgspec.UNSET
    ttl_s: (
        Annotated[int, Meta(ge=1, description="Seconds for which the task is kept after its end.")]
        | None
    ) = None
    callback_url: (
        Annotated[
            str, Meta(max_length=2000, description="The URL to call when the task has ended.")
        ]
        | None
    ) = None


class TaskRequest(RunRequest, frozen=True, kw_only=True):
    """A program to run, how, and what to call it by."""

    qc: Program
    method: Method = Method.AUTOMATIC
    precision: Precision = Precision.AUTOMATIC
    parameters: InputValues | None = None
    observables: Observables = []
    memory: Memory = False
    noise: Noise | None = None
    timeout_s: Timeout | None = None
    name: Name | None = None
    tags: Tags = {}

    @property
    def options(self) -> Options:
        """The options of the run, except shots and seed."""
        return Options(
            method=self.method,
            precision=self.precision,
            parameters=self.parameters,
            observables=_sums(self.observables),
            memory=self.memory,
            noise=self.noise,
            timeout_s=self.timeout_s,
        )


def _sums(observables: str | list[list[PauliTerm] | PauliTerm | str]) -> list[list[PauliTerm]]:
    """Observables in the one form that they are stored in, whichever form they were sent in."""
    entries = [observables] if isinstance(observables, str) else observables
    terms = [PauliTerm(entry) if isinstance(entry, str) else entry for entry in entries]
    return [[entry] if isinstance(entry, PauliTerm) else entry for entry in terms]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as its submitter sees it. `counts` is JSON text, as the simulator wrote it; large
    counts are left out here and fetched separately."""

    status: Status
    error_code: str | None
    error_message: str | None
    counts: str | None


class WarningCode(enum.StrEnum):
    """What a warning is about."""

    CONTROLLED_PHASE = "controlled_phase"
    UNWRITTEN_BITS = "unwritten_bits"
    OVERWRITTEN_OUTCOME = "overwritten_outcome"
    UNUSED_QUBITS = "unused_qubits"
    HIDDEN_GATE = "hidden_gate"
    INTEGER_WRAPS = "integer_wraps"
    NEAR_TIME_LIMIT = "near_time_limit"
    TIMING_IGNORED = "timing_ignored"
    PRAGMA_IGNORED = "pragma_ignored"


class ProgramWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What is legal in a program, and may surprise. `code` is for programs, `message` for people.
    `line` and `column` count from 1; without them, it is about the whole program, or the program
    is long. `hint` says how to write what may have been meant."""

    code: WarningCode
    message: Annotated[str, Meta(max_length=1000)]
    line: int | None = None
    column: int | None = None
    hint: Annotated[str, Meta(max_length=1000)] | None = None


class Register(msgspec.Struct, frozen=True):
    """A classical register that the keys of counts show: its name and its size in bits."""

    name: str
    size: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a program before it runs. Of a sweep, it is that of the first program that
    can be run.

    `qubits` and `clbits` are those declared. `depth` and `gates` are those of the program with its
    loops unrolled and its gates expanded, a loop that a measurement ends counted once. `registers`
    in order of declaration. `method` and `memory_bytes`: how it will be simulated, and what the
    state takes. `compile_ms`: how long a processor parsed and compiled it.
    """

    qubits: int
    clbits: int
    depth: int
    gates: dict[str, int]
    registers: list[Register]
    method: Method
    memory_bytes: int
    compile_ms: float


class Expectation(msgspec.Struct, frozen=True):
    """An observable's mean, `value`, and its standard error, `std`: 0 where it is exact, null of
    one shot, which says nothing of it."""

    value: float
    std: float | None


class Rest(msgspec.Struct, frozen=True):
    """The outcomes that are not listed: how many they are, and how probable all together. Those
    that are less probable than 1e-12 are not counted, because most are errors of rounding; their
    probability is."""

    outcomes: int
    probability: float


class Exact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is exactly known of a run without shots.

    `probabilities` by outcome, the most probable first, and the `rest`; none if the program has no
    bits. `statevector` is base64 of little-endian complex numbers of 2 x 8 bytes, or there is a
    reason why it is missing.
    """

    probabilities: dict[str, float] | None = None
    rest: Rest = Rest(0, 0.0)
    statevector: str | None = None
    no_statevector: str = ""


class ItemError(msgspec.Struct, frozen=True):
    """Why one run of a sweep failed: a stable `code`, and a `message` for people."""

    code: str
    message: str


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run gives besides counts, if it was asked for: the bit string of each shot, in order,
    and the expectation value of each observable, or what is exactly known. For a run in a sweep
    that failed, its error."""

    memory: list[str] | None = None
    expectation_values: list[Expectation] | None = None
    exact: Exact | None = None
    error: ItemError | None = None


class Warned(msgspec.Struct, frozen=True):
    """The warnings among what is stored of a program."""

    warnings: list[ProgramWarning] = []


_WARNED = msgspec.json.Decoder(Warned)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def warned(stats: str, more: Sequence[ProgramWarning]) -> str:
    """The stats of a program, as JSON text, with these warnings besides those that are there."""
    if not stats or not more:
        return stats
    every = msgspec.json.encode([*warnings_in(stats), *more])
    return msgspec.json.encode(_MEMBERS.decode(stats) | {"warnings": msgspec.Raw(every)}).decode()


def warnings_in(stats: str | None) -> list[ProgramWarning]:
    """The warnings that are stored with the stats of a program."""
    return _WARNED.decode(stats).warnings if stats and '"warnings"' in stats else []
