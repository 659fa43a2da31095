"""The modules that the fork server imports once, so that every child starts with them.

Unlike all other modules, this one does work when it is imported, because the fork server runs no
other code of this service. One parse builds the tables of the parser, one translation those of the
pass manager; all children share this memory.
"""

from __future__ import annotations

import gc

from quantum_tasks.fence.inside import main as child

child.warm_up()
gc.collect()
gc.freeze()  # the collector must not touch, and so copy, what children share
