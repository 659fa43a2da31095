"""The service as it is, but for Aer, which fails with three qubits and more."""

from __future__ import annotations

import sys
from typing import Any

if __name__ == "__main__":
    from quantum_tasks.cli import main
    from quantum_tasks.fence import pool

    pool.PRELOAD = "failing"  # what the simulator's processes import: this
    sys.exit(main())

from quantum_tasks.engines.aer import controller
from quantum_tasks.fence.inside import preload

_aer = controller.aer_controller


class Failing:
    """Aer's controller, out of order. It is tried out with fewer qubits before it is used."""

    def __init__(self) -> None:
        self._aer = _aer()

    def execute(self, circuits: list[Any], *rest: Any) -> Any:
        if circuits[0].num_qubits < 3:
            return self._aer.execute(circuits, *rest)
        return {"success": False, "results": [], "status": "ERROR: out of order"}


assert preload
controller.aer_controller = Failing
