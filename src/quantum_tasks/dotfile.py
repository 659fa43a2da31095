"""The file `.env`, read by python-dotenv, which would only log a line that it cannot read."""

from __future__ import annotations

import io
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from quantum_tasks.errors import SettingsError


def read(file: Path) -> dict[str, str | None]:
    """What a `.env` file has. Raises SettingsError for a line that cannot be read."""
    if not file.is_file():
        return {}
    try:
        lines = [*parse_stream(io.StringIO(file.read_text(encoding="utf-8")))]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None
    for line in lines:
        if line.error:
            raise SettingsError(f"{file}, line {line.original.line}: expected NAME=value")
    return dotenv_values(file, interpolate=False)
