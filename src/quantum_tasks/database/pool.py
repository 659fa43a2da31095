"""The connection pool that everything in this process shares."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from quantum_tasks.errors import DatabaseUnavailable, OutcomeUnknown, StartError

logger = logging.getLogger(__name__)

# asyncpg has no types of its own.
Connection: TypeAlias = asyncpg.Connection
Pool: TypeAlias = asyncpg.Pool

STATEMENT_TIMEOUT_S = 10.0
ACQUIRE_TIMEOUT_S = 5.0

# What asyncpg raises when the server is away, going away, coming back or out of space. The same
# statement may succeed later.
OUTAGES = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "another operation is in progress": it was cut off
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
# The errors after which a statement was certainly not executed.
_UNDONE = (
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.QueryCanceledError,
)

CONNECT_ARGS = {
    "timeout": ACQUIRE_TIMEOUT_S,
    "command_timeout": STATEMENT_TIMEOUT_S,
    "server_settings": {
        "application_name": "quantum-tasks",
        # Planning a statement takes longer than executing it, so each is planned once. The plan
        # must not depend on what the tables contained at that time: every statement is meant to
        # use its indexes.
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        # Generic plans would use parallel workers, whose start takes longer than the statements.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "timezone": "UTC",
        # The guards in the statements are written for this isolation level; the database may have
        # another default.
        "default_transaction_isolation": "read committed",
        # After a client froze or vanished, its transaction must not hold locks for long; the
        # sweep's lock is one of them.
        "idle_in_transaction_session_timeout": "5s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    },
}


async def create_pool(
    url: str, connections: int, statement_timeout_s: float = STATEMENT_TIMEOUT_S
) -> Pool:
    """A pool that connects at its first use, so that it can be created while the server is
    away."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=connections,
        init=_init,
        reset=_no_reset,
        **{**CONNECT_ARGS, "command_timeout": statement_timeout_s},
    )


async def wait_until_reachable(url: str, patience_s: float) -> None:
    """Returns once the server takes connections.

    Raises StartError if it does not after `patience_s` seconds, or if it refuses the connection
    for a reason that will not pass.
    """
    deadline = time.monotonic() + patience_s
    waiting = False
    while True:
        try:
            connection = await asyncpg.connect(url, **CONNECT_ARGS)
        except (
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
            ValueError,
        ) as error:
            raise StartError(f"DATABASE_URL: {error}") from None
        except OUTAGES as error:
            if time.monotonic() >= deadline:
                raise StartError(
                    f"no Postgres answers at DATABASE_URL after {patience_s:g} s "
                    f"({_reason(error)}). Is it running, and are host and port right? "
                    "Without DATABASE_URL, this program starts an embedded Postgres."
                ) from None
            if not waiting:
                logger.warning(
                    "waiting for the database",
                    extra={"reason": _reason(error), "at_most_s": patience_s},
                )
            waiting = True
            await asyncio.sleep(0.5)
        else:
            await connection.close()
            return


async def answers(url: str) -> bool:
    """Whether a server takes connections now."""
    try:
        connection = await asyncpg.connect(url, **CONNECT_ARGS)
    except OUTAGES:
        return False
    await connection.close()
    return True


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection from the pool. Raises DatabaseUnavailable if there is none in time, or if it
    breaks in use; the subclass OutcomeUnknown if the statement may have been executed."""
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as acquired:
            try:
                yield acquired
            except OUTAGES as error:
                acquired.terminate()  # its state is unknown: nobody may use it again
                if isinstance(error, _UNDONE):
                    raise
                raise OutcomeUnknown(retry_after_s=5) from error
    except OUTAGES as error:
        raise DatabaseUnavailable(retry_after_s=5) from error


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def _init(connection: Connection) -> None:
    # procrastinate expects its jsonb columns as objects. Binary, because asyncpg sends arrays
    # of composites in binary and takes no text codec inside them.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(),
        decoder=lambda data: json.loads(data[1:]),
    )


async def _no_reset(connection: Connection) -> None:
    """Does nothing: this service sets no session state, and asyncpg's reset query would cost a
    round trip per use."""
