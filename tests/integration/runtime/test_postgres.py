"""The pool: commits, rolls back, and says `Unavailable` when the server is lost."""

import asyncpg
import pytest

from services.kernel.refusal import Unavailable
from services.runtime import postgres as store
from services.runtime.postgres import Pool


async def effects(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM effect")
    return count


async def write(pool: Pool, error: Exception | None = None) -> None:
    async with store.transaction(pool) as connection:
        await connection.execute("INSERT INTO effect (engine_seq) VALUES (1)")
        if error:
            raise error


async def test_a_transaction_is_whole_or_nothing(pool: Pool) -> None:
    with pytest.raises(LookupError):
        await write(pool, LookupError())
    assert await effects(pool) == 0
    await write(pool)
    assert await effects(pool) == 1
    with pytest.raises(asyncpg.UniqueViolationError):
        await write(pool)
    await store.check(pool)


async def die(pool: Pool) -> None:
    async with store.transaction(pool) as connection:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_lost_server_is_unavailable_and_the_pool_heals(pool: Pool) -> None:
    with pytest.raises(Unavailable):
        await die(pool)
    assert await effects(pool) == 0


async def test_no_server_is_one_sentence() -> None:
    with pytest.raises(ConnectionError, match="PostgreSQL cannot be used"):
        async with store.connect("postgresql://nobody@127.0.0.1:1/nothing"):
            raise AssertionError
