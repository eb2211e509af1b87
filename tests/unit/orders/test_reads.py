"""GetOrder, ListOrders and ListTrades over the history in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.ids import ClientOrderId, EngineSeq, OrderId, TradeId
from services.kernel.page import InvalidPageToken, token_of
from services.kernel.refusal import Unavailable
from services.orders.errors import OrderNotFound
from services.orders.model.history import OPEN, EventId, OrderFilter, Span, TradeFilter
from services.orders.model.order import Fill, Order, OrderRef, Told
from services.orders.model.words import Liquidity, OrderStatus, Side
from services.orders.usecases.get_order import get_order
from services.orders.usecases.list_orders import list_orders
from services.orders.usecases.list_trades import list_trades
from services.orders.usecases.listing import Asked, Page
from tests.fakes.engine import EngineFake
from tests.fakes.history import HistoryFake
from tests.fakes.history_reading import Changes, OrderFill
from tests.fakes.orders import EnginePeerFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, open_market, order


class World:
    def __init__(self, look_at: int = 5_000) -> None:
        self.engine = EngineFake()
        open_market(self.engine)
        self.peer = EnginePeerFake(self.engine)
        self.history = HistoryFake(look_at)
        self.write()

    def write(self, *orders: Order, fills: Sequence[OrderFill] = ()) -> None:
        """Let the history contain these orders and fills, and all that the engine has done."""
        self.history.write(Changes([INSTRUMENT], orders, fills), EngineSeq(self.engine.engine_seq))

    async def page(self, page_size: int = 0, page_token: str = "", **only: Any) -> Page[Told]:
        wanted = replace(OrderFilter(ALICE), **only)
        return await list_orders(wanted, Asked(page_size, page_token), self.peer, self.history)

    async def pages(self, page_size: int = 0) -> list[Page[Told]]:
        pages = [await self.page(page_size)]
        while pages[-1].next_page_token:
            pages.append(await self.page(page_size, pages[-1].next_page_token))
        return pages


@pytest.fixture
def world() -> World:
    return World()


def numbers(page: Page[Told]) -> list[int]:
    return [told.order.order_id for told in page.items]


async def test_an_order_is_found_by_number_and_by_client_id(world: World) -> None:
    world.write(order(1), order(2))
    by_number = await get_order(ALICE, OrderId(1), world.peer, world.history)
    by_client_id = await get_order(ALICE, ClientOrderId("one"), world.peer, world.history)
    assert (by_number.order.order_id, by_client_id.order.order_id) == (1, 2)


async def test_not_found_is_said_only_when_the_history_is_complete(world: World) -> None:
    with pytest.raises(OrderNotFound):
        await get_order(ALICE, OrderId(1), world.peer, world.history)
    world.engine.blocks.append(world.engine.blocks[-1])  # one command more than the history has seen
    with pytest.raises(Unavailable, match="behind"):
        await get_order(ALICE, OrderId(1), world.peer, world.history)


async def test_without_the_engine_what_is_written_is_told_and_nothing_is_denied(world: World) -> None:
    world.write(order(1))
    world.peer.reachable = False
    assert (await get_order(ALICE, OrderId(1), world.peer, world.history)).order.order_id == 1
    with pytest.raises(Unavailable):
        await get_order(ALICE, OrderId(2), world.peer, world.history)


async def test_nobody_sees_the_order_of_another_account(world: World) -> None:
    world.write(order(1))
    with pytest.raises(OrderNotFound):
        await get_order(BOB, OrderId(1), world.peer, world.history)
    assert (await world.page(account_id=BOB)).items == []


async def test_pages_hold_every_order_once_newest_first(world: World) -> None:
    world.write(*map(order, range(1, 8)))
    assert [numbers(page) for page in await world.pages(page_size=3)] == [[7, 6, 5], [4, 3, 2], [1]]
    assert [numbers(page) for page in await world.pages(page_size=7)] == [[7, 6, 5, 4, 3, 2, 1]]


async def test_new_orders_do_not_shift_pages(world: World) -> None:
    world.write(*map(order, range(1, 5)))
    first = await world.page(page_size=2)
    world.write(order(5), order(6))
    second = await world.page(2, first.next_page_token)
    assert (numbers(first), numbers(second)) == ([4, 3], [2, 1])


async def test_a_hundred_orders_a_page_unless_asked(world: World) -> None:
    world.write(*map(order, range(1, 102)))
    assert [len(page.items) for page in await world.pages()] == [100, 1]


async def test_open_orders_of_one_instrument(world: World) -> None:
    world.write(order(1), order(2, status=OrderStatus.FILLED), order(3, status=OrderStatus.PARTIALLY_FILLED))
    opened = await world.page(statuses=tuple(sorted(OPEN)))
    assert numbers(opened) == [3, 1]
    elsewhere = await world.page(symbol="ETH-KK99")
    assert numbers(elsewhere) == []


OTHERS: list[dict[str, Any]] = [
    {"account_id": BOB},
    {"symbol": "BTC-KK99"},
    {"statuses": (OrderStatus.NEW,)},
    {"side": Side.BUY},
    {"session_id": 1},
    {"tag": 0},
    {"span": Span(from_ns=0)},
]


@pytest.mark.parametrize("only", OTHERS, ids=lambda only: next(iter(only)))
async def test_a_page_token_belongs_to_one_question(world: World, only: dict[str, Any]) -> None:
    world.write(*map(order, range(1, 5)))
    token = (await world.page(page_size=2)).next_page_token
    with pytest.raises(InvalidPageToken):
        await world.page(2, token, **only)


@pytest.mark.parametrize("token", ["garbage", token_of("another question", (2, 2))])
async def test_a_token_that_nobody_gave_out_is_refused(world: World, token: str) -> None:
    with pytest.raises(InvalidPageToken):
        await world.page(page_token=token)
    with pytest.raises(InvalidPageToken):
        await list_trades(TradeFilter(ALICE), Asked(2, token), world.peer, world.history)


def traded(trade_id: int, order_id: int = 1) -> OrderFill:
    part = Fill(TradeId(trade_id), price=1, quantity=1, notional=1, fee=0, liquidity=Liquidity.MAKER)
    return OrderFill(OrderId(order_id), part, EventId(0, 1, EngineSeq(trade_id), 0), time_ns=trade_id)


async def all_trades(world: World, wanted: TradeFilter, size: int, between: Callable[[], None]) -> list[int]:
    """Read every page, and let something happen after each."""
    found, token = [], ""
    while True:
        page = await list_trades(wanted, Asked(size, token), world.peer, world.history)
        found += [trade.fill.trade_id for trade in page.items]
        if not (token := page.next_page_token):
            return found
        between()


@given(
    st.lists(st.integers(1, 3), max_size=60),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(1, 9),
    st.sampled_from([None, OrderId(1), ClientOrderId("o2")]),
    st.integers(3, 12),
)
async def test_pages_hold_what_was_traded_before_the_first_whatever_is_traded_meanwhile(
    before: list[int], meanwhile: list[int], size: int, named: OrderRef | None, look_at: int
) -> None:
    world = World(look_at)
    world.write(*(order(number, client_order_id=ClientOrderId(f"o{number}")) for number in (1, 2, 3)))
    numbered = count(1)

    def trade(orders: list[int]) -> list[OrderFill]:
        fills = [traded(next(numbered), number) for number in orders]
        world.write(fills=fills)
        return fills

    expected = [each for each in trade(before) if named is None or each.order_id in (named, int(str(named)[-1]))]
    found = await all_trades(world, TradeFilter(ALICE, named), size, lambda: trade(meanwhile) and None)
    assert found == [each.fill.trade_id for each in reversed(expected)]


async def test_a_token_of_trades_belongs_to_one_question(world: World) -> None:
    world.write(order(1), fills=[traded(1), traded(2), traded(3)])
    wanted = TradeFilter(ALICE)
    token = (await list_trades(wanted, Asked(2), world.peer, world.history)).next_page_token
    others: list[dict[str, Any]] = [{"order": OrderId(1)}, *({k: v} for only in OTHERS for k, v in only.items())]
    for only in others:
        if next(iter(only)) in ("account_id", "order", "symbol", "side", "span"):
            with pytest.raises(InvalidPageToken):
                await list_trades(replace(wanted, **only), Asked(2, token), world.peer, world.history)


async def test_trades_wait_for_the_history(world: World) -> None:
    world.engine.blocks.append(world.engine.blocks[-1])  # one command more than the history has seen
    with pytest.raises(Unavailable, match="behind"):
        await list_trades(TradeFilter(ALICE), Asked(), world.peer, world.history)
