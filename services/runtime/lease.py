"""One process at a time: a lease is an advisory lock of PostgreSQL, held by the connection that does the work.

Who loses the connection loses the lease with it, so nothing can be written under a lease that is gone.
"""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.kernel.clock import Clock
from services.runtime.postgres import Connection, Pool, borrow, cut

POLL = timedelta(seconds=1)
"""How often those who wait look whether the lease is free."""

_SPACE = 0x6C656173  # "leas": keeps these locks apart from others


@asynccontextmanager
async def leased(pool: Pool, name: str, clock: Clock) -> AsyncIterator[Connection]:
    """Wait until no other process holds the lease `name`, then give the connection that holds it.

    The connection is cut at the end and the lease goes with it: letting go never waits for a server that is lost.
    Raises what asyncpg raises when the server is lost.
    """
    key = zlib.crc32(name.encode()) - 2**31
    while True:
        async with borrow(pool) as connection:
            if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _SPACE, key):
                try:
                    yield connection
                finally:
                    cut(connection)
                return
        await clock.sleep(POLL)
