"""What the fork server imports once, so that every child is born warm.

Importing this module does work, unlike any other here: it is the only moment at which the fork
server runs code of ours. One parse builds the parser's tables and one translation the pass
manager's, and all children share those pages.
"""

from __future__ import annotations

import gc

from quantum_tasks.fence.inside import main as child

child.warm_up()
gc.collect()
gc.freeze()  # the collector must not touch, and so copy, what children share
