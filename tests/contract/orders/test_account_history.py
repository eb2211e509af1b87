"""What every history of private events promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Unavailable
from services.orders.account_history import AccountEventStore
from services.orders.consumer import rows_of
from services.orders.history_writer import write as write_rows
from services.orders.model.account_stream import PrivateEvent
from services.orders.ports import AccountHistory
from services.orders.store import OrderStore
from services.runtime import migrate, postgres
from tests.fakes.accounts import AccountHistoryFake
from tests.fakes.history_reading import private_events
from tests.unit.orders.account_desk import private_event
from tests.unit.orders.samples import ALICE, BOB, STRANGER

DAY_NS = 86_400 * 10**9
NOVEMBER_NS = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 10**9


@dataclass
class Books:
    """One history under test, and how its projection writes blocks."""

    history: AccountHistory
    write: Callable[[Sequence[EventBlock]], Awaitable[None]]


def block(engine_seq: int, *owners: tuple[AccountId, int], time_ns: int = NOVEMBER_NS) -> EventBlock:
    """Write a block in which accounts come to those numbers."""
    made = EventBlock(engine_seq=engine_seq, engine_time_ns=time_ns)
    for account_id, account_seq in owners:
        made.events.add().MergeFromString(private_event(account_seq, account_id=account_id).content)
    return made


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
async def books(dsn: str | None) -> AsyncIterator[Books]:
    async with _in_memory() if dsn is None else _in_postgres(dsn) as made:
        yield made


@asynccontextmanager
async def _in_memory() -> AsyncIterator[Books]:
    history = AccountHistoryFake()

    async def write(blocks: Sequence[EventBlock]) -> None:
        history.write(events_of(blocks), EngineSeq(blocks[-1].engine_seq))

    yield Books(history, write)


@asynccontextmanager
async def _in_postgres(dsn: str) -> AsyncIterator[Books]:
    await migrate.apply(dsn, migrate.folder_of("orders"))
    reached = 0

    async def wait_until(engine_seq: int, limit: timedelta) -> bool:
        return reached >= engine_seq

    async with postgres.connect(dsn) as pool:

        async def write(blocks: Sequence[EventBlock]) -> None:
            nonlocal reached
            async with postgres.transaction(pool) as connection:
                await write_rows(connection, rows_of(0, 1, blocks))
            reached = blocks[-1].engine_seq

        store = OrderStore(pool, wait_until, timedelta(seconds=1))
        yield Books(AccountEventStore(pool, store.reach), write)


def events_of(blocks: Sequence[EventBlock], account_id: AccountId | None = None) -> list[PrivateEvent]:
    return [
        event
        for each in blocks
        for event in private_events(each)
        if account_id is None or event.account_id == account_id
    ]


async def test_events_come_as_they_were_written_in_order(books: Books) -> None:
    blocks = [
        block(1, (ALICE, 1), (BOB, 1)),
        block(2),
        block(3, (BOB, 2), (ALICE, 2), (ALICE, 3)),
        block(4, (ALICE, 4)),
    ]
    await books.write(blocks[:3])
    await books.write(blocks[3:])
    assert list(await books.history.after(ALICE, 0, 10)) == events_of(blocks, ALICE)
    assert list(await books.history.after(BOB, 1, 10)) == events_of(blocks, BOB)[1:]


async def test_any_number_is_a_place_to_go_on_from(books: Books) -> None:
    blocks = [block(seq, (ALICE, 2 * seq - 1), (ALICE, 2 * seq)) for seq in range(1, 8)]
    await books.write(blocks[:4])
    await books.write(blocks[4:])
    for after in range(15):
        for limit in (1, 3, 100):
            found = await books.history.after(ALICE, after, limit)
            assert [event.account_seq for event in found] == list(range(after + 1, min(after + limit, 14) + 1))


async def test_nothing_is_found_beyond_the_end_or_for_a_stranger(books: Books) -> None:
    await books.write([block(1, (ALICE, 1))])
    assert list(await books.history.after(ALICE, 1, 10)) == []
    assert list(await books.history.after(STRANGER, 0, 10)) == []


async def test_a_life_goes_on_over_the_ends_of_months(books: Books) -> None:
    blocks = [block(seq, (ALICE, seq), time_ns=NOVEMBER_NS + seq * 20 * DAY_NS) for seq in range(1, 6)]
    await books.write(blocks[:1])
    await books.write(blocks[1:4])
    await books.write(blocks[4:])
    assert [event.account_seq for event in await books.history.after(ALICE, 0, 10)] == [1, 2, 3, 4, 5]


async def test_it_says_when_it_is_behind(books: Books) -> None:
    await books.write([block(1, (ALICE, 1))])
    await books.history.reach(EngineSeq(1))
    with pytest.raises(Unavailable):
        await books.history.reach(EngineSeq(2))
