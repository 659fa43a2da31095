"""Compiled modules of other packages, loaded without the packages around them.

To import qiskit_aer is to import Qiskit, which takes most of a second and 100 MB; qsimcirq would
bring Cirq. Of both we need one compiled module, which loads within milliseconds.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType


def folder_of(package: str) -> Path:
    """Where an installed package is. Raises ModuleNotFoundError if it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parent


def load(name: str, folder: Path) -> ModuleType:
    """The compiled module with this full name, from a folder. Whoever imports its package later
    gets the same: its types cannot be registered twice in a process."""
    if name not in sys.modules:
        stem = name.rpartition(".")[2]
        file = next(f for s in EXTENSION_SUFFIXES if (f := folder / f"{stem}{s}").exists())
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
