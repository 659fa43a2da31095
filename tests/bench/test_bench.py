"""The commands that measure can be started; what they measure is not a test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        "tests/bench",
        "tests/faults/chaos.py",
        "tests/fuzz/api.py",
        "tests/fuzz/differential.py",
        "tests/fuzz/grammar.py",
        "tests/upstream/survey.py",
    ],
)
def test_a_command_says_how_it_is_used(command):
    done = subprocess.run(
        [sys.executable, command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
