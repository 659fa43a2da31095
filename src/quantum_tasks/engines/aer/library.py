"""Aer's compiled module, without Qiskit, which would take longer to import than all the rest of a
child, and more memory."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from quantum_tasks.engines.extensions import folder_of, load

PACKAGE = folder_of("qiskit_aer")
aer: Any = load("qiskit_aer.backends.controller_wrappers", PACKAGE / "backends")

# When Aer first reads a dictionary, it imports these modules for one class each: it asks of every
# value whether it is an instance of that class.
_CLASSES = {
    "qiskit_aer.noise.noise_model": "NoiseModel",
    "qiskit_aer.backends.backend_utils": "CircuitHeader",
}


def usual_config() -> Any:
    """What AerSimulator() asks for; most of it is what AerConfig() has from the beginning."""
    config = aer.AerConfig()
    config.library_dir = str(PACKAGE / "backends")
    config.num_threads_per_device = 1
    return config


def aer_controller() -> Any:
    """What runs circuits."""
    found = aer.aer_controller_execute()
    if "qiskit_aer" not in sys.modules:
        circuit = aer.AerCircuit()
        circuit.measure([0], [0], [])  # a qubit and a bit that it does not have: it is not run
        with _stand_ins():
            found.execute([circuit], {}, usual_config())
    return found


class _StandIn(type):
    """The type of a class that stands for another, which may be imported later."""

    def __instancecheck__(cls, instance: object) -> bool:
        module = sys.modules.get(cls.__module__)
        return module is not None and isinstance(instance, getattr(module, cls.__name__))


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """Modules with classes to look for, in place of those that would import Qiskit."""
    modules = {"qiskit_aer": ModuleType("qiskit_aer")}
    for name, sought in _CLASSES.items():
        modules[name] = ModuleType(name)
        setattr(modules[name], sought, _StandIn(sought, (), {"__module__": name}))
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
