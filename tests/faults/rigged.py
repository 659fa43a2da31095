"""The service as it is, with two handles for faults that no signal brings about.

SIGUSR1 blocks its event loop for BLOCK_S seconds. CLOCK_OFFSET_S sets its clock wrong.
"""

from __future__ import annotations

import os
import signal
import time

if __name__ == "__main__":
    block_s = float(os.environ.get("BLOCK_S", "20"))
    offset_s = float(os.environ.get("CLOCK_OFFSET_S", "0"))
    right = time.time
    time.time = lambda: right() + offset_s
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(block_s))

    from quantum_tasks.cli import main

    main()
