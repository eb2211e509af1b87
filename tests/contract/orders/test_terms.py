"""What orders relies on from every engine about what orders ask for: times, minimums, marks, and checks alone."""

from dataclasses import replace
from typing import Any

import pytest

from services.kernel.clock import SystemClock
from services.kernel.ids import ClientOrderId
from services.orders.model.instrument import DAY_NS
from services.orders.model.order import Terms
from services.orders.model.request import DraftTerms, OrderCost
from services.orders.model.words import EndReason, OrderStatus, OrderType, Side, TimeInForce
from tests.contract.orders.desk import Desk
from tests.unit.orders.samples import ALICE, BOB, BTC, KK99, STRANGER

HOUR_NS = 3_600_000_000_000


def terms(**fields: Any) -> dict[str, Any]:
    return {"terms": DraftTerms(**fields)}


async def test_a_good_till_date_order_says_when_it_expires(desk: Desk) -> None:
    until = SystemClock().now_ns() + HOUR_NS
    gtd = {"time_in_force": TimeInForce.GTD, **terms(expire_time_ns=until)}
    order = (await desk.place(**gtd)).told.order
    assert (order.status, order.terms) == (OrderStatus.NEW, Terms(expire_time_ns=until))
    later = (await desk.amend(order.order_id, expire_time_ns=until + HOUR_NS)).told.order
    assert later.terms.expire_time_ns == until + HOUR_NS
    assert [told.terms for told in (await desk.told()).orders] == [later.terms]


async def test_a_day_order_expires_at_the_close_of_its_session(desk: Desk) -> None:
    # Near midnight the order has the close that was next when it was sent.
    before = SystemClock().now_ns()
    order = (await desk.place(time_in_force=TimeInForce.DAY)).told.order
    assert order.terms.expire_time_ns % DAY_NS == 0
    assert before < order.terms.expire_time_ns <= SystemClock().now_ns() + DAY_NS


@pytest.mark.parametrize("expire_time_ns", [-(2**63), 0, 1, 2**63 - 1])
async def test_a_time_out_of_range_is_refused(desk: Desk, expire_time_ns: int) -> None:
    gtd = {"time_in_force": TimeInForce.GTD, **terms(expire_time_ns=expire_time_ns)}
    assert (await desk.refused(**gtd)).reason == "EXPIRE_TIME_OUT_OF_RANGE"


async def test_an_ioc_order_trades_its_minimum_or_nothing(desk: Desk) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, quantity="0.2")
    ioc = {"time_in_force": TimeInForce.IOC, "quantity": "0.5"}
    ended = (await desk.place(**ioc, **terms(min_quantity="0.3"))).told.order
    assert (ended.status, ended.end_reason, ended.cum_quantity) == (
        OrderStatus.EXPIRED,
        EndReason.MIN_QUANTITY_NOT_MET,
        0,
    )
    second = await desk.place(client_order_id=ClientOrderId("two"), **ioc, **terms(min_quantity="0.2"))
    assert (second.told.order.cum_quantity, second.told.order.terms.min_quantity) == (2_000, 2_000)


async def test_a_mark_is_kept_and_found_by_a_mass_cancel(desk: Desk) -> None:
    marked = (await desk.place(client_order_id=ClientOrderId("marked"), **terms(tag=2**32 - 1))).told.order
    await desk.place(client_order_id=ClientOrderId("plain"))
    assert marked.terms.tag == 2**32 - 1
    assert (await desk.mass_cancel(tag=2**32 - 1)).count == 1
    assert (await desk.mass_cancel(tag=0)).count == 1


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("ORDER_FIELDS_CONFLICT", {"time_in_force": TimeInForce.GTD}),
        ("ORDER_FIELDS_CONFLICT", terms(expire_time_ns=2**62)),
        ("ORDER_FIELDS_CONFLICT", terms(min_quantity="0.1")),
        ("MIN_QUANTITY_OUT_OF_RANGE", {"time_in_force": TimeInForce.IOC, **terms(min_quantity="0.6")}),
    ],
)
async def test_terms_that_do_not_go_together_are_refused(desk: Desk, reason: str, changes: dict[str, Any]) -> None:
    assert (await desk.refused(**changes)).reason == reason


async def test_other_terms_are_another_order(desk: Desk) -> None:
    first = await desk.place(**terms(tag=1))
    assert await desk.place(**terms(tag=1)) == replace(first, replayed=True)
    assert (await desk.refused(**terms(tag=2))).reason == "CLIENT_ORDER_ID_REUSED"


@pytest.mark.parametrize(
    ("reasons", "changes"),
    [
        ([], {}),
        (["PRICE_OUT_OF_RANGE", "QUANTITY_OUT_OF_RANGE"], {"price": "0", "quantity": "100000.0001"}),
        (["INSUFFICIENT_FUNDS", "POST_ONLY_WOULD_CROSS"], {"price": "100000", "quantity": "100", "post_only": True}),
        (["UNKNOWN_ACCOUNT", "REQUEST_EXPIRED"], {"account_id": STRANGER, "valid_until_ns": 1, "price": "99"}),
        (["ORDER_FIELDS_CONFLICT"], {"post_only": True, "time_in_force": TimeInForce.IOC, "price": "0"}),
        (
            ["MIN_QUANTITY_OUT_OF_RANGE", "NOTIONAL_OUT_OF_RANGE"],
            {"time_in_force": TimeInForce.IOC, "quantity": "0.0001", **terms(min_quantity="0.6")},
        ),
        (["PRICE_NOT_ON_TICK", "QUANTITY_NOT_ON_LOT"], {"price": "1.001", "quantity": "0.00001"}),
        (
            ["PRICE_NOT_ON_TICK", "DISPLAY_QUANTITY_OUT_OF_RANGE", "MIN_QUANTITY_OUT_OF_RANGE"],
            terms(trigger_price="0.001", display_quantity="0", min_quantity="-1"),
        ),
    ],
)
async def test_checks_alone_tell_all_that_fails_and_leave_no_trace(
    desk: Desk, reasons: list[str], changes: dict[str, Any]
) -> None:
    await desk.place(account_id=BOB, side=Side.SELL, client_order_id=ClientOrderId("ask"))
    assert await desk.judge(**changes) == reasons
    assert [order.account_id for order in (await desk.told()).orders] == [BOB]
    assert not (await desk.place()).replayed


async def test_checks_alone_tell_what_an_order_costs_and_what_there_is(desk: Desk) -> None:
    await desk.place()  # 0.5 at 100.00 holds 50 and its fee
    cost = await desk.cost(client_order_id=ClientOrderId("two"), quantity="0.25")
    assert cost == OrderCost(
        asset_id=KK99.asset_id,
        worst_price=100_00,
        notional=25_000_000,
        worst_fee=25_000,
        required=25_025_001,
        available=10**12 - 50_050_001,
    )
    sold = await desk.cost(client_order_id=ClientOrderId("two"), side=Side.SELL, price="200", quantity="5000")
    assert (sold.asset_id, sold.required, sold.available) == (BTC.asset_id, 5 * 10**11, 10**11)


async def test_checks_alone_tell_of_a_reused_id(desk: Desk) -> None:
    await desk.place()
    assert await desk.judge() == []
    assert await desk.judge(quantity="0.4") == ["CLIENT_ORDER_ID_REUSED"]


async def test_checks_alone_see_the_other_side(desk: Desk) -> None:
    market = {"account_id": ALICE, "type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "price": ""}
    assert await desk.judge(**market) == ["NO_LIQUIDITY"]
    await desk.place(account_id=BOB, side=Side.SELL)
    assert await desk.judge(**market) == []
