"""What an instance can run: the simulators that it has, found without importing any, and the
memory that a run may take. Instances of one service may differ in both."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Mapping
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

# What every instance has at least: these engines, and so many MiB (SIMULATOR_MEMORY_MB).
ALWAYS = ("branching", "aer")
LEAST_MEMORY_MB = 64
# What is not installed everywhere, and can be switched off (DISABLED_ENGINES).
OPTIONAL = ("qsim", "stim")
# Each engine's package, in the order of preference; one of our own has none.
_PACKAGES = {"qsim": "qsimcirq", "branching": "", "stim": "stim", "aer": "qiskit-aer"}
_BLOCK = 64 << 20

# The engines that can run a task, each with the MiB that an instance must allow for it. A task
# that every instance can run has no needs: None.
Needs = Mapping[str, int]


class Capability(msgspec.Struct, frozen=True):
    """What an instance can run: `engines` by name, without their versions, and `memory_mb`, which
    one run may take."""

    memory_mb: int
    engines: tuple[str, ...]

    def meets(self, needs: Needs | None) -> bool:
        """Whether it can run a task with these needs. (Claims ask the same: claim.sql.)"""
        return needs is None or any(
            name in self.engines and mb <= self.memory_mb for name, mb in needs.items()
        )


def engines(disabled: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the engines that are installed and not disabled, in the order of preference."""
    return tuple(name for name in _installed() if name not in disabled)


def releases(disabled: Collection[str] = ()) -> list[str]:
    """The same with their versions, as records of tasks name them: "qsim 0.22.1"."""
    return [release for name, release in _installed().items() if name not in disabled]


def release(name: str) -> str:
    """An engine's name with its version; the name alone if it is not installed."""
    return _installed().get(name, name)


@cache
def _installed() -> dict[str, str]:
    found = {}
    for name, package in _PACKAGES.items():
        if not package:
            found[name] = name
        elif name != "qsim" or qsim_modules() is not None:
            try:
                found[name] = f"{name} {version(package)}"
            except PackageNotFoundError:
                continue
    return found


def qsim_modules() -> Path | None:
    """The folder of qsim's compiled modules, which are loaded without their package; None where
    there are none."""
    spec = importlib.util.find_spec(_PACKAGES["qsim"])
    for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
        if any((folder / f"qsim_decide{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
            return folder
    return None


def block_bytes(memory_mb: int) -> int:
    """How much of a state in single precision is looked at at once while its shots are drawn, so
    that this takes little beside the state: an eighth of the memory, or 64 MiB."""
    return min(_BLOCK, memory_mb << 17)


def single_bytes(qubits: int, memory_mb: int) -> int:
    """What a state vector in single precision takes, and the drawing of its shots."""
    state = 8 << qubits
    return state + min(state, block_bytes(memory_mb))


def single_mb(qubits: int) -> int:
    """The least memory in MiB into which that fits."""
    state = 8 << qubits
    return min(-(-state // (7 << 17)), -(-(state + _BLOCK) >> 20))


def double_bytes(qubits: int) -> int:
    """What a state vector in double precision takes."""
    return 16 << qubits


def vector_qubits(memory_mb: int) -> tuple[int, int]:
    """How many qubits fit into a state vector in single and in double precision."""
    single = double = 0
    while single_bytes(single + 1, memory_mb) <= memory_mb << 20:
        single += 1
    while double_bytes(double + 1) <= memory_mb << 20:
        double += 1
    return single, double
