"""Clients of the stream that are rude, broken or too many harm nobody but themselves."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import grpc
import pytest

from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2
from exchange.type.v1 import order_pb2 as t
from services.orders.entry.stream import ANSWER_FACTOR, UNANSWERED
from services.runtime.refusals import refusal_of
from tests.integration.orders.entry.client import Item, entry
from tests.integration.orders.venue import Orders, Venue, limit_order, refused
from tests.unit.orders.samples import BOB

ORDER_ENTRY = "/exchange.orders.v1.OrderEntryService/OrderEntry"
OPENING = pb.OrderEntryRequest(open_session={"scope": t.DISCONNECT_SCOPE_SESSION}).SerializeToString()
TAKEN = "exchange_orders_entry_room_taken_bytes"


def raw_stream(orders: Orders, channel: grpc.aio.Channel | None = None) -> Any:
    """Open a stream that sends whatever bytes it is given."""
    return (channel or orders.entry.channel).stream_stream(ORDER_ENTRY)(metadata=orders.bearer())


def batch(count: int, name: str = "x") -> bytes:
    items = [Item(place_order=limit_order(f"{name}-{index}", price="1")) for index in range(count)]
    return pb.OrderEntryRequest(batch=pb.OrderBatch(items=items)).SerializeToString()


async def goes_on(orders: Orders) -> None:
    """See that another client is served as ever."""
    async with entry(orders, BOB) as other:
        await other.open()
        [told] = (await other.ask(Item(place_order=limit_order("other")))).results
        assert told.order.client_order_id == "other"
        await other.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 1_000,
        batch(3)[:-5],
        b"\x12",
        OPENING,
        b"",
        b"\x1a\x00\x1a\x00",
        b"\x9a\x06\x00" * 10_000,
    ],
)
async def test_garbage_ends_its_own_stream(orders: Orders, garbage: bytes) -> None:
    stream = raw_stream(orders)
    await stream.write(OPENING)
    await stream.read()
    await stream.write(garbage)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stream.read()
    assert refusal_of(error.value).reason == "INVALID_FIELD"
    await goes_on(orders)


async def test_a_message_of_a_hundred_megabytes_is_refused(orders: Orders, venue: Venue) -> None:
    async with venue.mesh.channel("edge", orders.entry.process.server.port) as channel:
        stream = raw_stream(orders, channel)
        await stream.write(OPENING)
        await stream.read()
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await stream.write(b"\x12" * 100_000_000)
        assert await stream.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
    await goes_on(orders)


async def test_a_stream_has_so_many_batches_on_their_way_and_no_more(venue: Venue) -> None:
    """What is beyond waits in the client's own connection; all of it is answered in the end, in order."""
    small = len(batch(100)) * ANSWER_FACTOR * 3
    async with venue.orders(entry={"room_bytes": small}) as orders, entry(orders) as stream:
        await stream.open()
        items = [Item(place_order=limit_order(f"n-{index}", price="1")) for index in range(50)]
        sent = [await stream.send(*items, response_mode=pb.RESPONSE_MODE_ACK) for _ in range(UNANSWERED * 4)]
        assert orders.entry.measured(TAKEN) <= small
        told = [(await stream.read()).batch.correlation_id for _ in sent]
        assert told == sent
    assert orders.entry.measured(TAKEN) == 0


async def test_tiny_messages_by_the_thousand(orders: Orders) -> None:
    heartbeat = pb.OrderEntryRequest(heartbeat=pb.OrderEntryHeartbeat()).SerializeToString()
    stream = raw_stream(orders)
    await stream.write(OPENING)
    await stream.read()
    writing = asyncio.create_task(write_all(stream, [heartbeat] * 3_000))
    for _ in range(3_000):
        await stream.read()
    await writing
    await goes_on(orders)
    stream.cancel()


async def write_all(stream: Any, messages: list[bytes]) -> None:
    for message in messages:
        await stream.write(message)


async def test_an_account_opens_so_many_sessions_and_no_more(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders:
        streams = [raw_stream(orders) for _ in range(64)]
        for stream in streams:
            await stream.write(OPENING)
            await stream.read()
        async with entry(orders) as one_more, refused() as caught:
            await one_more.open()
        assert caught[0].reason == "TOO_MANY_SESSIONS"
        await goes_on(orders)
        for stream in streams:
            stream.cancel()


async def test_a_batch_takes_as_many_tokens_as_it_has_items(venue: Venue) -> None:
    slow = {"key_orders_per_s": 30, "rate_burst": timedelta(seconds=2)}
    async with venue.orders(entry=slow) as orders, entry(orders) as stream:
        await stream.open()
        items = [Item(place_order=limit_order(f"n-{index}")) for index in range(50)]
        assert not (await stream.ask(*items, response_mode=pb.RESPONSE_MODE_ACK)).HasField("refusal")
        again = await stream.ask(*items, response_mode=pb.RESPONSE_MODE_ACK)
        assert again.refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
        assert not again.results
        await stream.heartbeat()


async def test_a_batch_that_only_cancels_needs_no_other_tokens(venue: Venue) -> None:
    scarce = {"key_messages_per_s": 1, "rate_burst": timedelta(seconds=1)}
    async with venue.orders(entry=scarce) as orders, entry(orders) as stream:
        await stream.open()
        await stream.ask(*(Item(place_order=limit_order(f"n-{index}")) for index in range(20)))
        for index in range(20):
            cancel = Item(cancel_order=orders_service_pb2.CancelOrderRequest(client_order_id=f"n-{index}"))
            assert not (await stream.ask(cancel)).HasField("refusal")
