"""A connection for reading or filling whole tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from quantum_tasks.database.pool import ACQUIRE_TIMEOUT_S, OUTAGES, Connection
from quantum_tasks.errors import StartError


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection without the limits of those of the service, whose statements are short. Raises
    StartError if the database goes away or refuses something."""
    try:
        db = await asyncpg.connect(
            url,
            timeout=ACQUIRE_TIMEOUT_S,
            server_settings={
                "application_name": "quantum-tasks",
                "timezone": "UTC",
                # The text of a number of any kind must be the number.
                "extra_float_digits": "1",
                "statement_timeout": "0",
                "lock_timeout": "0",
                "idle_in_transaction_session_timeout": "0",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )
        try:
            yield db
        finally:
            db.terminate()  # at once: what is not committed is undone
    except OUTAGES as error:
        reason = str(error) or type(error).__name__
        raise StartError(f"the database went away ({reason}); nothing was changed") from None
    except asyncpg.PostgresError as error:
        raise StartError(f"the database refuses it ({error}); nothing was changed") from None
