"""The statements of `sql/queries`, one per file, by the name of the file. The folders group them
by the code that uses them."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def sql_folder(name: str) -> Traversable:
    """The folder `sql/migrations` or `sql/queries`; both are part of the package."""
    return files("quantum_tasks") / "sql" / name


def _read_all() -> dict[str, str]:
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for folder in sql_folder("queries").iterdir()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


QUERIES = _read_all()
