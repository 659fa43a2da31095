"""The statements of `sql/queries`, one per file, by file name; a folder for each who asks them."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def sql_folder(name: str) -> Traversable:
    """`sql/migrations` or `sql/queries`, which travel inside the package."""
    return files("quantum_tasks") / "sql" / name


def _read_all() -> dict[str, str]:
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for folder in sql_folder("queries").iterdir()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


QUERIES = _read_all()
