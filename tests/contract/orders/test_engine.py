"""What orders relies on from every engine: the one in memory, which other tests use, and the real one.

All goes through the peers of the service: submitter, mirror of the instruments, event stream.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.kernel.clock import SystemClock
from services.kernel.ids import ClientOrderId, OrderId
from services.kernel.refusal import UnknownInstrument
from services.orders.model.order import Fill, Order
from services.orders.model.request import Answer, Draft
from services.orders.model.words import EndReason, Liquidity, OrderStatus, OrderType, Side, TimeInForce
from services.orders.usecases.place_order import place_order
from tests.contract.orders.desk import Desk
from tests.contract.orders.engines import list_instrument
from tests.unit.orders.samples import BOB, BTC_KK99, INSTRUMENT, STRANGER, draft


async def test_the_mirror_tells_instruments(desk: Desk) -> None:
    assert await desk.instruments.with_symbol("BTC-KK99") == INSTRUMENT
    with pytest.raises(UnknownInstrument):
        await desk.instruments.with_symbol("ETH-KK99")


async def test_a_new_instrument_is_known_as_soon_as_it_is_listed(desk: Desk) -> None:
    ether = type(BTC_KK99)()
    ether.CopyFrom(BTC_KK99)
    ether.instrument_id, ether.symbol = 8, "ETH-KK99"
    await list_instrument(desk.operator, ether)
    assert (await desk.instruments.with_symbol("ETH-KK99")).instrument_id == 8


async def test_a_resting_order_is_new(desk: Desk) -> None:
    answer = await desk.place()
    order = answer.told.order
    assert order.order_id > 0
    assert (order.status, order.leaves_quantity, order.version) == (OrderStatus.NEW, 5_000, 1)
    assert order.accepted_time_ns == order.updated_time_ns > 0
    assert (answer.told.fills, answer.replayed) == ((), False)
    assert answer.engine_seq == (await desk.engine.horizon()).engine_seq


async def test_orders_are_numbered_in_the_order_of_their_entry(desk: Desk) -> None:
    answers = [await desk.place(client_order_id=ClientOrderId(f"o{number}")) for number in range(3)]
    numbers = [answer.told.order.order_id for answer in answers]
    assert numbers == sorted(set(numbers))


async def test_a_taker_is_answered_with_its_fills_and_fees(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2", price="99.99")
    await desk.place(account_id=BOB, side=Side.SELL, client_order_id=ClientOrderId("two"))
    answer = await desk.place()
    first, second = answer.told.fills
    assert first == Fill(first.trade_id, 9_999, 2_000, 19_998_000, 19_998, Liquidity.TAKER)
    assert second == Fill(second.trade_id, 10_000, 3_000, 30_000_000, 30_000, Liquidity.TAKER)
    order = answer.told.order
    assert (order.status, order.cum_quantity, order.cum_notional) == (OrderStatus.FILLED, 5_000, 49_998_000)
    assert (order.cum_fee, order.version) == (49_998, 3)


async def test_what_an_ioc_order_does_not_trade_expires(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    order = (await desk.place(time_in_force=TimeInForce.IOC)).told.order
    assert (order.status, order.end_reason) == (OrderStatus.EXPIRED, EndReason.IOC_REMAINDER)
    assert (order.cum_quantity, order.cancelled_quantity, order.leaves_quantity) == (2_000, 3_000, 0)


async def test_a_market_order_trades_at_the_prices_of_the_book(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    answer = await desk.place(type=OrderType.MARKET, time_in_force=TimeInForce.IOC, price="")
    assert (answer.told.order.end_reason, answer.told.order.price) == (EndReason.MARKET_REMAINDER, 0)
    assert [(fill.price, fill.quantity) for fill in answer.told.fills] == [(10_000, 2_000)]


async def test_the_same_order_again_is_answered_as_before(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    first = await desk.place()
    await desk.place(account_id=BOB, side=Side.SELL, client_order_id=ClientOrderId("later"))
    again = await desk.place()
    assert again == Answer(replace(first.told, fills=()), first.engine_seq, replayed=True)


async def test_the_id_of_another_order_is_refused(desk: Desk) -> None:
    await desk.place()
    assert (await desk.refused(quantity="0.4")).reason == "CLIENT_ORDER_ID_REUSED"


async def test_ids_belong_to_their_account(desk: Desk) -> None:
    await desk.place()
    assert not (await desk.place(account_id=BOB, quantity="0.4")).replayed


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("PRICE_OUT_OF_RANGE", {"price": "0"}),
        ("PRICE_OUT_OF_RANGE", {"price": "-1"}),
        ("QUANTITY_OUT_OF_RANGE", {"quantity": "100000.0001"}),
        ("NOTIONAL_OUT_OF_RANGE", {"quantity": "0.0099"}),
        ("INSUFFICIENT_FUNDS", {"price": "100000", "quantity": "10"}),
        ("INSUFFICIENT_FUNDS", {"side": Side.SELL, "quantity": "1000.0001"}),
        ("NO_LIQUIDITY", {"type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "price": ""}),
    ],
)
async def test_an_order_refused_by_rule_is_remembered(desk: Desk, reason: str, changes: dict[str, Any]) -> None:
    first = await desk.refused(**changes)
    assert first.reason == reason
    again = await desk.refused(**changes)
    assert (again.reason, again.metadata["replayed"]) == (reason, "true")
    assert (again.metadata["order_id"], again.metadata["engine_seq"]) == (
        first.metadata["order_id"],
        first.metadata["engine_seq"],
    )
    [order] = (await desk.told()).orders
    assert (order.status, order.reject_reason, str(order.order_id)) == (
        OrderStatus.REJECTED,
        reason,
        first.metadata["order_id"],
    )


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("UNKNOWN_ACCOUNT", {"account_id": STRANGER}),
        ("ORDER_FIELDS_CONFLICT", {"post_only": True, "time_in_force": TimeInForce.IOC}),
        ("ORDER_FIELDS_CONFLICT", {"quote_budget": "5"}),
        ("REQUEST_EXPIRED", {"valid_until_ns": 1}),
        ("VALID_UNTIL_TOO_FAR", {"valid_until_ns": 2**62}),
    ],
)
async def test_an_order_that_cannot_be_remembered_leaves_no_trace(
    desk: Desk, reason: str, changes: dict[str, Any]
) -> None:
    assert (await desk.refused(**changes)).reason == reason
    assert (await desk.told()).orders == []


async def test_post_only_is_refused_where_it_would_cross(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL)
    assert (await desk.refused(post_only=True)).reason == "POST_ONLY_WOULD_CROSS"
    assert (await desk.place(client_order_id=ClientOrderId("two"), price="99", post_only=True)).told.order.post_only


async def test_a_cancelled_order_is_told_as_it_ended(desk: Desk) -> None:
    placed = await desk.place()
    answer = await desk.cancel(placed.told.order.order_id)
    order = answer.told.order
    assert (order.status, order.end_reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    assert (order.cancelled_quantity, order.leaves_quantity, order.version) == (5_000, 0, 2)
    assert answer.engine_seq > placed.engine_seq


async def test_an_order_is_cancelled_by_the_id_of_its_owner(desk: Desk) -> None:
    await desk.place()
    assert (await desk.cancel(ClientOrderId("one"))).told.order.status is OrderStatus.CANCELLED


async def test_a_cancel_with_a_request_id_can_be_repeated(desk: Desk) -> None:
    placed = await desk.place()
    first = await desk.cancel(placed.told.order.order_id, "c1")
    assert await desk.cancel(placed.told.order.order_id, "c1") == replace(first, replayed=True)
    assert (await desk.cancel_refused(ClientOrderId("one"), "c1")).reason == "CLIENT_ORDER_ID_REUSED"


async def test_an_order_that_ended_is_not_open(desk: Desk) -> None:
    placed = await desk.place()
    await desk.cancel(placed.told.order.order_id)
    refusal = await desk.cancel_refused(placed.told.order.order_id)
    assert (refusal.reason, refusal.metadata["status"]) == ("ORDER_NOT_OPEN", "CANCELLED")


async def test_only_the_owner_finds_an_order(desk: Desk) -> None:
    other = await desk.place(account_id=BOB)
    for order in (other.told.order.order_id, OrderId(2**64 - 1), ClientOrderId("nobody")):
        assert (await desk.cancel_refused(order)).reason == "ORDER_NOT_FOUND"


async def test_the_event_log_says_what_was_answered(desk: Desk) -> None:
    maker = await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    taker = await desk.place()
    ended = await desk.cancel(taker.told.order.order_id)
    told = await desk.told()
    assert told.instruments == [INSTRUMENT]
    orders: dict[int, Order] = {order.order_id: order for order in told.orders}
    assert orders[taker.told.order.order_id] == ended.told.order
    assert orders[maker.told.order.order_id].status is OrderStatus.FILLED
    assert orders[maker.told.order.order_id].cum_fee == 10_000
    fills = {fill.order_id: fill.fill for fill in told.fills}
    assert fills[taker.told.order.order_id] == taker.told.fills[0]
    assert fills[maker.told.order.order_id].liquidity is Liquidity.MAKER


async def test_commands_of_one_turn_are_answered_each_with_its_own(desk: Desk) -> None:
    drafts: list[Draft] = [draft(client_order_id=ClientOrderId(f"o{number}")) for number in range(50)]
    answers = await asyncio.gather(
        *(place_order(each, desk.instruments, desk.engine, SystemClock()) for each in drafts)
    )
    assert [answer.told.order.client_order_id for answer in answers] == [each.client_order_id for each in drafts]
