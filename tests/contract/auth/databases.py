"""Auth's database for one test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.auth.store import PostgresStore
from services.runtime import migrate, postgres


@asynccontextmanager
async def postgres_store(dsn: str) -> AsyncIterator[PostgresStore]:
    """Bring an empty database to auth's schema, and open a store on it."""
    await migrate.apply(dsn, migrate.folder_of("auth"))
    async with postgres.connect(dsn) as pool:
        yield PostgresStore(pool)
