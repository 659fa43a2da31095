"""A test that hangs fails by its name, says where it stood, and holds up no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio, contextlib, subprocess, threading, time
import pytest

async def wait_for_nobody():
    await asyncio.Event().wait()

async def swallow():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await wait_for_nobody()

def test_in_python():
    while True:
        time.sleep(0.01)

def test_in_c():
    subprocess.run(["sleep", "60"])

def test_in_a_lock():
    threading.Lock().acquire() and threading.Event().wait()

async def test_in_a_task():
    await asyncio.create_task(wait_for_nobody(), name="who waits")

async def test_with_a_task_that_cannot_be_cancelled():
    asyncio.create_task(swallow(), name="who swallows")
    await asyncio.sleep(0)

@pytest.fixture
def never_ready():
    time.sleep(60)

def test_with_a_fixture_that_hangs(never_ready):
    pass

@pytest.fixture
async def never_gone():
    yield
    await wait_for_nobody()

async def test_with_a_fixture_that_does_not_go(never_gone):
    pass

async def test_that_fails_with_a_fixture_that_does_not_go(never_gone):
    assert False

@pytest.mark.timeout(30)
def test_that_takes_longer_and_says_so():
    time.sleep(1)

def test_that_does_not_hang():
    pass
"""
DEAF = """
import ctypes

def test_deaf():
    ctypes.PyDLL(None).sleep(60)

def test_other():
    pass
"""
HANGING = {
    "in_python": "time.sleep(0.01)",
    "in_c": "waitpid",
    "in_a_lock": "threading.Event().wait()",
    "in_a_task": "Task who waits",
    "with_a_task_that_cannot_be_cancelled": "Task who swallows",
    "with_a_fixture_that_hangs": "in never_ready",
    "with_a_fixture_that_does_not_go": "await wait_for_nobody()",
    "that_fails_with_a_fixture_that_does_not_go": "await wait_for_nobody()",
}


def run(folder: Path, tests: str, *arguments: str) -> str:
    (folder / "conftest.py").write_text('pytest_plugins = ["hanging"]\n')
    (folder / "test_it.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", ".",
         "-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "xdist",
         "-p", "no:cacheprovider", "-ra", "-o", "asyncio_mode=auto",
         "-o", "timeout=0.5", "-o", "timeout_method=signal", *arguments],
        cwd=folder,
        env=os.environ | {
            "PYTHONPATH": str(Path(__file__).parent), "QTASKS_TEST_HANGING_AGAIN_S": "0.5",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # most of them take longer to import
        },
        capture_output=True,
        text=True,
        timeout=100,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_test_that_hangs_fails_by_its_name_and_the_others_go_on(tmp_path):
    said = run(tmp_path, TESTS, "-n", "3")
    for name, where in HANGING.items():
        assert re.search(rf"^(FAILED|ERROR) test_it.py::test_{name}\b", said, re.MULTILINE), said
        assert where in said
    # Where a fixture does not go, the test itself may have passed.
    assert re.search(r"\b5 failed, 4 passed, 4 errors\b", said), said


def test_a_call_into_c_that_does_not_return_costs_its_process_and_no_other_test(tmp_path):
    said = run(
        tmp_path,
        DEAF,
        "-n",
        "1",
    )
    assert "FAILED test_it.py::test_deaf" in said
    assert "in test_deaf" in said  # the stack of its thread
    assert re.search(r"\b1 failed, 1 passed\b", said), said
