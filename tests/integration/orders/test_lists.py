"""Orders and trades are listed from a real history, also while it grows."""

import asyncio
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_command_pb2 import BustTrade
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.orders.v1 import order_pb2, trade_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.refusal import InvalidField
from tests.contract.orders.engines import operator
from tests.fakes.history_reading import OrderFill
from tests.integration.orders.test_projection import Market, market
from tests.integration.orders.venue import Orders, Venue, refused
from tests.unit.orders.samples import ALICE, BOB

NS_PER_S = 10**9


async def test_both_sides_read_their_trades_at_once(orders: Orders) -> None:
    maker = await orders.place(BOB, client_order_id="mine", side=t.SIDE_SELL, quantity="0.2", price="99.99")
    taker = await orders.place(ALICE)
    [bought], [sold] = (await orders.trades(ALICE)).trades, (await orders.trades(BOB)).trades
    shard, epoch, engine_seq, _ = bought.event_id.split(":")
    assert (shard, epoch, engine_seq) == ("0", "1", taker.engine_seq)
    assert bought.trade_time == taker.order.update_time
    assert bought == trade_pb2.Trade(
        trade_id=taker.fills[0].trade_id,
        order_id=taker.order.order_id,
        client_order_id="one",
        instrument="BTC-KK99",
        side=t.SIDE_BUY,
        price="99.99",
        quantity="0.2000",
        notional="19.998000",
        fee="0.019998",
        liquidity=t.LIQUIDITY_TAKER,
        engine_seq=taker.engine_seq,
        event_id=bought.event_id,
        trade_time=bought.trade_time,
    )
    assert (sold.trade_id, sold.order_id, sold.client_order_id) == (bought.trade_id, maker.order.order_id, "mine")
    assert (sold.side, sold.fee, sold.liquidity) == (t.SIDE_SELL, "0.009999", t.LIQUIDITY_MAKER)
    assert sold.event_id != bought.event_id


async def trade_at(orders: Orders, name: str, price: str = "100") -> trade_pb2.Trade:
    """Let Alice buy from Bob; return her side of it."""
    await orders.place(BOB, client_order_id=name, side=t.SIDE_SELL, quantity="0.1", price=price)
    await orders.place(ALICE, client_order_id=name, quantity="0.1", price=price)
    return (await orders.trades(page_size=1)).trades[0]


async def test_trades_are_limited_by_order_side_instrument_and_time(orders: Orders) -> None:
    first, second = await trade_at(orders, "a"), await trade_at(orders, "b")
    whole: list[dict[str, Any]] = [{}, {"instrument": "BTC-KK99"}, {"side": t.SIDE_BUY}]
    whole += [{"from_time": first.trade_time}]
    for query in whole:
        assert list((await orders.trades(**query)).trades) == [second, first]
    one: list[dict[str, Any]] = [{"order_id": second.order_id}, {"client_order_id": "b"}]
    one += [{"from_time": second.trade_time}, {"client_order_id": "b", "side": t.SIDE_BUY}]
    for query in one:
        assert list((await orders.trades(**query)).trades) == [second]
    assert list((await orders.trades(until_time=second.trade_time)).trades) == [first]
    none: list[dict[str, Any]] = [{"instrument": "ETH-KK99"}, {"side": t.SIDE_SELL}, {"client_order_id": "c"}]
    none += [{"order_id": str(2**64 - 1)}, {"until_time": first.trade_time}, {"from_time": Timestamp(seconds=2**62)}]
    for query in none:
        assert await orders.trades(**query) == pb.ListTradesResponse()
    assert list((await orders.trades(BOB, order_id=second.order_id)).trades) == []


async def test_a_busted_trade_says_so(venue: Venue, orders: Orders) -> None:
    kept, busted = await trade_at(orders, "a"), await trade_at(orders, "b")
    bust = BustTrade(
        trade_id=int(busted.trade_id),
        instrument_id=7,
        price=10_000,
        quantity=1_000,
        taker_side=t.SIDE_BUY,
        maker_account_id=BOB,
        taker_account_id=ALICE,
        maker_fee=5_000,
        taker_fee=10_000,
        value_time_ns=2**62,
    )
    async with operator(venue.mesh, venue.engine_port) as channel:
        await AdminServiceStub(channel).BustTrade(admin.BustTradeRequest(trade=bust))
    for account in (ALICE, BOB):
        told, before = (await orders.trades(account)).trades
        assert (told.busted, before.busted, before.HasField("bust")) == (True, False, False)
        assert told.bust.event_id.split(":")[2] == told.bust.engine_seq
        assert told.bust.bust_time.ToNanoseconds() > told.trade_time.ToNanoseconds()
    assert (await orders.trades(order_id=kept.order_id)).trades[0] == kept


async def test_pages_hold_what_was_traded_before_the_first_while_fills_go_on(venue: Venue, orders: Orders) -> None:
    async with market(venue) as trading:
        await trading.trade(150)
        changes, _ = await trading.told()
        for account, size in ((ALICE, 7), (BOB, 100)):
            found = await pages_while(trading, orders, account, size)
            own = {order.order_id for order in changes.orders if order.account_id == account}
            expected = [key_of(each) for each in changes.fills if each.order_id in own]
            assert [key for key in found if key in set(expected)] == list(reversed(expected))
            assert len(set(found)) == len(found)
            changes, _ = await trading.told()


def key_of(each: OrderFill) -> tuple[str, str, str]:
    return str(each.event), str(each.order_id), str(each.fill.trade_id)


async def pages_while(trading: Market, orders: Orders, account: int, size: int) -> list[tuple[str, str, str]]:
    """Read all pages; after each the market goes on."""
    found: list[tuple[str, str, str]] = []
    token = ""
    while True:
        page, _ = await asyncio.gather(orders.trades(account, page_size=size, page_token=token), trading.trade(2))
        assert len(page.trades) <= size
        found += [(each.event_id, each.order_id, each.trade_id) for each in page.trades]
        if not (token := page.next_page_token):
            return found


async def test_orders_are_limited_open_or_not(orders: Orders) -> None:
    bought = await trade_at(orders, "a")
    opened = await orders.place(client_order_id="open", price="99", tag=7)
    gone = await orders.place(client_order_id="gone", price="99")
    await orders.cancel(client_order_id="gone")
    ended = [t.ORDER_STATUS_FILLED, t.ORDER_STATUS_CANCELLED]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["gone", "open", "a"]),
        ({"statuses": ended}, ["gone", "a"]),
        ({"statuses": [t.ORDER_STATUS_NEW]}, ["open"]),
        ({"statuses": ended, "open_only": True}, []),
        ({"tag": 7}, ["open"]),
        ({"tag": 0}, ["gone", "a"]),
        ({"side": t.SIDE_SELL}, []),
        ({"session_id": "5"}, []),
        ({"from_time": opened.order.accept_time}, ["gone", "open"]),
        ({"from_time": opened.order.accept_time, "until_time": gone.order.accept_time}, ["open"]),
        ({"until_time": opened.order.accept_time, "statuses": ended}, ["a"]),
    ]
    for query, names in cases:
        assert [order.client_order_id for order in (await orders.list(**query)).orders] == names, query
    assert [order.client_order_id for order in (await orders.list(BOB, side=t.SIDE_SELL)).orders] == ["a"]
    assert bought.client_order_id == "a"


async def test_a_mask_leaves_out_what_it_does_not_name(orders: Orders) -> None:
    traded = await trade_at(orders, "a")
    mask = FieldMask(paths=["order_id", "status"])
    brief = order_pb2.Order(order_id=traded.order_id, status=t.ORDER_STATUS_FILLED)
    assert list((await orders.list(read_mask=mask)).orders) == [brief]
    assert await orders.get(order_id=traded.order_id, read_mask=mask) == pb.GetOrderResponse(order=brief)
    fees = await orders.get(order_id=traded.order_id, read_mask=FieldMask(paths=["fills.fee"]))
    assert fees == pb.GetOrderResponse(fills=[order_pb2.Fill(fee="0.010000")])
    of_trade = FieldMask(paths=["trade_id", "trade_time.seconds"])
    assert list((await orders.trades(read_mask=of_trade)).trades) == [
        trade_pb2.Trade(trade_id=traded.trade_id, trade_time=Timestamp(seconds=traded.trade_time.seconds))
    ]


async def test_what_no_answer_has_is_named(orders: Orders) -> None:
    mask = FieldMask(paths=["nothing", "order_id", "price.x"])
    for attempt in (
        orders.get(client_order_id="one", read_mask=mask),
        orders.list(read_mask=mask),
        orders.trades(read_mask=mask),
    ):
        async with refused() as refusals:
            await attempt
        [refusal] = refusals
        assert isinstance(refusal, InvalidField)
        assert [violation.field for violation in refusal.violations] == ["read_mask", "read_mask"]


BAD: list[tuple[str, dict[str, Any]]] = [
    ("page_size", {"page_size": 501}),
    ("page_size", {"page_size": -1}),
    ("side", {"side": 0}),
    ("instrument", {"instrument": "btc"}),
    ("until_time", {"from_time": Timestamp(seconds=5), "until_time": Timestamp(seconds=5)}),
]


BAD_OF_ORDERS: list[tuple[str, dict[str, Any]]] = [
    *BAD,
    ("statuses[0]", {"statuses": [0]}),
    ("session_id", {"session_id": "x"}),
]


@pytest.mark.parametrize(("field", "query"), BAD_OF_ORDERS)
async def test_bad_lists_of_orders_are_refused(orders: Orders, field: str, query: dict[str, Any]) -> None:
    async with refused() as refusals:
        await orders.list(**query)
    assert isinstance(refusals[0], InvalidField)
    assert refusals[0].violations[0].field == field


@pytest.mark.parametrize(("field", "query"), [*BAD, ("order_id", {"order_id": "0"})])
async def test_bad_lists_of_trades_are_refused(orders: Orders, field: str, query: dict[str, Any]) -> None:
    async with refused() as refusals:
        await orders.trades(**query)
    assert isinstance(refusals[0], InvalidField)
    assert refusals[0].violations[0].field == field


async def test_a_token_of_another_list_is_refused(orders: Orders) -> None:
    await trade_at(orders, "a")
    await trade_at(orders, "b")
    of_trades = (await orders.trades(page_size=1)).next_page_token
    of_orders = (await orders.list(page_size=1)).next_page_token
    for attempt in (
        orders.trades(page_token=of_trades, side=t.SIDE_BUY),
        orders.trades(page_token=of_orders),
        orders.list(page_token=of_trades),
        orders.trades(BOB, page_token=of_trades),
        orders.trades(page_token="x" * 200),
    ):
        async with refused() as refusals:
            await attempt
        assert refusals[0].reason == "INVALID_PAGE_TOKEN"
