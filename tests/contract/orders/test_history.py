"""What every history promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, OrderId, TradeId
from services.kernel.refusal import Unavailable
from services.orders.consumer import rows_of
from services.orders.history_writer import write
from services.orders.model.history import OrderQuery
from services.orders.model.order import Fill, Order, OrderRef, Terms
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TriggerReference,
)
from services.orders.ports import History
from services.orders.store import OrderStore
from services.runtime import migrate, postgres
from tests.contract.orders.history_blocks import Teller
from tests.fakes.history_reading import Changes, EventId, OrderFill
from tests.fakes.orders import HistoryFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, order

ETH = replace(INSTRUMENT, instrument_id=8, scales=replace(INSTRUMENT.scales, symbol="ETH-KK99", price=3))
LISTED = Changes([INSTRUMENT, ETH], [], [])


@dataclass
class Books:
    """One history under test, and how its projection writes a command's changes."""

    history: History
    write: Callable[[Changes, EngineSeq], Awaitable[None]]

    async def hold(self, *orders: Order, fills: list[OrderFill] | None = None) -> None:
        await self.write(Changes([], orders, fills or []), EngineSeq(2))


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
async def books(dsn: str | None) -> AsyncIterator[Books]:
    async with _in_memory() if dsn is None else _in_postgres(dsn) as made:
        await made.write(LISTED, EngineSeq(1))
        yield made


@asynccontextmanager
async def _in_memory() -> AsyncIterator[Books]:
    history = HistoryFake()

    async def written(changes: Changes, engine_seq: EngineSeq) -> None:
        history.write(changes, engine_seq)

    yield Books(history, written)


@asynccontextmanager
async def _in_postgres(dsn: str) -> AsyncIterator[Books]:
    await migrate.apply(dsn, migrate.folder_of("orders"))
    reached, teller = EngineSeq(0), Teller()

    async def wait_until(engine_seq: int, _limit: timedelta) -> bool:
        return reached >= engine_seq

    async with postgres.connect(dsn) as pool:

        async def written(changes: Changes, engine_seq: EngineSeq) -> None:
            nonlocal reached
            async with postgres.transaction(pool) as connection:
                await write(connection, rows_of(0, 1, [teller.block(changes, engine_seq)]))
            reached = engine_seq

        yield Books(OrderStore(pool, wait_until, timedelta(seconds=1)), written)


def fill(trade_id: int, order_id: int = 1) -> OrderFill:
    part = Fill(TradeId(trade_id), price=10_000, quantity=1, notional=1_000_000, fee=500, liquidity=Liquidity.MAKER)
    return OrderFill(OrderId(order_id), part, EventId(0, 1, EngineSeq(2), trade_id))


def query(account_id: AccountId = ALICE, limit: int = 10) -> OrderQuery:
    return OrderQuery(account_id, symbol=None, open_only=False, before=None, limit=limit)


async def numbers(books: Books, asked: OrderQuery) -> list[int]:
    return [told.order.order_id for told in await books.history.list(asked)]


async def test_an_order_comes_back_as_it_was_written(books: Books) -> None:
    written = order(
        2**63 - 1,
        side=Side.SELL,
        post_only=True,
        self_trade_prevention=SelfTradePrevention.DECREMENT,
        price=-(2**63),
        quantity=2**63 - 1,
        leaves_quantity=0,
        cancelled_quantity=2**63 - 1,
        status=OrderStatus.CANCELLED,
        end_reason=EndReason.SELF_TRADE,
        version=2**32 - 1,
    )
    await books.hold(written)
    told = await books.history.find(ALICE, OrderId(2**63 - 1))
    assert told is not None
    assert (told.order, told.scales, told.fills) == (written, INSTRUMENT.scales, ())


TERMS = Terms(
    trigger_price=-(2**63),
    trigger_reference=TriggerReference.BID_ASK,
    trailing_ticks=2**63 - 1,
    trailing_bps=2**32 - 1,
    display_quantity=2**63 - 1,
    min_quantity=2**63 - 1,
    expire_time_ns=2**63 - 1,
    post_only_reprice=True,
    tag=2**32 - 1,
)


async def test_all_that_an_order_asks_for_comes_back(books: Books) -> None:
    asked = order(type=OrderType.TRAILING_STOP, status=OrderStatus.UNTRIGGERED, terms=TERMS, watermark_price=-1)
    await books.hold(asked)
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.order == asked


async def test_what_may_change_of_an_order_changes(books: Books) -> None:
    await books.hold(order(terms=TERMS))
    terms = replace(TERMS, trigger_price=5, display_quantity=6, expire_time_ns=7)
    changed = order(
        price=9_900,
        version=2,
        terms=terms,
        watermark_price=8,
        triggered_time_ns=9,
        displayed_quantity=10,
        working_price=11,
    )
    await books.hold(changed)
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.order == changed


async def test_a_refused_order_is_kept_with_its_reason(books: Books) -> None:
    refused = order(status=OrderStatus.REJECTED, reject_reason="INSUFFICIENT_FUNDS")
    await books.hold(refused)
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.order == refused


async def test_each_instrument_has_its_own_scales(books: Books) -> None:
    await books.hold(order(instrument_id=ETH.instrument_id))
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.scales == ETH.scales


async def test_a_later_version_replaces_an_earlier_one_and_never_the_reverse(books: Books) -> None:
    ended = order(version=3, status=OrderStatus.CANCELLED, leaves_quantity=0, cancelled_quantity=5_000)
    for each in (order(version=1), ended, order(version=2)):
        await books.hold(each)
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.order == ended


async def test_a_client_id_names_the_order_that_used_it_last(books: Books) -> None:
    await books.hold(order(1), order(2), order(3, account_id=BOB))
    told = await books.history.find(ALICE, ClientOrderId("one"))
    assert told is not None
    assert told.order.order_id == 2


@pytest.mark.parametrize(
    "ref", [OrderId(2), OrderId(2**63), OrderId(10**20 - 1), ClientOrderId("two"), ClientOrderId("1")]
)
async def test_what_is_not_there_is_none(books: Books, ref: OrderRef) -> None:
    await books.hold(order(1))
    assert await books.history.find(ALICE, ref) is None


async def test_the_order_of_another_account_is_none(books: Books) -> None:
    await books.hold(order(1))
    assert await books.history.find(BOB, OrderId(1)) is None
    assert await books.history.find(BOB, ClientOrderId("one")) is None


async def test_fills_come_oldest_first(books: Books) -> None:
    await books.hold(order(1), order(2), fills=[fill(12), fill(11), fill(10, order_id=2)])
    told = await books.history.find(ALICE, OrderId(1))
    assert told is not None
    assert told.fills == (fill(11).fill, fill(12).fill)


async def test_orders_are_listed_newest_first_below_a_number(books: Books) -> None:
    await books.hold(*map(order, range(1, 6)), order(6, account_id=BOB))
    assert await numbers(books, query()) == [5, 4, 3, 2, 1]
    assert await numbers(books, query(limit=2)) == [5, 4]
    assert await numbers(books, replace(query(limit=2), before=OrderId(4))) == [3, 2]
    assert await numbers(books, query(BOB)) == [6]


async def test_lists_can_be_limited_to_open_orders_and_one_instrument(books: Books) -> None:
    statuses = dict(enumerate(OrderStatus, start=1))
    await books.hold(*(order(number, status=status) for number, status in statuses.items()))
    await books.hold(order(9, instrument_id=ETH.instrument_id))
    assert await numbers(books, replace(query(), open_only=True)) == [9, 7, 2, 1]
    assert await numbers(books, replace(query(), symbol="ETH-KK99")) == [9]
    assert await numbers(books, replace(query(), open_only=True, symbol="BTC-KK99")) == [7, 2, 1]
    assert await numbers(books, replace(query(), symbol="XRP-KK99")) == []


async def test_it_says_when_it_is_behind(books: Books) -> None:
    await books.history.reach(EngineSeq(1))
    with pytest.raises(Unavailable):
        await books.history.reach(EngineSeq(2))
