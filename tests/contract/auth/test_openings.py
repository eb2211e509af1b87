"""What watching an account opening promises: the one in memory, and the outbox that delivers to an engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry

from services.auth.model import AccountOpening, OpeningRequestId
from services.auth.peers import OutboxOpenings
from services.auth.ports import Openings, Store
from services.auth.store import ENGINE, PostgresStore
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.ids import AccountId
from services.kernel.refusal import Unavailable
from services.runtime import migrate, postgres
from services.runtime.outbox import Outbox, Row
from tests.fakes.auth import MemoryOpenings, MemoryStore


@dataclass
class Opening:
    store: Store
    openings: Openings
    engine: Callable[[bool], None]
    """Lets the engine answer, or not."""


@pytest.fixture(params=["memory", "outbox"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres") if request.param == "outbox" else None


@pytest.fixture
async def opening(dsn: str | None) -> AsyncIterator[Opening]:
    if dsn is None:
        store = MemoryStore()
        fake = MemoryOpenings(store)
        yield Opening(store, fake, lambda up: setattr(fake, "engine_is_up", up))
        return
    await migrate.apply(dsn, migrate.folder_of("auth"))
    async with postgres.connect(dsn) as pool:
        engine = Engine()
        outbox = Outbox(pool, {ENGINE: engine.deliver}, SystemClock(), SystemEntropy(), CollectorRegistry())
        delivering = asyncio.create_task(outbox.run())
        yield Opening(PostgresStore(pool), OutboxOpenings(outbox), engine.switch)
        delivering.cancel()
        await asyncio.wait([delivering])


class Engine:
    """Takes what is delivered while it is up."""

    def __init__(self) -> None:
        self._up = True

    def switch(self, up: bool) -> None:
        self._up = up

    async def deliver(self, row: Row) -> None:
        if not self._up:
            raise Unavailable("The engine does not answer.")


async def request(store: Store) -> OpeningRequestId:
    async with store.transaction() as transaction:
        return await transaction.request_opening(AccountOpening(AccountId(1001), 1_000, 500, AccountId(1001)))


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            pass


async def test_an_account_is_opened_soon(opening: Opening) -> None:
    assert await opening.openings.opened(await request(opening.store))


async def test_an_engine_that_is_down_is_waited_for_no_longer_than_it_may_take(opening: Opening) -> None:
    opening.engine(False)
    asked = await request(opening.store)
    assert not await opening.openings.opened(asked)
    opening.engine(True)
    await until(lambda: opening.openings.opened(asked))
