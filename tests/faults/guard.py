"""A guard of the service, and where the parts of it lie."""

from __future__ import annotations

from dataclasses import dataclass

SQL, MIGRATION, CODE = "sql/queries/", "sql/migrations/", "src/quantum_tasks/"


@dataclass(frozen=True)
class Guard:
    """A guard, how to take it away, and the test that fails without it."""

    name: str
    file: str
    old: str
    new: str
    test: str
