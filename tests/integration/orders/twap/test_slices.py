"""A TWAP through the service's own port, with a real engine and PostgreSQL: what its slices trade is what it says."""

from decimal import Decimal

import pytest

from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from tests.integration.orders.twap.clockwork import INTERVAL_S, Spread, let_pass, slices_of, twap_order
from tests.integration.orders.venue import Orders, Venue, refused
from tests.unit.orders.samples import BOB

FIRST_NUMBER = 2**62


async def offered(orders: Orders, quantity: str, name: str = "offer", price: str = "100") -> None:
    await orders.place(BOB, client_order_id=name, side=t.SIDE_SELL, price=price, quantity=quantity)


async def children(orders: Orders, parent: order_pb2.Order) -> list[order_pb2.Order]:
    listed = (await orders.list(page_size=500)).orders
    return [order for order in listed if order.parent_id == parent.order_id]


async def names_by_pages(orders: Orders, page_size: int, *, open_only: bool) -> list[str]:
    """Read a list to its end, without the slices, which come as they are due."""
    names: list[str] = []
    token = ""
    while True:
        page = await orders.list(page_size=page_size, page_token=token, open_only=open_only)
        names += [order.client_order_id for order in page.orders if not order.parent_id]
        token = page.next_page_token
        if not token:
            return names


async def test_it_is_answered_before_its_first_slice_and_read_as_an_order(venue: Venue, orders: Orders) -> None:
    answer = await Spread(orders, venue.dsn).enter(tag=7)
    order = answer.order
    assert (order.status, order.type, order.client_order_id) == (t.ORDER_STATUS_NEW, t.ORDER_TYPE_TWAP, "spread")
    assert (order.quantity, order.leaves_quantity, order.price, order.tag) == ("0.1000", "0.1000", "100.00", 7)
    assert (order.twap.duration_s, order.twap.interval_s, order.twap_progress.slice_count) == (36_000, 3_600, 10)
    assert int(order.order_id) > FIRST_NUMBER
    assert int(answer.engine_seq) > 0
    assert not answer.replayed
    assert (await orders.get(order_id=order.order_id)).order.client_order_id == "spread"


async def test_it_trades_in_slices_until_it_is_filled(venue: Venue, orders: Orders) -> None:
    await offered(orders, "1")
    spread = Spread(orders, venue.dsn)
    await spread.enter()
    first = await spread.sent(1)
    assert (first.status, first.cum_quantity) == (t.ORDER_STATUS_PARTIALLY_FILLED, "0.0100")
    assert first.twap_progress.HasField("next_slice_time")
    last = await spread.to_the_end()
    assert (last.status, last.cum_quantity, last.leaves_quantity) == (t.ORDER_STATUS_FILLED, "0.1000", "0.0000")
    assert (last.average_price, last.cum_notional, last.cum_fee) == ("100.000000", "10.000000", "0.010000")
    found = await children(orders, last)
    assert {child.client_order_id for child in found} == {f"TWAP-1-{place}" for place in range(10)}
    assert {(child.quantity, child.time_in_force) for child in found} == {("0.0100", t.TIME_IN_FORCE_IOC)}
    assert [row["place"] for row in await slices_of(venue.dsn)] == list(range(10))


async def test_what_a_slice_did_not_trade_is_carried_and_the_rest_expires(venue: Venue, orders: Orders) -> None:
    await offered(orders, "0.015")
    spread = Spread(orders, venue.dsn)
    await spread.enter()
    assert (await spread.sent(1)).cum_quantity == "0.0100"
    last = await spread.to_the_end()
    assert (last.status, last.end_reason) == (t.ORDER_STATUS_EXPIRED, t.ORDER_END_REASON_DURATION_ENDED)
    assert (last.cum_quantity, last.cancelled_quantity) == ("0.0150", "0.0850")
    found = sorted(await children(orders, last), key=lambda child: int(child.order_id))
    assert [child.quantity for child in found] == [
        "0.0100", "0.0100", "0.0106", "0.0121", "0.0141", "0.0170", "0.0212", "0.0283", "0.0300", "0.0300",
    ]  # fmt: skip
    assert sum(Decimal(child.cum_quantity) for child in found) == Decimal(last.cum_quantity)


async def test_without_a_price_it_trades_at_the_market_and_an_empty_one_does_not_end_it(
    venue: Venue, orders: Orders
) -> None:
    spread = Spread(orders, venue.dsn)
    await spread.enter(price="")
    empty = await spread.sent(1)
    assert (empty.status, empty.cum_quantity, empty.price) == (t.ORDER_STATUS_NEW, "0.0000", "")
    await offered(orders, "1")
    await let_pass(venue.dsn, INTERVAL_S)
    assert (await spread.sent(2)).cum_quantity == "0.0111"
    assert [row["reason"] for row in await slices_of(venue.dsn)] == ["NO_LIQUIDITY", ""]


async def test_the_same_request_enters_once_and_another_is_refused(venue: Venue, orders: Orders) -> None:
    await offered(orders, "1")
    spread = Spread(orders, venue.dsn)
    first = await spread.enter()
    await spread.sent(1)
    again = await spread.enter()
    assert (again.order, again.engine_seq, again.replayed) == (first.order, first.engine_seq, True)
    for changed in (
        {"quantity": "0.2"},
        {"price": "99"},
        {"twap": order_pb2.TwapSchedule(duration_s=600, interval_s=30)},
    ):
        async with refused() as refusals:
            await spread.enter(**changed)
        assert refusals[0].reason == "CLIENT_ORDER_ID_REUSED"
    assert len((await orders.list()).orders) == 2


async def test_no_order_has_the_id_of_a_twap_nor_a_twap_that_of_an_order(venue: Venue, orders: Orders) -> None:
    await Spread(orders, venue.dsn).enter()
    async with refused() as refusals:
        await orders.place(client_order_id="spread")
    assert refusals[0].reason == "CLIENT_ORDER_ID_REUSED"
    await orders.place(client_order_id="one")
    async with refused() as refusals:
        await Spread(orders, venue.dsn, "one").enter()
    assert refusals[0].reason == "CLIENT_ORDER_ID_REUSED"
    async with refused() as refusals:
        await orders.place(client_order_id="TWAP-1-0")
    assert refusals[0].reason == "INVALID_FIELD"


async def test_slices_too_small_are_refused_with_the_interval_that_would_do(venue: Venue, orders: Orders) -> None:
    spread = Spread(orders, venue.dsn)
    async with refused() as refusals:
        await spread.enter(
            quantity="0.05", twap=order_pb2.TwapSchedule(duration_s=300, interval_s=30)
        )  # 0.005 at 100 is worth half of what an order is worth at least
    [refusal] = refusals
    assert (refusal.reason, dict(refusal.metadata)["interval_s"]) == ("TWAP_SLICE_TOO_SMALL", "60")
    await spread.enter(quantity="0.05", twap=order_pb2.TwapSchedule(duration_s=300, interval_s=60))
    async with refused() as refusals:
        await Spread(orders, venue.dsn, "two").enter(quantity="0.0005")
    assert refusals[0].reason == "TWAP_SLICE_TOO_SMALL"
    assert "interval_s" not in refusals[0].metadata


async def test_what_the_engine_would_refuse_is_refused_at_entry(venue: Venue, orders: Orders) -> None:
    wrong = {
        "PRICE_NOT_ON_TICK": {"price": "100.001"},
        "INSUFFICIENT_FUNDS": {"quantity": "900000"},
        "UNKNOWN_INSTRUMENT": {"instrument": "XYZ-KK99"},
        "QUANTITY_NOT_ON_LOT": {"quantity": "0.10001"},
        "INVALID_FIELD": {"twap": order_pb2.TwapSchedule(duration_s=301, interval_s=30)},
    }
    for reason, changed in wrong.items():
        async with refused() as refusals:
            await Spread(orders, venue.dsn).enter(**changed)
        assert refusals[0].reason == reason
    assert not (await orders.list()).orders
    assert not (await Spread(orders, venue.dsn).enter()).replayed


async def test_a_preview_tells_the_cost_of_the_whole(orders: Orders) -> None:
    told = await orders.stub.PreviewOrder(pb.PreviewOrderRequest(order=twap_order()), metadata=orders.bearer())
    assert (told.notional, told.worst_fee, told.asset, list(told.failed_checks)) == (
        "10.000000",
        "0.010000",
        "KK99",
        [],
    )
    checked = await orders.stub.PlaceOrder(twap_order(quantity="0.05", validate_only=True), metadata=orders.bearer())
    assert [each.reason for each in checked.failed_checks] == ["TWAP_SLICE_TOO_SMALL"]
    assert not (await orders.list()).orders


@pytest.mark.parametrize(
    ("open_only", "listed"),
    [
        (True, ["c", "b", "a", "plain-c", "plain-b", "plain-a"]),
        (False, ["plain-c", "c", "plain-b", "b", "plain-a", "a"]),
    ],
)
async def test_lists_show_twaps_among_orders_and_go_on_across_pages(
    venue: Venue, orders: Orders, open_only: bool, listed: list[str]
) -> None:
    for name in ("a", "b", "c"):
        await Spread(orders, venue.dsn, name).enter()
        await orders.place(client_order_id=f"plain-{name}", price="90")
    for page_size in (1, 2, 4, 6):
        assert await names_by_pages(orders, page_size, open_only=open_only) == listed


async def test_nobody_sees_or_ends_the_twap_of_another(venue: Venue, orders: Orders) -> None:
    order = (await Spread(orders, venue.dsn).enter()).order
    for act in (orders.get, orders.cancel):
        async with refused() as refusals:
            await act(BOB, order_id=order.order_id)
        assert refusals[0].reason == "ORDER_NOT_FOUND"


async def test_it_is_not_amended(venue: Venue, orders: Orders) -> None:
    order = (await Spread(orders, venue.dsn).enter()).order
    for target in ({"order_id": order.order_id}, {"client_order_id": "spread"}):
        for named in ({}, {"instrument": "BTC-KK99"}):
            async with refused() as refusals:
                await orders.amend(**target, **named, quantity="1")
            assert refusals[0].reason == "TWAP_NOT_AMENDABLE"
