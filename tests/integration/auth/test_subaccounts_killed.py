"""auth killed at each step of making a sub-account: the same request makes one, whatever became of the call before.

The test holds what a step waits for, a lock of PostgreSQL, so that the kill comes exactly there.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import grpc
import pytest

from exchange.auth.v1.user_events_pb2 import UserEvent
from services.auth.store import USER_EVENTS
from services.kernel.firm import subaccount
from services.runtime import postgres
from tests.integration.auth.site import Site
from tests.integration.auth.test_process import LIMIT_S, auth_process
from tests.integration.auth.test_subaccounts import FIRM, create, first_trader, listed

FIRST, SECOND = (subaccount(FIRM, number) for number in (1, 2))

COMMIT = 4711
WAITS_AT_ITS_COMMIT = f"""
    CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock({COMMIT}); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER at_the_commit AFTER INSERT ON subaccounts DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_for_the_test();
"""
WAITS_FOR_COMMIT = "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = $1"
WAITS_FOR_TABLE = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass AND mode = $2"
WRITES, TAKES, KEEPS_AS_IT_IS = "RowExclusiveLock", "AccessExclusiveLock", "ShareLock"


@dataclass
class Scene:
    """auth as a process with a call that makes a sub-account, and sessions with its database."""

    site: Site
    begin: Callable[[], None]
    """Makes the call, once the lock that it is to wait for is held."""
    kill: Callable[[], Awaitable[None]]
    eye: asyncpg.Connection
    gate: asyncpg.Connection
    hand: asyncpg.Connection
    other_hand: asyncpg.Connection

    async def until(self, query: str, *arguments: object) -> int:
        """Wait until the query finds something."""
        async with asyncio.timeout(LIMIT_S):
            while (found := await self.eye.fetchval(query, *arguments)) is None:
                pass
        return int(found)

    @asynccontextmanager
    async def keeping(self, table: str) -> AsyncIterator[None]:
        """Let nobody write to a table."""
        async with self.hand.transaction():
            await self.hand.execute(f"LOCK TABLE {table} IN SHARE MODE")
            self.begin()
            yield

    @asynccontextmanager
    async def at_the_commit(self) -> AsyncIterator[int]:
        """Hold the transaction when all is written and its commit has begun; give the number of its backend."""
        async with self.gate.transaction():
            await self.gate.execute(f"SELECT pg_advisory_xact_lock({COMMIT})")
            self.begin()
            yield await self.until(WAITS_FOR_COMMIT, COMMIT)

    @asynccontextmanager
    async def after_the_commit(self, mode: str, waits: str) -> AsyncIterator[None]:
        """Have a lock on the outbox from the moment at which the transaction has committed."""
        async with self.hand.transaction():
            async with self.at_the_commit():
                locking = asyncio.create_task(self.hand.execute(f"LOCK TABLE outbox IN {mode} MODE"))
                await self.until(WAITS_FOR_TABLE, "outbox", waits)
            await locking
            yield


async def before_its_insert(scene: Scene) -> None:
    async with scene.keeping("subaccounts"):
        await scene.until(WAITS_FOR_TABLE, "subaccounts", WRITES)
        await scene.kill()


async def before_its_outbox(scene: Scene) -> None:
    async with scene.keeping("outbox"):
        await scene.until(WAITS_FOR_TABLE, "outbox", WRITES)
        await scene.kill()


async def in_a_commit_that_is_lost(scene: Scene) -> None:
    async with scene.at_the_commit() as backend:
        await scene.kill()
        await scene.eye.execute("SELECT pg_terminate_backend($1, 5000)", backend)


async def in_a_commit_that_is_kept(scene: Scene) -> None:
    async with scene.at_the_commit():
        await scene.kill()
    await scene.until("SELECT 1 FROM subaccounts")


async def after_its_commit(scene: Scene) -> None:
    """Neither the engine nor the client has heard: who tells them looks into the outbox first."""
    async with scene.after_the_commit("ACCESS EXCLUSIVE", TAKES):
        await scene.kill()
    assert list(scene.site.engine.accounts) == [FIRM]


async def when_the_engine_has_it_and_the_outbox_too(scene: Scene) -> None:
    async with scene.after_the_commit("SHARE", KEEPS_AS_IT_IS):
        await scene.until(WAITS_FOR_TABLE, "outbox", WRITES)
        await scene.kill()
    assert list(scene.site.engine.accounts) == [FIRM, FIRST]


async def when_all_is_done_but_the_answer(scene: Scene) -> None:
    async with scene.other_hand.transaction():
        async with scene.after_the_commit("SHARE", KEEPS_AS_IT_IS):
            await scene.until(WAITS_FOR_TABLE, "outbox", WRITES)
            locking = asyncio.create_task(scene.other_hand.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
            await scene.until(WAITS_FOR_TABLE, "outbox", TAKES)
        await locking
        assert not await scene.other_hand.fetchval("SELECT count(*) FROM outbox WHERE destination = 'engine'")
        await scene.kill()


@pytest.mark.parametrize(
    ("step", "is_kept"),
    [
        (before_its_insert, False),
        (before_its_outbox, False),
        (in_a_commit_that_is_lost, False),
        (in_a_commit_that_is_kept, True),
        (after_its_commit, True),
        (when_the_engine_has_it_and_the_outbox_too, True),
        (when_all_is_done_but_the_answer, True),
    ],
)
async def test_the_same_request_makes_one_wherever_auth_was_killed(
    site: Site, step: Callable[[Scene], Awaitable[None]], *, is_kept: bool
) -> None:
    async with site.engine_up():
        token = await cut_short(site, step)
        async with site.auth_up() as client:
            assert await listed(client, token) == ([str(FIRST)] if is_kept else [])
            assert await create(client, token) == str(FIRST)
            assert await create(client, token, "second", "Desk 2") == str(SECOND)
            assert await listed(client, token) == [str(FIRST), str(SECOND)]
            async with asyncio.timeout(LIMIT_S):
                await site.engine.opened(SECOND)
    assert list(site.engine.accounts) == [FIRM, FIRST, SECOND]
    assert await announced(site) == [FIRST, SECOND]


async def announced(site: Site) -> list[int]:
    """Return the sub-accounts that others will hear of, as often as they will."""
    async with postgres.connect(site.postgres_dsn) as pool:
        rows = await pool.fetch("SELECT payload FROM outbox WHERE destination = $1 ORDER BY outbox_id", USER_EVENTS)
    events = [UserEvent.FromString(row["payload"]) for row in rows]
    return [event.subaccount_created.account_id for event in events if event.HasField("subaccount_created")]


async def cut_short(site: Site, step: Callable[[Scene], Awaitable[None]]) -> str:
    """Kill auth at that step of the call, and return the token that it was made with."""
    async with auth_process(site.environment()) as process, connections(site) as (eye, gate, hand, other_hand):

        async def kill() -> None:
            process.kill()
            await process.wait()

        async with first_trader(site, process) as (client, token):
            await eye.execute(WAITS_AT_ITS_COMMIT)
            calls: list[asyncio.Task[str]] = []

            def begin() -> None:
                calls.append(asyncio.create_task(create(client, token)))

            await step(Scene(site, begin, kill, eye, gate, hand, other_hand))
            with pytest.raises(grpc.aio.AioRpcError):
                await calls[0]
        await eye.execute("DROP FUNCTION wait_for_the_test CASCADE")
    return token


@asynccontextmanager
async def connections(site: Site) -> AsyncIterator[tuple[asyncpg.Connection, ...]]:
    opened = [await asyncpg.connect(site.postgres_dsn) for _ in range(4)]
    try:
        yield tuple(opened)
    finally:
        for connection in opened:
            await connection.close()
