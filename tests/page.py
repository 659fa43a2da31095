"""A page of Markdown whose console blocks are run, and whose answers are compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ELLIPSIS = "…"  # on a page it stands for anything
_UUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
# What differs from run to run: how often an outcome came, and what was measured or estimated.
_VARYING = re.compile(
    rf"(?P<gap>{ELLIPSIS})|(?P<id>{_UUID})|(?P<time>{_TIME})"
    r'|(?P<count>(?<=[01]":)\d+|(?<=^[01]{2},)\d+)|(?P<number>\d+\.\d{3,})',
    re.MULTILINE,
)

_NOTHING = re.compile(r"^: nothing new\n\n", re.MULTILINE)  # of a stream that has to wait


@dataclass
class Step:
    """A command, and what the page says that it prints."""

    command: str
    printed: str


@dataclass
class Recipe:
    """What is under one heading: its steps in order, and its blocks of Python."""

    heading: str
    steps: list[Step] = field(default_factory=list)
    python: list[str] = field(default_factory=list)


def recipes(text: str) -> list[Recipe]:
    """Every part of a page that has something to be run."""
    found = [Recipe("Top")]
    for heading, kind, block in re.findall(
        r"^#{2,3} ([^\n]+)$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        if heading:
            found.append(Recipe(heading))
        elif kind == "console":
            found[-1].steps += _steps(block)
        elif kind == "python":
            found[-1].python.append(block)
    return [recipe for recipe in found if recipe.steps or recipe.python]


def _steps(block: str) -> Iterator[Step]:
    for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = text.splitlines()
        size = next(n for n in range(1, len(lines) + 1) if _is_whole("\n".join(lines[:n])))
        yield Step("\n".join(lines[:size]), "\n".join(lines[size:]))


def _is_whole(command: str) -> bool:
    """Whether the shell would run this, rather than wait for the rest of it."""
    checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False)
    return not checked.returncode and not checked.stderr and not command.endswith("\\")


class Shell:
    """One shell for a recipe; it remembers which id stands for which of the page."""

    _END = "--- end of this command ---"

    def __init__(self, folder: Path, url: str) -> None:
        self._ids: dict[str, str] = {}
        self._url = url.removeprefix("http://")
        self._bash = subprocess.Popen(
            ["bash"], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.communicate()

    def run(self, command: str) -> str:
        """What a command prints."""
        command = command.replace("localhost:8000", self._url)
        # A receiver of the reader's: here, nobody listens.
        command = command.replace("https://yours.example", "https://127.0.0.1:1")
        for here, there in self._ids.items():
            command = command.replace(here, there)
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\necho; echo '{self._END}'\n")
        self._bash.stdin.flush()
        printed = ""
        while not printed.endswith(f"\n{self._END}\n"):
            line = self._bash.stdout.readline()
            assert line, f"the shell has ended: {printed}"
            printed += line
        return printed.removesuffix(f"\n{self._END}\n")

    def check(self, step: Step) -> None:
        """Runs a command; raises AssertionError if it prints other things than the page says."""
        printed = _trimmed(_NOTHING.sub("", self.run(step.command)))
        pattern = self._pattern(_trimmed(step.printed))
        match = re.fullmatch(pattern, printed, re.DOTALL)
        assert match, f"$ {step.command}\nprints\n{printed}\nand not\n{step.printed}"
        for name, text in match.groupdict().items():
            self._ids[name.removeprefix("id_").replace("_", "-")] = text

    def _pattern(self, expected: str) -> str:
        pattern, at = "", 0
        seen = set(self._ids)
        for found in _VARYING.finditer(expected):
            pattern += re.escape(expected[at : found.start()])
            at = found.end()
            kind, text = found.lastgroup, found[0]
            if kind == "id":
                name = f"id_{text.replace('-', '_')}"
                if text in self._ids:
                    pattern += re.escape(self._ids[text])
                else:
                    pattern += f"(?P={name})" if text in seen else f"(?P<{name}>{_UUID})"
                seen.add(text)
            else:
                pattern += {
                    "gap": ".*?",
                    "time": _TIME,
                    "count": r"\d+",
                    "number": r"\d+(?:\.\d+)?",
                }[str(kind)]
        return pattern + re.escape(expected[at:])


def _trimmed(text: str) -> str:
    """Without the blanks at the ends of lines, and empty lines around all."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
