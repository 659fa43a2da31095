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
    ],
)
def test_a_command_says_how_it_is_used(command):
    assert said([command, "--help"], ROOT).startswith("usage: ")


def test_the_survey_of_plain_libraries_says_how_it_is_used():
    assert said(["-m", "upstream.survey", "--help"], ROOT / "tests").startswith("usage: ")


def said(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
