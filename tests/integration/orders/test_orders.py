"""Orders are placed, matched, cancelled, repeated and read again, through the service's own port."""

import grpc
import pytest

from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.orders.server import ENGINE_SEQ_KEY
from services.runtime.refusals import refusal_of
from tests.integration.orders.venue import Orders, Venue, limit_order, refused
from tests.unit.orders.samples import ALICE, BOB


async def test_a_resting_order_is_answered_with_its_decimals(orders: Orders) -> None:
    response = await orders.place()
    order = response.order
    assert (order.instrument, order.price, order.quantity, order.leaves_quantity) == (
        "BTC-KK99",
        "100.00",
        "0.5000",
        "0.5000",
    )
    assert (order.status, order.version, order.average_price) == (t.ORDER_STATUS_NEW, 1, "")
    assert order.self_trade_prevention == t.SELF_TRADE_PREVENTION_CANCEL_MAKER
    assert (list(response.fills), response.replayed) == ([], False)


async def test_the_place_in_the_engines_order_is_metadata(orders: Orders) -> None:
    call = orders.stub.PlaceOrder(limit_order(), metadata=orders.bearer())
    response = await call
    assert dict(await call.trailing_metadata())[ENGINE_SEQ_KEY] == response.engine_seq


async def test_when_a_command_had_its_turn_is_metadata(orders: Orders) -> None:
    call = orders.stub.PlaceOrder(limit_order(), metadata=orders.bearer())
    await call
    told = {name: int(value) for name, value in await call.trailing_metadata() if name.endswith("time-ns")}
    times = [told[f"x-{point}-time-ns"] for point in ("gateway", "sequenced", "matched")]
    assert times == sorted(times)
    assert dict(await call.trailing_metadata())["x-queue-length"] == "0"


async def test_a_refusal_tells_its_place_too(orders: Orders) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await orders.place(price="100000", quantity="100")
    refusal = refusal_of(error.value)
    assert dict(error.value.trailing_metadata() or ())[ENGINE_SEQ_KEY] == refusal.metadata["engine_seq"]


async def test_two_orders_trade_and_both_read_their_own_writes(orders: Orders) -> None:
    maker = await orders.place(BOB, side=t.SIDE_SELL, quantity="0.2", price="99.99")
    taker = await orders.place(ALICE)
    [fill] = taker.fills
    assert fill == order_pb2.Fill(
        trade_id=fill.trade_id,
        price="99.99",
        quantity="0.2000",
        notional="19.998000",
        fee="0.019998",
        liquidity=t.LIQUIDITY_TAKER,
    )
    assert taker.order.average_price == "99.990000"
    assert await orders.get(ALICE, order_id=taker.order.order_id) == pb.GetOrderResponse(
        order=taker.order, fills=taker.fills
    )
    made = await orders.get(BOB, order_id=maker.order.order_id)
    assert (made.order.status, made.order.cum_fee) == (t.ORDER_STATUS_FILLED, "0.009999")
    assert made.fills[0].trade_id == fill.trade_id


async def test_a_budget_buys_what_it_can(orders: Orders) -> None:
    await orders.place(BOB, side=t.SIDE_SELL)
    market = {"type": t.ORDER_TYPE_MARKET, "time_in_force": t.TIME_IN_FORCE_IOC, "price": "", "quantity": ""}
    bought = await orders.place(ALICE, **market, quote_budget="20.02")
    order = bought.order
    assert (order.price, order.quantity, order.quote_budget) == ("", "0.2000", "20.020000")
    assert (order.status, order.cum_notional, order.cum_fee) == (t.ORDER_STATUS_FILLED, "20.000000", "0.020000")
    assert (await orders.get(client_order_id="one")).order == order


async def test_a_cancelled_order_is_told_as_it_ended(orders: Orders) -> None:
    placed = await orders.place()
    cancelled = await orders.cancel(client_order_id="one")
    assert (cancelled.order.status, cancelled.order.end_reason) == (
        t.ORDER_STATUS_CANCELLED,
        t.ORDER_END_REASON_REQUESTED,
    )
    assert (await orders.get(order_id=placed.order.order_id)).order == cancelled.order


async def test_a_repeated_order_acts_once(orders: Orders) -> None:
    first = await orders.place()
    again = await orders.place()
    assert (again.order, again.engine_seq, again.replayed) == (first.order, first.engine_seq, True)
    assert [order.order_id for order in (await orders.list()).orders] == [first.order.order_id]


async def test_a_refused_order_stays_in_the_history(orders: Orders) -> None:
    async with refused() as refusals:
        await orders.place(price="100000", quantity="100")
    [refusal] = refusals
    assert (refusal.reason, refusal.metadata["asset"]) == ("INSUFFICIENT_FUNDS", "KK99")
    told = (await orders.get(client_order_id="one")).order
    assert (told.status, told.reject_reason) == (t.ORDER_STATUS_REJECTED, "INSUFFICIENT_FUNDS")
    assert told.order_id == refusal.metadata["order_id"]


async def test_the_list_is_paged_newest_first(orders: Orders) -> None:
    placed = [(await orders.place(client_order_id=f"o{number}")).order for number in range(5)]
    await orders.cancel(order_id=placed[1].order_id)
    first = await orders.list(page_size=3)
    second = await orders.list(page_size=3, page_token=first.next_page_token)
    listed = [order.order_id for order in (*first.orders, *second.orders)]
    assert listed == [order.order_id for order in reversed(placed)]
    assert second.next_page_token == ""
    opened = await orders.list(open_only=True, instrument="BTC-KK99")
    assert [order.client_order_id for order in opened.orders] == ["o4", "o3", "o2", "o0"]


async def test_nobody_sees_or_cancels_the_order_of_another(orders: Orders) -> None:
    order_id = (await orders.place(ALICE)).order.order_id
    for attempt in (orders.get(BOB, order_id=order_id), orders.cancel(BOB, order_id=order_id)):
        async with refused() as refusals:
            await attempt
        assert refusals[0].reason == "ORDER_NOT_FOUND"
    assert list((await orders.list(BOB)).orders) == []


async def test_without_the_engine_orders_are_unavailable_and_history_is_told(venue: Venue, orders: Orders) -> None:
    placed = await orders.place()
    await orders.get(client_order_id="one")
    await venue.stop_engine()
    for attempt in (orders.place(client_order_id="two"), orders.cancel(client_order_id="one")):
        async with refused() as refusals:
            await attempt
        assert refusals[0].reason == "UNAVAILABLE"
    assert (await orders.get(client_order_id="one")).order == placed.order
    async with refused() as refusals:
        await orders.get(client_order_id="two")
    assert refusals[0].reason == "UNAVAILABLE"


async def test_a_retry_after_the_engine_came_back_acts_once(venue: Venue, orders: Orders) -> None:
    first = await orders.place()
    await venue.stop_engine()
    async with refused():
        await orders.place()
    await venue.start_engine()
    await orders.healthy()
    again = await orders.place()
    assert (again.order, again.replayed) == (first.order, True)
    assert len((await orders.list()).orders) == 1


async def test_history_is_told_after_a_restart_without_the_engine(venue: Venue, orders: Orders) -> None:
    placed = await orders.place()
    await orders.get(client_order_id="one")
    await venue.stop_engine()
    async with venue.orders(healthy=False) as restarted:
        assert (await restarted.get(client_order_id="one")).order == placed.order
