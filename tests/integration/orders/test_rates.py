"""Who asks too often is told so, and how long to wait; the count outlives the loss of Redis."""

import grpc
import pytest

from exchange.orders.v1 import orders_service_pb2 as pb
from services.runtime.refusals import refusal_of
from tests.integration.orders.venue import Orders, Venue, limit_order
from tests.unit.orders.samples import ALICE


def usage(trailers: object) -> dict[str, str]:
    return {name: value for name, value in trailers or () if name.startswith("x-ratelimit-")}  # type: ignore[attr-defined]


async def many(orders: Orders) -> None:
    for n in range(100):  # a token may come while they are sent
        await orders.place(client_order_id=f"many-{n}")


async def test_each_answer_tells_what_is_left(venue: Venue) -> None:
    async with venue.orders(key_orders_per_s=50, account_orders_per_s=80) as orders:
        call = orders.stub.PlaceOrder(limit_order(), metadata=orders.bearer())
        await call
        told = usage(await call.trailing_metadata())
    assert told == {
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-reset": "1",
        "x-ratelimit-usage": "orders=1/100, cancels=0/200000, messages=1/4000",
    }


async def test_too_many_orders_are_refused_and_consume_nothing(venue: Venue) -> None:
    async with venue.orders(key_orders_per_s=1, account_orders_per_s=1) as orders:
        placed = [await orders.place(client_order_id=f"fine-{n}") for n in range(2)]
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await many(orders)
        what = refusal_of(error.value)
        assert (error.value.code(), what.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert 0 < (what.retry_after_ms or 0) <= 1_000
        assert usage(error.value.trailing_metadata())["x-ratelimit-remaining"] == "0"
        request = pb.CancelOrderRequest(order_id=placed[0].order.order_id)
        await orders.stub.CancelOrder(request, metadata=orders.bearer())


async def test_trading_goes_on_without_redis(venue: Venue) -> None:
    async with venue.orders(redis_url="redis://127.0.0.1:1/0", gateways=2) as orders:
        call = orders.stub.PlaceOrder(limit_order(), metadata=orders.bearer(ALICE))
        await call
        assert usage(await call.trailing_metadata())["x-ratelimit-usage"].startswith("orders=1/100000,")
