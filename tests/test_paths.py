"""What the pages for people point at exists: files, and headings of the pages themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "quantum_tasks"
# The pages, and the folders besides these two that their paths may be below.
PAGES = {
    "README.md": [],
    "CONTRIBUTING.md": [],
    "tests/bench/README.md": ["tests/bench"],
    "tests/faults/README.md": ["tests/faults", "tests/attackers"],
}

_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_WORD = re.compile(r"[\w./*-]+")
_FILE = re.compile(r"\.(py|md|sql|toml|lock|yaml|example)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def paths(text: str) -> Iterator[str]:
    """The words in backticks that look like files of ours, or lie in a folder of ours."""
    folders = {path.name for base in (ROOT, SOURCE) for path in base.iterdir() if path.is_dir()}
    for code in _CODE.findall(_BLOCK.sub("", text)):
        for word in _WORD.findall(code):
            first, slash, _ = word.partition("/")
            ours = bool(slash) and first in folders
            if ours or (_FILE.search(word) and not word.startswith("/")):
                yield word.replace("NNNN_name", "*")


def exists(path: str, folders: list[str]) -> bool:
    bases = [ROOT, SOURCE, *(ROOT / folder for folder in folders)]
    return any(any(base.glob(path.rstrip("/"))) for base in bases)


def anchors(text: str) -> set[str]:
    """The names by which links reach headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str):
    named = set(paths((ROOT / page).read_text()))
    assert len(named) > 5
    assert not sorted(path for path in named if not exists(path, PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str):
    text = (ROOT / page).read_text()
    for link in _LINK.findall(text):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.parametrize(
    "text", ["`nowhere.py`", "`queue/nowhere`", "`fence/*.nothing`", '`make x ARGS="tests/no.py"`']
)
def test_a_path_to_nowhere_is_noticed(text: str):
    assert [path for path in paths(text) if not exists(path, [])]


@pytest.mark.parametrize("text", ["`/v1/tasks`", "`application/problem+json`", "`…/circuit.svg`"])
def test_what_is_no_path_of_ours_is_not_looked_for(text: str):
    assert not list(paths(text))
