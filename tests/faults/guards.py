"""Removes the guards one by one, and tells whether a test notices.

`python tests/faults/guards.py` tries all of them and prints the table of this folder's README.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from guard import Guard
from guards_of_tasks import GUARDS_OF_TASKS
from guards_of_the_edge import GUARDS_OF_THE_EDGE
from throwaway import ThrowawayPostgres

ROOT = Path(__file__).resolve().parents[2]
# It holds whatever guard is missing: a tree in which it fails is broken, not unguarded.
SANITY = "tests/queue/test_store.py::test_a_task_goes_from_submission_to_result"

# The others take longer to start than the tests to run.
_PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider")

GUARDS = [*GUARDS_OF_TASKS, *GUARDS_OF_THE_EDGE]


def without(guard: Guard, postgres: str) -> str:
    """Runs the guard's test, and one for sanity, on a copy of the tree that lacks the guard.

    Returns what pytest said.
    """
    with tempfile.TemporaryDirectory(prefix="qtasks-unguarded-") as name:
        copy = Path(name)
        copy.chmod(0o755)
        for part in ("src", "sql", "tests"):
            shutil.copytree(ROOT / part, copy / part, symlinks=True)
        shutil.copy(ROOT / "pyproject.toml", copy)
        file = copy / guard.file
        text = file.read_text()
        if guard.old not in text:
            raise ValueError(f"{guard.file} has no {guard.old!r}")
        file.write_text(text.replace(guard.old, guard.new))
        home = str(copy / "src")
        uncovered = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", *_PLUGINS, guard.test, SANITY],
                cwd=copy,
                env={
                    **uncovered,
                    "PYTHONPATH": home,
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "QTASKS_TEST_POSTGRES": postgres,
                },
                capture_output=True,
                text=True,
                timeout=300,
            )
        finally:
            _end_all_that_was_started_from(home)
        return done.stdout + done.stderr


def _end_all_that_was_started_from(home: str) -> None:
    """A service that lacks a guard may leave a simulator behind, at work on a core."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if f"PYTHONPATH={home}\0".encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def noticed(output: str) -> bool:
    """Whether the guard's test failed, and only that: the tree as such works."""
    return re.search(r"\b1 failed, 1 passed\b", output) is not None


def table() -> str:
    """Guard and test, as the README has them."""
    rows = [f"| {guard.name} | `{guard.test.rpartition('::')[2]}` |" for guard in GUARDS]
    return "\n".join(["| guard that is removed | test that fails |", "|---|---|", *rows])


def main() -> int:
    """How many guards nobody missed."""
    server = ThrowawayPostgres(max_connections="300")
    url = server.start()
    survivors = 0
    try:
        for guard in GUARDS:
            output = without(guard, url)
            survivors += not noticed(output)
            print(f"{'noticed ' if noticed(output) else 'SURVIVED'}  {guard.name}", flush=True)
            if not noticed(output):
                print(output[-1500:])
    finally:
        server.stop()
    return survivors


if __name__ == "__main__":
    missed = main()
    print(f"\n{table()}")
    sys.exit(missed > 0)
