"""What the demo market relies on at the public API: the exchange in memory keeps it as the real one does."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import grpc
import pytest

from exchange.market_data.v1.market_data_service_pb2 import (
    StreamBookRequest,
    StreamTradesRequest,
    StreamTradesResponse,
)
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from exchange.market_data.v1.trade_pb2 import Trade
from exchange.orders.v1.order_pb2 import Order
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import (
    ORDER_STATUS_EXPIRED,
    ORDER_STATUS_FILLED,
    ORDER_STATUS_NEW,
    ORDER_STATUS_PARTIALLY_FILLED,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_GTC,
    TIME_IN_FORCE_IOC,
)
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from stack.authority import WEBSITE, authority_of
from stack.demo.account import DemoAccount, DemoUser
from stack.demo.edge import RefusedError, open_channel
from stack.demo.instruments import INSTRUMENTS
from stack.demo.public_market import PublicBook
from stack.site import Site
from tests.fakes.exchange import FakeExchange

SOL = INSTRUMENTS[2]
WAIT_S = 30


@dataclass(frozen=True)
class Floor:
    """An exchange and two funded users, whose orders are gone after the test."""

    channel: grpc.aio.Channel
    maker: DemoAccount
    taker: DemoAccount


@pytest.fixture(params=["memory", "real"])
async def channel(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    if request.param == "real":
        stack = request.getfixturevalue("stack")
        stack.start("envoy", "instruments")
        async with open_channel(stack.site.address("edge"), authority_of(stack.site).certificate) as channel:
            yield channel
        return
    authority = authority_of(Site(tmp_path, 0))
    scales = {each.symbol: (each.price_scale, each.quantity_scale) for each in INSTRUMENTS}
    exchange = FakeExchange(authority.website(WEBSITE), scales)
    async with exchange.running() as address, open_channel(address, authority.certificate) as channel:
        yield channel


@pytest.fixture
async def floor(channel: grpc.aio.Channel) -> AsyncIterator[Floor]:
    maker, taker = (DemoAccount(channel, _new_user(), SystemClock(), SystemEntropy()) for _ in range(2))
    await maker.open()
    await taker.open()
    yield Floor(channel, maker, taker)
    for account in (maker, taker):
        for order in await account.open_orders(SOL.symbol):
            await account.cancel(order.order_id)


def _new_user() -> DemoUser:
    return DemoUser(f"{secrets.token_hex(8)}@demo.example", secrets.token_urlsafe(16))


def _order(side: int, price: str, quantity: str = "10.000", *, post_only: bool = False) -> PlaceOrderRequest:
    return PlaceOrderRequest(
        instrument=SOL.symbol,
        side=side,  # type: ignore[arg-type]
        type=ORDER_TYPE_LIMIT,
        time_in_force=TIME_IN_FORCE_GTC,
        price=price,
        quantity=quantity,
        post_only=post_only,
    )


def _taking(side: int, quantity: str, price: str = "") -> PlaceOrderRequest:
    order = _order(side, price, quantity)
    order.time_in_force = TIME_IN_FORCE_IOC
    order.type = ORDER_TYPE_LIMIT if price else ORDER_TYPE_MARKET
    return order


async def test_a_user_registers_once_and_needs_the_password(channel: grpc.aio.Channel) -> None:
    user = _new_user()
    for _ in range(2):
        await DemoAccount(channel, user, SystemClock(), SystemEntropy()).open()
    with pytest.raises(RefusedError, match="INVALID_CREDENTIALS"):
        await DemoAccount(channel, DemoUser(user.email, "another pass phrase"), SystemClock(), SystemEntropy()).open()


async def test_an_order_rests_is_listed_and_leaves_once(floor: Floor) -> None:
    order = (await floor.maker.place(_order(SIDE_BUY, "100.00"))).order
    assert (order.status, Decimal(order.leaves_quantity)) == (ORDER_STATUS_NEW, 10)
    assert [each.order_id for each in await floor.maker.open_orders(SOL.symbol)] == [order.order_id]
    assert await floor.taker.open_orders(SOL.symbol) == []
    await floor.maker.cancel(order.order_id)
    assert await floor.maker.open_orders(SOL.symbol) == []
    await floor.maker.cancel(order.order_id)


async def test_the_same_request_again_has_the_same_outcome(floor: Floor) -> None:
    request = _order(SIDE_BUY, "100.00")
    first = await floor.maker.place(request)
    again = await floor.maker.place(request)
    assert (again.order.order_id, again.replayed, first.replayed) == (first.order.order_id, True, False)
    assert len(await floor.maker.open_orders(SOL.symbol)) == 1


async def test_a_taker_takes_at_the_maker_s_price_and_the_rest_expires(floor: Floor) -> None:
    resting = (await floor.maker.place(_order(SIDE_SELL, "150.00"))).order
    order = (await floor.taker.place(_taking(SIDE_BUY, "4.000", "151.00"))).order
    assert order.status == ORDER_STATUS_FILLED
    listed = await _listed_with_leaves(floor.maker, "6.000")
    assert (listed.order_id, listed.status) == (resting.order_id, ORDER_STATUS_PARTIALLY_FILLED)
    rest = (await floor.taker.place(_taking(SIDE_BUY, "9.000", "150.00"))).order
    assert rest.status == ORDER_STATUS_EXPIRED
    assert await floor.maker.open_orders(SOL.symbol) == []


async def test_a_market_order_takes_the_best_price(floor: Floor) -> None:
    await floor.maker.place(_order(SIDE_BUY, "149.00"))
    await floor.maker.place(_order(SIDE_BUY, "150.00"))
    assert (await floor.taker.place(_taking(SIDE_SELL, "10.000"))).order.status == ORDER_STATUS_FILLED
    assert [order.price for order in await floor.maker.open_orders(SOL.symbol)] == ["149.00"]


async def test_refusals_have_the_names_that_the_demo_knows(floor: Floor) -> None:
    await floor.taker.place(_order(SIDE_SELL, "150.00"))
    with pytest.raises(RefusedError, match="POST_ONLY_WOULD_CROSS"):
        await floor.maker.place(_order(SIDE_BUY, "150.00", post_only=True))
    with pytest.raises(RefusedError, match="INSUFFICIENT_FUNDS") as refused:
        await floor.maker.place(_order(SIDE_BUY, "240.00", "10000.000"))
    assert refused.value.details["asset"] == "KK99"


async def test_the_book_stream_starts_with_a_snapshot_and_follows_every_change(floor: Floor) -> None:
    book = PublicBook(SOL)
    stream = MarketDataServiceStub(floor.channel).StreamBook(StreamBookRequest(instrument=SOL.symbol, depth=10))
    async with asyncio.timeout(WAIT_S):
        order = (await floor.maker.place(_order(SIDE_BUY, "120.00"))).order
        wanted = [[(12_000, 10_000)], []]
        async for message in stream:
            assert book.apply(message)
            if book.best_bids(9) == wanted[0]:
                wanted.pop(0)
                if not wanted:
                    break
                await floor.maker.cancel(order.order_id)
    stream.cancel()


async def test_the_trade_stream_tells_price_size_and_taker(floor: Floor) -> None:
    stream = MarketDataServiceStub(floor.channel).StreamTrades(StreamTradesRequest(instrument=SOL.symbol))
    async with asyncio.timeout(WAIT_S):
        messages = aiter(stream)
        assert not (await anext(messages)).trades  # the first heartbeat comes at once
        await floor.maker.place(_order(SIDE_BUY, "150.00"))
        await floor.taker.place(_taking(SIDE_SELL, "3.000", "150.00"))
        trade = await _first_trade(messages)
    stream.cancel()
    assert (trade.price, Decimal(trade.quantity), trade.taker_side) == ("150.00", 3, SIDE_SELL)


async def _first_trade(messages: AsyncIterator[StreamTradesResponse]) -> Trade:
    async for message in messages:
        if message.trades:
            return message.trades[0]
    raise AssertionError("the stream ended")


async def _listed_with_leaves(account: DemoAccount, leaves: str) -> Order:
    """List until the history shows it: it may lag behind what another account's order did."""
    async with asyncio.timeout(WAIT_S):
        while True:
            orders = await account.open_orders(SOL.symbol)
            if orders and Decimal(orders[0].leaves_quantity) == Decimal(leaves):
                return orders[0]
