"""PostgreSQL: one pool per process, one database per service.

A use case is one transaction; no call to another process happens inside it. A server that is lost, or does not answer
in time, is a refusal `Unavailable` to whoever asked; what SQL itself refuses stays asyncpg's exception.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from services.kernel.refusal import Unavailable

MAX_CONNECTIONS = 10
STATEMENT_LIMIT = timedelta(seconds=5)
ACQUIRE_LIMIT = timedelta(seconds=2)
CONNECT_LIMIT = timedelta(seconds=2)

if TYPE_CHECKING:  # generic in the stubs, plain classes when they run
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def is_lost(error: BaseException) -> bool:
    """Tell whether the server, and not the statement, is the trouble.

    asyncpg's InterfaceError is both: a connection found closed, or (a ValueError then) an argument that fits no column.
    """
    return isinstance(error, _LOST) or (isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError))


@asynccontextmanager
async def connect(dsn: str, *, max_connections: int = MAX_CONNECTIONS) -> AsyncIterator[Pool]:
    """Open a pool; raises ConnectionError, in one sentence, if the server does not answer."""
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=max_connections,
            timeout=CONNECT_LIMIT.total_seconds(),
            command_timeout=STATEMENT_LIMIT.total_seconds(),
            server_settings={"jit": "off"},
        )
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
        raise ConnectionError(f"PostgreSQL cannot be used: {error or type(error).__name__}") from error
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection, for reads; raises `Unavailable` when the server is lost."""
    with _lost_is_unavailable():
        async with pool.acquire(timeout=ACQUIRE_LIMIT.total_seconds()) as borrowed:
            yield borrowed


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection inside one transaction: committed at the end, rolled back on any exception.

    Raises `Unavailable` when the server is lost; whether a commit took effect is then unknown, as it is to any client.
    """
    async with connection(pool) as borrowed, borrowed.transaction():
        yield borrowed


async def check(pool: Pool) -> None:
    """Raise unless the server answers."""
    await pool.fetchval("SELECT 1")


@contextmanager
def _lost_is_unavailable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_lost(error):
            raise
        raise Unavailable("The store does not answer; retry with the same ids.") from error
