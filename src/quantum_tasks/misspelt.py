"""Names of settings that nobody knows, which would be ignored without a word."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from quantum_tasks.errors import SettingsError

# What other programs read from the same file: compose, the image of Postgres, libpq.
_OF_OTHERS = ("COMPOSE_", "DOCKER_", "POSTGRES_", "PG", "QTASKS_")
_CLOSE = 0.6  # difflib's ratio, for a hint
_ALIKE = (
    0.88  # so close that a name in the environment, which is everybody's, must be meant for us
)
_SHORTEST = 7  # characters: shorter ones are close to too many


def check(known: Collection[str], in_file: Collection[str], environ: Mapping[str, str]) -> None:
    """Raises SettingsError for a name in the file that is no setting, and for one in the
    environment that is nearly a setting which is not set itself."""
    for name in in_file:
        if name in known or name.startswith(_OF_OTHERS):
            continue
        close = difflib.get_close_matches(name.upper(), known, n=1, cutoff=_CLOSE)
        hint = f"; did you mean {close[0]}?" if close else ", see .env.example"
        raise SettingsError(f".env: there is no setting {name}{hint}")
    for name in environ.keys() - known:
        if len(name) < _SHORTEST or name.startswith(_OF_OTHERS):
            continue
        close = difflib.get_close_matches(name.upper(), known, n=1, cutoff=_ALIKE)
        if close and close[0] not in environ and close[0] not in in_file:
            raise SettingsError(
                f"The environment has {name}, which is no setting; did you mean {close[0]}?"
            )
