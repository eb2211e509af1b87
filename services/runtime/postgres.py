"""PostgreSQL: one pool per process, one database per service.

A use case is one transaction; no call to another process happens inside it. A server that is lost, or does not answer
in time, is a refusal `Unavailable` to whoever asked; what SQL itself refuses stays asyncpg's exception.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from services.kernel.refusal import Unavailable

MAX_CONNECTIONS = 10
STATEMENT_LIMIT = timedelta(seconds=5)
ACQUIRE_LIMIT = timedelta(seconds=2)
CONNECT_LIMIT = timedelta(seconds=2)
CLOSE_LIMIT = timedelta(seconds=1)
"""How long the server may take to part with its connections at the end; then they are cut."""

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
    asyncpg.InternalClientError,  # a connection that is lost in the moment in which it is given back
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
            max_cached_statement_lifetime=0,  # an expired statement is closed on the server without a limit
            server_settings={"jit": "off"},
        )
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
        raise ConnectionError(f"PostgreSQL cannot be used: {error or type(error).__name__}") from error
    try:
        yield pool
    finally:
        await _close(pool)


async def _close(pool: Pool) -> None:
    """Close the pool; a server that is lost, or too slow, is not waited for: asyncpg then cuts the connections."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT.total_seconds()):
            await pool.close()
    except Exception as error:
        if not is_lost(error):
            raise


@asynccontextmanager
async def borrow(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection; taking it, and giving it back, wait no longer than ACQUIRE_LIMIT.

    What ended the body is raised even if the connection cannot be given back in order: an error of the lost connection
    in the place of a cancellation would have the task live on.
    """
    borrowed = await pool.acquire(timeout=ACQUIRE_LIMIT.total_seconds())
    try:
        yield borrowed
    except BaseException:
        with suppress(Exception):  # asyncpg has cut the connection then
            await pool.release(borrowed)
        raise
    await pool.release(borrowed)


@asynccontextmanager
async def atomic(connection: Connection) -> AsyncIterator[None]:
    """Run the body in one transaction; what ended the body is raised even if nothing can be rolled back any more."""
    work = connection.transaction()
    await work.start()
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the server rolls back what it has not committed
            await work.rollback()
        raise
    await work.commit()


def cut(connection: Connection) -> None:
    """End a connection without a word to the server, so that it neither waits nor fails, even if it is lost already.

    What the connection held (locks, what it listened to, an open transaction) ends with it.
    """
    with suppress(asyncpg.InterfaceError):  # it was lost, and the pool has taken it back
        connection.terminate()


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection, for reads; raises `Unavailable` when the server is lost."""
    with _lost_is_unavailable():
        async with borrow(pool) as borrowed:
            yield borrowed


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection inside one transaction: committed at the end, rolled back on any exception.

    Raises `Unavailable` when the server is lost; whether a commit took effect is then unknown, as it is to any client.
    """
    async with connection(pool) as borrowed, atomic(borrowed):
        yield borrowed


async def check(pool: Pool) -> None:
    """Raise unless the server answers."""
    async with borrow(pool) as borrowed:
        await borrowed.fetchval("SELECT 1")


@contextmanager
def _lost_is_unavailable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_lost(error):
            raise
        raise Unavailable("The store does not answer; retry with the same ids.") from error
