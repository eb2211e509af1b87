"""What orders relies on from every engine about orders that are open: amends, mass cancels, the guard of an account."""

from dataclasses import replace
from typing import Any

import pytest

from services.kernel.ids import ClientOrderId, OrderId, RequestId
from services.kernel.refusal import Refusal
from services.orders.model.order import Order
from services.orders.model.request import MassCancelled
from services.orders.model.words import EndReason, OrderStatus, Side
from services.orders.usecases.cancel_all_after import cancel_all_after
from tests.contract.orders.desk import Desk
from tests.unit.orders.samples import ALICE, BOB, STRANGER


async def placed(desk: Desk, name: str = "one", **changes: Any) -> Order:
    return (await desk.place(client_order_id=ClientOrderId(name), **changes)).told.order


async def test_an_amended_order_keeps_its_ids_and_says_what_changed(desk: Desk) -> None:
    order = await placed(desk)
    answer = await desk.amend(order.order_id, quantity="0.4", price="99.5")
    amended = answer.told.order
    assert (amended.order_id, amended.client_order_id) == (order.order_id, order.client_order_id)
    assert (amended.price, amended.quantity, amended.leaves_quantity) == (9_950, 4_000, 4_000)
    assert (amended.status, amended.version) == (OrderStatus.NEW, 2)
    assert (answer.told.fills, answer.replayed) == ((), False)
    [told] = (await desk.told()).orders
    assert told == amended


async def test_a_quantity_is_the_total(desk: Desk) -> None:
    order = await placed(desk)
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    amended = (await desk.amend(order.order_id, quantity="0.3")).told.order
    assert (amended.quantity, amended.cum_quantity, amended.leaves_quantity) == (3_000, 2_000, 1_000)
    ended = (await desk.amend(order.order_id, quantity="0.2")).told.order
    assert (ended.status, ended.end_reason) == (OrderStatus.CANCELLED, EndReason.AMENDED_AWAY)
    assert (ended.quantity, ended.cum_quantity, ended.cancelled_quantity) == (3_000, 2_000, 1_000)


async def test_an_amend_that_crosses_trades_as_taker(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, price="101", quantity="0.2")
    order = await placed(desk)
    answer = await desk.amend(order.order_id, price="101")
    assert [(fill.price, fill.quantity) for fill in answer.told.fills] == [(10_100, 2_000)]
    assert (answer.told.order.status, answer.told.order.leaves_quantity) == (OrderStatus.PARTIALLY_FILLED, 3_000)


@pytest.mark.parametrize(("changes", "first"), [({"quantity": "0.4"}, "early"), ({"quantity": "0.6"}, "late")])
async def test_a_larger_order_goes_behind_and_a_smaller_one_stays(
    desk: Desk, changes: dict[str, Any], first: str
) -> None:
    early = await placed(desk, "early")
    await placed(desk, "late")
    await desk.amend(early.order_id, **changes)
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.1")
    assert [o.client_order_id for o in (await desk.told()).orders if o.cum_quantity and o.side is Side.BUY] == [first]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("VERSION_MISMATCH", {"quantity": "0.4", "expected_version": 7}),
        ("PRICE_OUT_OF_RANGE", {"price": "0"}),
        ("QUANTITY_OUT_OF_RANGE", {"quantity": "-1"}),
        ("QUANTITY_OUT_OF_RANGE", {"quantity": "100000.0001"}),
        ("NOTIONAL_OUT_OF_RANGE", {"quantity": "0.0001"}),
        ("INSUFFICIENT_FUNDS", {"price": "100000", "quantity": "100"}),
        ("ORDER_FIELDS_CONFLICT", {"trigger_price": "120"}),
        ("ORDER_FIELDS_CONFLICT", {"expire_time_ns": 2**62}),
        ("REQUEST_EXPIRED", {"quantity": "0.4", "valid_until_ns": 1}),
        ("VALID_UNTIL_TOO_FAR", {"quantity": "0.4", "valid_until_ns": 2**62}),
    ],
)
async def test_a_refused_amend_leaves_the_order_as_it_was(desk: Desk, reason: str, changes: dict[str, Any]) -> None:
    order = await placed(desk)
    assert (await desk.amend_refused(order.order_id, **changes)).reason == reason
    assert (await desk.told()).orders == [order]


async def test_an_amend_of_the_version_that_it_expects_is_done(desk: Desk) -> None:
    order = await placed(desk)
    assert (await desk.amend(order.order_id, price="99", expected_version=order.version)).told.order.version == 2


async def test_post_only_is_checked_again(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, price="101")
    order = await placed(desk, post_only=True)
    assert (await desk.amend_refused(order.order_id, price="101")).reason == "POST_ONLY_WOULD_CROSS"


async def test_an_amend_with_a_request_id_can_be_repeated(desk: Desk) -> None:
    order = await placed(desk)
    once = {"price": "99", "request_id": RequestId("a1")}
    first = await desk.amend(order.order_id, **once)
    assert await desk.amend(order.order_id, **once) == replace(first, replayed=True)
    await desk.cancel(order.order_id)
    again = await desk.amend(order.order_id, **once)
    assert (again.replayed, again.engine_seq) == (True, first.engine_seq)
    reused = await desk.amend_refused(order.order_id, **{**once, "price": "98"})
    assert reused.reason == "CLIENT_ORDER_ID_REUSED"


async def test_what_ended_or_never_was_cannot_be_amended(desk: Desk) -> None:
    order = await placed(desk)
    other = (await desk.place(account_id=BOB)).told.order
    await desk.cancel(order.order_id)
    refusal = await desk.amend_refused(order.order_id, price="99")
    assert (refusal.reason, refusal.metadata["status"]) == ("ORDER_NOT_OPEN", "CANCELLED")
    for number in (other.order_id, OrderId(2**64 - 1)):
        assert (await desk.amend_refused(number, price="99")).reason == "ORDER_NOT_FOUND"


async def open_names(desk: Desk) -> set[str]:
    return {order.client_order_id for order in (await desk.told()).orders if order.leaves_quantity}


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({}, {"theirs"}),
        ({"symbol": "BTC-KK99"}, {"theirs"}),
        ({"side": Side.BUY}, {"sell", "theirs"}),
        ({"side": Side.SELL, "symbol": "BTC-KK99"}, {"buy", "theirs"}),
        ({"session_id": 9}, {"buy", "sell", "theirs"}),
        ({"tag": 9}, {"buy", "sell", "theirs"}),
    ],
)
async def test_a_mass_cancel_ends_what_matches_and_nothing_else(
    desk: Desk, filters: dict[str, Any], left: set[str]
) -> None:
    await placed(desk, "buy")
    await placed(desk, "sell", side=Side.SELL, price="110")
    await placed(desk, "theirs", account_id=BOB)
    done = await desk.mass_cancel(**filters)
    assert (done.count, done.replayed) == (3 - len(left), False)
    assert await open_names(desk) == left
    ended = [order for order in (await desk.told()).orders if order.status is OrderStatus.CANCELLED]
    assert {order.end_reason for order in ended} <= {EndReason.MASS_CANCEL}


async def test_a_mass_cancel_with_a_request_id_can_be_repeated(desk: Desk) -> None:
    await placed(desk)
    first = await desk.mass_cancel(request_id=RequestId("m1"))
    await placed(desk, "two")
    assert await desk.mass_cancel(request_id=RequestId("m1")) == MassCancelled(1, first.engine_seq, replayed=True)
    assert await open_names(desk) == {"two"}
    with pytest.raises(Refusal) as caught:
        await desk.mass_cancel(request_id=RequestId("m1"), side=Side.SELL)
    assert caught.value.reason == "CLIENT_ORDER_ID_REUSED"


async def test_a_mass_cancel_of_what_is_not_there_is_refused(desk: Desk) -> None:
    for reason, filters in (
        ("UNKNOWN_ACCOUNT", {"account_id": STRANGER}),
        ("UNKNOWN_INSTRUMENT", {"symbol": "XRP-KK99"}),
        ("REQUEST_EXPIRED", {"valid_until_ns": 1}),
    ):
        with pytest.raises(Refusal) as caught:
            await desk.mass_cancel(**filters)
        assert caught.value.reason == reason


@pytest.mark.parametrize("timeout_s", [0, 5, 300])
async def test_a_guard_is_armed_and_disarmed_and_touches_nothing_before_its_time(desk: Desk, timeout_s: int) -> None:
    await placed(desk)
    engine_seq = await cancel_all_after(ALICE, timeout_s, desk.engine)
    assert engine_seq == (await desk.engine.horizon()).engine_seq
    assert await open_names(desk) == {"one"}


@pytest.mark.parametrize("timeout_s", [1, 4, 301, 2**32 - 1])
async def test_a_guard_has_a_sensible_timeout(desk: Desk, timeout_s: int) -> None:
    with pytest.raises(Refusal) as caught:
        await cancel_all_after(ALICE, timeout_s, desk.engine)
    assert caught.value.reason == "TIMEOUT_OUT_OF_RANGE"
