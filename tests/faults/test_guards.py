"""A suite that passes without a guard tests nothing: each one is removed in turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from guards import GUARDS, ROOT, Guard, noticed, table, without

# Each takes three seconds of a core. `make guards` tries all of them; here it is every 40th.
_TRIED = GUARDS[::40]


@pytest.mark.timeout(700)
@pytest.mark.parametrize("guard", _TRIED, ids=lambda guard: guard.name)
def test_a_test_fails_without(guard: Guard, postgres: str):
    for _ in range(2):  # some guard against moments, which a loaded machine may miss once
        output = without(guard, postgres)
        if noticed(output):
            return
    pytest.fail(output[-3000:])


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_each_guard_is_where_it_is_said_to_be_and_has_its_test(guard: Guard):
    assert guard.old in (ROOT / guard.file).read_text()
    file, _, name = guard.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text()


def test_the_table_in_the_readme_is_the_one_that_is_tested():
    assert table() in (Path(__file__).parent / "README.md").read_text()
