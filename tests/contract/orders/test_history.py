"""What every history promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, OrderId, TradeId
from services.kernel.refusal import Unavailable
from services.orders.consumer import rows_of
from services.orders.history_writer import write
from services.orders.model.history import (
    OPEN,
    Bust,
    EventId,
    OrderFilter,
    OrderQuery,
    Span,
    TradeFilter,
    TradeQuery,
)
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
from tests.fakes.history import HistoryFake
from tests.fakes.history_reading import Changes, OrderFill, changes_of
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, order

ETH = replace(INSTRUMENT, instrument_id=8, scales=replace(INSTRUMENT.scales, symbol="ETH-KK99", price=3))
LOOK_AT = 7
DAY_NS = 86_400_000_000_000
LISTED = Changes([INSTRUMENT, ETH], [], [])


@dataclass
class Books:
    """One history under test, and how its projection writes a command's changes."""

    history: History
    write: Callable[[Changes, EngineSeq], Awaitable[None]]

    seq: int = 1

    async def hold(self, *orders: Order, fills: list[OrderFill] | None = None, busts: list[Bust] | None = None) -> None:
        self.seq += 1
        await self.write(Changes([], orders, fills or [], busts=busts or []), EngineSeq(self.seq))


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
    history, teller = HistoryFake(LOOK_AT), Teller()

    async def written(changes: Changes, engine_seq: EngineSeq) -> None:
        history.write(changes_of(0, 1, [teller.block(changes, engine_seq)]), engine_seq)

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

        yield Books(OrderStore(pool, wait_until, timedelta(seconds=1), LOOK_AT), written)


def fill(trade_id: int, order_id: int = 1) -> OrderFill:
    part = Fill(TradeId(trade_id), price=10_000, quantity=1, notional=1_000_000, fee=500, liquidity=Liquidity.MAKER)
    return OrderFill(OrderId(order_id), part, EventId(0, 1, EngineSeq(2), trade_id), time_ns=0)


def query(account_id: AccountId = ALICE, limit: int = 10, **only: Any) -> OrderQuery:
    return OrderQuery(OrderFilter(account_id, **only), after=None, limit=limit)


async def numbers(books: Books, asked: OrderQuery) -> list[int]:
    return [told.order.order_id for told in (await books.history.list(asked)).items]


async def all_numbers(books: Books, asked: OrderQuery) -> list[int]:
    """Read every page."""
    found: list[int] = []
    while True:
        part = await books.history.list(asked)
        found += [told.order.order_id for told in part.items]
        if part.last_key is None:
            return found
        asked = replace(asked, after=part.last_key)


def trades(account_id: AccountId = ALICE, limit: int = 10, **only: Any) -> TradeQuery:
    return TradeQuery(TradeFilter(account_id, **only), after=None, limit=limit)


async def all_trades(books: Books, asked: TradeQuery) -> list[int]:
    """Read every page."""
    found: list[int] = []
    while True:
        part = await books.history.trades(asked)
        assert len(part.items) <= asked.limit
        found += [trade.fill.trade_id for trade in part.items]
        if part.last_key is None:
            return found
        asked = replace(asked, after=part.last_key)


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


async def test_orders_are_listed_newest_first_behind_a_place(books: Books) -> None:
    await books.hold(*map(order, range(1, 6)), order(6, account_id=BOB))
    assert await numbers(books, query()) == [5, 4, 3, 2, 1]
    assert await numbers(books, query(limit=2)) == [5, 4]
    assert await numbers(books, replace(query(limit=2), after=(order().accepted_time_ns, 4))) == [3, 2]
    assert await numbers(books, query(BOB)) == [6]


async def test_lists_can_be_limited(books: Books) -> None:
    statuses = dict(enumerate(OrderStatus, start=1))
    await books.hold(*(order(number, status=status) for number, status in statuses.items()))
    await books.hold(order(8, side=Side.SELL, terms=Terms(tag=5, session_id=6)))
    await books.hold(order(9, instrument_id=ETH.instrument_id))
    opened = tuple(sorted(OPEN))
    assert await all_numbers(books, query(statuses=opened)) == [9, 8, 7, 2, 1]
    assert await all_numbers(books, query(statuses=(OrderStatus.FILLED, OrderStatus.NEW))) == [9, 8, 3, 1]
    assert await all_numbers(books, query(statuses=())) == []
    assert await all_numbers(books, query(symbol="ETH-KK99")) == [9]
    assert await all_numbers(books, query(statuses=opened, symbol="BTC-KK99")) == [8, 7, 2, 1]
    assert await all_numbers(books, query(symbol="XRP-KK99")) == []
    assert await all_numbers(books, query(side=Side.SELL)) == [8]
    assert await all_numbers(books, query(tag=5)) == [8]
    assert await all_numbers(books, query(session_id=6)) == [8]
    assert await all_numbers(books, query(tag=6)) == []


@pytest.mark.parametrize("statuses", [None, tuple(sorted(OPEN))])
async def test_a_time_holds_its_beginning_and_not_its_end(books: Books, statuses: tuple[OrderStatus, ...]) -> None:
    days = {number: order().accepted_time_ns + number * 20 * DAY_NS for number in range(1, 6)}  # over four months
    await books.hold(*(order(number, accepted_time_ns=time) for number, time in days.items()))
    assert await all_numbers(books, query(statuses=statuses)) == [5, 4, 3, 2, 1]
    assert await all_numbers(books, query(statuses=statuses, span=Span(days[2], days[4]))) == [3, 2]
    assert await all_numbers(books, query(statuses=statuses, span=Span(until_ns=days[2] + 1))) == [2, 1]
    assert await all_numbers(books, query(limit=1, statuses=statuses, span=Span(days[4]))) == [5, 4]


async def test_a_page_looks_at_so_many_and_says_where_it_stopped(books: Books) -> None:
    await books.hold(*map(order, range(1, LOOK_AT + 4)), order(LOOK_AT + 4, side=Side.SELL))
    asked = query(symbol="BTC-KK99", side=Side.SELL, limit=2)
    first = await books.history.list(asked)
    assert [told.order.order_id for told in first.items] == [LOOK_AT + 4]
    assert first.last_key == (order().accepted_time_ns, 5)
    last = await books.history.list(replace(asked, after=first.last_key))
    assert (list(last.items), last.last_key) == ([], None)


async def test_a_trade_is_told_with_its_order_and_its_event(books: Books) -> None:
    taker = order(2, side=Side.SELL, client_order_id=ClientOrderId("two"))
    await books.hold(order(1), taker, fills=[fill(11, order_id=2)])
    [trade] = (await books.history.trades(trades())).items
    assert (trade.order_id, trade.client_order_id, trade.side) == (2, "two", Side.SELL)
    assert (trade.scales, trade.fill) == (INSTRUMENT.scales, fill(11).fill)
    assert (str(trade.event), trade.time_ns, trade.bust) == ("0:1:2:2", order().accepted_time_ns, None)


async def test_a_trade_that_was_taken_back_says_by_what(books: Books) -> None:
    await books.hold(order(1), fills=[fill(11), fill(12)])
    await books.hold(busts=[Bust(TradeId(11), EventId(0, 0, EngineSeq(0), 0), 0)])
    kept, busted = (await books.history.trades(trades())).items
    assert kept.bust is None
    assert busted.bust == Bust(TradeId(11), EventId(0, 1, EngineSeq(3), 0), 1)


async def test_trades_can_be_limited(books: Books) -> None:
    first, later = order().accepted_time_ns, order().accepted_time_ns + 40 * DAY_NS
    buy = order(1, client_order_id=ClientOrderId("buy"))
    sell = order(2, side=Side.SELL, instrument_id=ETH.instrument_id, client_order_id=ClientOrderId("sell"))
    await books.hold(buy, sell, fills=[fill(11), fill(12, order_id=2), fill(13)])
    await books.hold(order(3, account_id=BOB), fills=[fill(11, order_id=3)])
    again = replace(sell, order_id=OrderId(4), accepted_time_ns=later)
    await books.hold(again, fills=[fill(14, order_id=4)])
    assert await all_trades(books, trades()) == [14, 12, 13, 11]  # by event: those of one order lie together here
    assert await all_trades(books, trades(limit=1)) == [14, 12, 13, 11]
    assert await all_trades(books, trades(BOB)) == [11]
    assert await all_trades(books, trades(symbol="ETH-KK99")) == [14, 12]
    assert await all_trades(books, trades(side=Side.BUY)) == [13, 11]
    assert await all_trades(books, trades(span=Span(first, later))) == [12, 13, 11]
    assert await all_trades(books, trades(span=Span(later))) == [14]
    assert await all_trades(books, trades(order=OrderId(1), limit=1)) == [13, 11]
    assert await all_trades(books, trades(order=ClientOrderId("sell"))) == [14]
    assert await all_trades(books, trades(order=ClientOrderId("sell"), span=Span(until_ns=later))) == []
    assert await all_trades(books, trades(order=OrderId(3))) == []
    assert await all_trades(books, trades(order=OrderId(2**63))) == []
    assert await all_trades(books, trades(order=ClientOrderId("none"))) == []


async def test_a_page_of_trades_looks_at_so_many_and_says_where_it_stopped(books: Books) -> None:
    await books.hold(order(1), fills=[fill(number) for number in range(1, LOOK_AT + 3)])
    for only in ({}, {"order": OrderId(1)}):
        first = await books.history.trades(trades(symbol="ETH-KK99", **only))
        assert list(first.items) == []
        assert first.last_key is not None
        assert await all_trades(books, trades(symbol="ETH-KK99", **only)) == []
        assert await all_trades(books, trades(limit=3, **only)) == list(range(LOOK_AT + 2, 0, -1))


async def test_the_list_of_an_order_named_by_the_client_goes_on_with_that_order(books: Books) -> None:
    await books.hold(order(1), fills=[fill(1), fill(2)])
    asked = trades(order=ClientOrderId("one"), limit=1)
    first = await books.history.trades(asked)
    await books.hold(order(2), fills=[fill(3, order_id=2)])
    rest = await books.history.trades(replace(asked, after=first.last_key))
    assert [trade.fill.trade_id for trade in (*first.items, *rest.items)] == [2, 1]


async def test_it_says_when_it_is_behind(books: Books) -> None:
    await books.history.reach(EngineSeq(1))
    with pytest.raises(Unavailable):
        await books.history.reach(EngineSeq(2))
