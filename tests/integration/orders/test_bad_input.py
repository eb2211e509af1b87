"""Whatever is wrong with a request is named, with the right code and a sentence that helps; nothing changes."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.refusal import InvalidField, Refusal
from services.runtime.refusals import refusal_of
from tests.integration.orders.venue import Orders, limit_order, refused

SERVICE = "/exchange.orders.v1.OrdersService"

BAD_ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("UNKNOWN_INSTRUMENT", {"instrument": "XRP-KK99"}),
    ("PRICE_NOT_ON_TICK", {"price": "100.001"}),
    ("PRICE_OUT_OF_RANGE", {"price": "999999999999999999"}),
    ("PRICE_OUT_OF_RANGE", {"price": "-1"}),
    ("QUANTITY_NOT_ON_LOT", {"quantity": "0.00001"}),
    ("QUANTITY_OUT_OF_RANGE", {"quantity": "999999999999999999"}),
    ("QUANTITY_OUT_OF_RANGE", {"quantity": "-0.5"}),
    ("QUANTITY_OUT_OF_RANGE", {"quantity": "0"}),
    ("NOTIONAL_OUT_OF_RANGE", {"price": "0.01", "quantity": "0.0001"}),
    ("REQUEST_EXPIRED", {"valid_until": Timestamp(seconds=-(2**62))}),
    ("VALID_UNTIL_TOO_FAR", {"valid_until": Timestamp(seconds=2**62)}),
]

MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("price", {"price": "1e5"}),
    ("price", {"price": "+1"}),
    ("price", {"price": "1,5"}),
    ("price", {"price": "NaN"}),
    ("price", {"price": "1" * 10_000}),
    ("quantity", {"quantity": "1."}),
    ("quantity", {"quantity": "٣"}),
    ("quantity", {"quantity": "0.5 "}),
    ("instrument", {"instrument": "btc'; DROP TABLE fill"}),
    ("client_order_id", {"client_order_id": ""}),
    ("client_order_id", {"client_order_id": "x" * 37}),
    ("side", {"side": 0}),
    ("side", {"side": 99}),
    ("type", {"type": 99}),
    ("time_in_force", {"time_in_force": 99}),
    ("self_trade_prevention", {"self_trade_prevention": 0}),
    ("", {"price": ""}),
    ("", {"type": t.ORDER_TYPE_MARKET, "time_in_force": t.TIME_IN_FORCE_IOC}),
    ("", {"quote_budget": "5"}),
]

MALFORMED_CANCELS = [
    pb.CancelOrderRequest(),
    pb.CancelOrderRequest(order_id="0"),
    pb.CancelOrderRequest(order_id="-1"),
    pb.CancelOrderRequest(order_id="1" * 21),
    pb.CancelOrderRequest(client_order_id="a b"),
    pb.CancelOrderRequest(order_id="1", request_id="é"),
]

MALFORMED_AMENDS: list[tuple[str, dict[str, Any]]] = [
    ("target", {"price": "99"}),
    ("", {"order_id": "1"}),
    ("order_id", {"order_id": "x", "price": "99"}),
    ("quantity", {"order_id": "1", "quantity": "1e5"}),
    ("price", {"order_id": "1", "price": "NaN"}),
    ("display_quantity", {"order_id": "1", "display_quantity": "+1"}),
    ("trigger_price", {"order_id": "1", "trigger_price": "1,5"}),
    ("request_id", {"order_id": "1", "price": "99", "request_id": "a b"}),
]

MALFORMED_MASS_CANCELS: list[tuple[str, dict[str, Any]]] = [
    ("instrument", {"instrument": "btc"}),
    ("side", {"side": 0}),
    ("side", {"side": 3}),
    ("session_id", {"session_id": "0"}),
    ("session_id", {"session_id": "-1"}),
    ("session_id", {"session_id": str(2**64)}),
    ("request_id", {"request_id": "x" * 37}),
]

BAD_PAGES: list[tuple[str, dict[str, Any]]] = [
    ("INVALID_PAGE_TOKEN", {"page_token": "garbage"}),
    ("INVALID_FIELD", {"page_token": "x" * 257}),
    ("INVALID_FIELD", {"page_size": -1}),
    ("INVALID_FIELD", {"page_size": 501}),
]


async def refusal_of_order(orders: Orders, **changes: Any) -> Refusal:
    async with refused() as refusals:
        await orders.place(**changes)
    return refusals[0]


async def test_an_order_that_breaks_a_rule_is_refused_with_the_rule(orders: Orders) -> None:
    for number, (reason, changes) in enumerate(BAD_ORDERS):
        refusal = await refusal_of_order(orders, client_order_id=f"o{number}", **changes)
        assert refusal.reason == reason, changes
        assert refusal.message.endswith("."), changes
    assert list((await orders.list(open_only=True)).orders) == []


async def test_a_malformed_field_is_named_and_nothing_is_sequenced(orders: Orders) -> None:
    for field, changes in MALFORMED:
        refusal = await refusal_of_order(orders, **{"client_order_id": "same", **changes})
        assert isinstance(refusal, InvalidField), changes
        assert field in [violation.field for violation in refusal.violations], changes
    assert not (await orders.place(client_order_id="same")).replayed  # what is sequenced uses up its id


async def test_a_malformed_cancel_is_refused(orders: Orders) -> None:
    for request in MALFORMED_CANCELS:
        async with refused() as refusals:
            await orders.stub.CancelOrder(request, metadata=orders.bearer())
        assert refusals[0].reason == "INVALID_FIELD", request


async def test_a_malformed_amend_names_its_field(orders: Orders) -> None:
    for field, changes in MALFORMED_AMENDS:
        assert field in await fields_refused(orders.amend(**changes)), changes


async def test_a_malformed_mass_cancel_names_its_field_and_cancels_nothing(orders: Orders) -> None:
    await orders.place()
    for field, filters in MALFORMED_MASS_CANCELS:
        assert field in await fields_refused(orders.mass_cancel(**filters)), filters
    assert len((await orders.list(open_only=True)).orders) == 1


async def test_a_guard_without_a_timeout_is_not_disarmed_by_mistake(orders: Orders) -> None:
    assert await fields_refused(orders.cancel_all_after()) == ["timeout_s"]
    async with refused() as refusals:
        await orders.cancel_all_after(timeout_s=4)
    assert refusals[0].reason == "TIMEOUT_OUT_OF_RANGE"


async def fields_refused(attempt: Awaitable[object]) -> list[str]:
    async with refused() as refusals:
        await attempt
    assert isinstance(refusals[0], InvalidField)
    return [violation.field for violation in refusals[0].violations]


async def test_a_number_that_no_order_has_is_not_found(orders: Orders) -> None:
    for order_id in ("1", str(2**63), str(2**64), "9" * 20):
        attempts = (
            orders.get(order_id=order_id),
            orders.cancel(order_id=order_id),
            orders.amend(order_id=order_id, price="99"),
        )
        for attempt in attempts:
            async with refused() as refusals:
                await attempt
            assert refusals[0].reason == "ORDER_NOT_FOUND", order_id


async def test_a_bad_page_is_refused(orders: Orders) -> None:
    for reason, query in BAD_PAGES:
        async with refused() as refusals:
            await orders.list(**query)
        assert refusals[0].reason == reason, query


async def test_garbage_is_refused(orders: Orders) -> None:
    orders_methods = ("PlaceOrder", "CancelOrder", "AmendOrder", "MassCancel", "CancelAllAfter")
    for method in (*orders_methods, "GetOrder", "ListOrders", "ListTrades"):
        for body in (b"\xff\xff\xff", b"\x0a\xff\xff\xff\xff\x0f", b"not a message"):
            async with refused() as refusals:
                await orders.channel.unary_unary(f"{SERVICE}/{method}")(body, metadata=orders.bearer())
            assert refusals[0].reason == "INVALID_FIELD", (method, body)


async def test_tokens_are_checked(orders: Orders) -> None:
    cases: list[tuple[str, Any]] = [
        ("UNAUTHENTICATED", None),
        ("UNAUTHENTICATED", (("authorization", "Bearer abc"),)),
        ("TOKEN_EXPIRED", orders.bearer(iat=1, exp=2)),
        ("SCOPE_MISSING", orders.bearer(scopes="orders:read")),
    ]
    for reason, metadata in cases:
        async with refused() as refusals:
            await orders.stub.PlaceOrder(limit_order(), metadata=metadata)
        assert refusals[0].reason == reason
    assert list((await orders.list()).orders) == []


async def test_bad_input_beside_good_input_harms_nobody(orders: Orders) -> None:
    """Send bad and good orders in one turn: each gets its own answer."""

    async def attempt(number: int) -> str:
        changes = {} if number % 2 else {"price": "0.001"}
        try:
            return (await orders.place(client_order_id=f"o{number}", **changes)).order.client_order_id
        except grpc.aio.AioRpcError as error:
            return refusal_of(error).reason

    answers = await asyncio.gather(*map(attempt, range(40)))
    assert answers == [f"o{number}" if number % 2 else "PRICE_NOT_ON_TICK" for number in range(40)]
