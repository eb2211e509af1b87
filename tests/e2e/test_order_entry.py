"""Order entry by stream, through the edge: batches, and what becomes of orders whose gateway or client is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1.order_entry_service_pb2_grpc import OrderEntryServiceStub
from exchange.orders.v1.orders_service_pb2 import OpenSessionRequest
from exchange.type.v1 import order_pb2 as t
from tests.e2e.clients import Json
from tests.e2e.clients.grpc_client import GrpcClient
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Patient, Trader

INSTRUMENT = "ETH-KK99"
PATIENCE_S = 30.0


@asynccontextmanager
async def entry(trader: Trader, client: GrpcClient) -> AsyncIterator[Any]:
    """Open a stream by which the trader enters orders; it is cut at the end."""
    stream = OrderEntryServiceStub(client.channel).OrderEntry(
        metadata=(("authorization", f"Bearer {trader.client.token}"),)
    )
    opening = OpenSessionRequest(scope=t.DISCONNECT_SCOPE_SESSION, grace_ms=0)
    await stream.write(pb.OrderEntryRequest(open_session=opening))
    assert (await stream.read()).HasField("session_opened")
    try:
        yield stream
    finally:
        stream.cancel()


def item(trader: Trader, client_order_id: str, price: str) -> pb.OrderItem:
    return pb.OrderItem(
        place_order=trader.order_request(INSTRUMENT, "BUY", "0.01", price, client_order_id=client_order_id)
    )


async def test_a_batch_through_the_edge(new_grpc_client: NewClient) -> None:
    client = new_grpc_client()
    assert isinstance(client, GrpcClient)
    trader = await Trader(client).join(KK99="1000")
    async with entry(trader, client) as stream:
        items = [item(trader, f"n-{n}", "100.00" if n % 2 else "1e9") for n in range(1_000)]
        await stream.write(pb.OrderEntryRequest(batch=pb.OrderBatch(correlation_id=7, items=items)))
        answer = (await stream.read()).batch
        assert (answer.correlation_id, len(answer.results)) == (7, 1_000)
        entered = [result.order.order_id for result in answer.results if result.HasField("order")]
        assert [bool(result.reason) for result in answer.results] == [n % 2 == 0 for n in range(1_000)]
        assert {order["order_id"] for order in await trader.orders()} == set(entered)


@pytest.mark.parametrize("lost", ["client", "order_entry", "envoy"])
async def test_orders_of_a_lost_session_go(exchange: Exchange, new_grpc_client: NewClient, lost: str) -> None:
    trader = await Trader(Patient(new_grpc_client())).join(KK99="1000")
    client = new_grpc_client()
    assert isinstance(client, GrpcClient)
    async with entry(trader, client) as stream:
        await stream.write(pb.OrderEntryRequest(batch=pb.OrderBatch(items=[item(trader, "mine", "100.00")])))
        [told] = (await stream.read()).batch.results
        assert told.order.status == t.ORDER_STATUS_NEW
        if lost == "client":
            await client.close()
        else:
            exchange.stack.kill(lost)
            exchange.stack.restart(lost)
        async with asyncio.timeout(PATIENCE_S):
            while (order := await order_of(trader, told.order.order_id))["status"] == "ORDER_STATUS_NEW":
                pass
        assert order["end_reason"] == "ORDER_END_REASON_DISCONNECTED"


async def order_of(trader: Trader, order_id: str) -> Json:
    order: Json = (await trader.order(order_id))["order"]
    return order
