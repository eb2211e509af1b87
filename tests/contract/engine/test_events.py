"""The event log is served from any position, and from a snapshot, and followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, SnapshotStart
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from services.runtime.run import Process
from tests.contract.engine.market import ORDERS, all_blocks, submit
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99, BUYER, SELLER, order


@asynccontextmanager
async def following(channel: grpc.aio.Channel, request: EventsRequest) -> AsyncIterator[AsyncIterator[EventsResponse]]:
    stream = EngineServiceStub(channel).Events(request)
    try:
        async with asyncio.timeout(30):
            yield aiter(stream)
    finally:
        stream.cancel()


async def test_every_position_is_served_to_the_end(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        await submit(channel, *(order(f"o{n}", SELLER, 5_000_000 + n) for n in range(20)))
        everything = await all_blocks(channel)
        assert len(everything) == 25
        for seq in range(25):
            after = Position(epoch=1, engine_seq=seq)
            async with following(channel, EventsRequest(after=after)) as responses:
                blocks = list((await anext(responses)).blocks)
                while blocks[-1].engine_seq < 25:
                    blocks += (await anext(responses)).blocks
            assert blocks == everything[seq:]


async def test_a_follower_hears_of_what_happens_and_of_silence(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        last = (await all_blocks(channel))[-1].engine_seq
        async with following(channel, EventsRequest(after=Position(epoch=1, engine_seq=last))) as responses:
            silence = await anext(responses)
            assert (silence.epoch, silence.durable_seq, len(silence.blocks)) == (1, last, 0)
            await submit(channel, order("o", SELLER, 5_000_000))
            heard = await anext(responses)
            assert [block.engine_seq for block in heard.blocks] == [last + 1]


async def test_who_asks_for_instruments_alone_hears_of_nothing_else(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        await submit(channel, order("before", SELLER, 5_000_000))
        asked = EventsRequest(snapshot=SnapshotStart(), instruments_only=True)
        async with following(channel, asked) as responses:
            part = (await anext(responses)).snapshot
            assert [book.instrument for book in part.books] == [BTC_KK99]
            assert part.last
            assert not part.orders
            await submit(channel, order("after", SELLER, 5_000_000))
            last = (await all_blocks(channel))[-1].engine_seq
            heard = await anext(responses)
            while heard.durable_seq < last:
                heard = await anext(responses)
            assert not heard.blocks
        beginning = EventsRequest(after=Position(), instruments_only=True)
        async with following(channel, beginning) as responses:
            heard = await anext(responses)
            assert [event.WhichOneof("event") for block in heard.blocks for event in block.events] == [
                "instrument_updated"
            ]


async def test_a_snapshot_shows_books_and_orders_and_then_what_follows(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        await submit(channel, order("far", SELLER, 6_000_000), order("near", SELLER, 5_000_000))
        async with following(channel, EventsRequest(snapshot=SnapshotStart())) as responses:
            part = (await anext(responses)).snapshot
            assert part.last
            assert [book.instrument for book in part.books] == [BTC_KK99]
            assert [each.client_order_id for each in part.orders] == ["near", "far"]
            await submit(channel, order("next", BUYER, 1_000_000))
            assert (await anext(responses)).blocks[0].engine_seq == part.engine_seq + 1


UNKNOWN = {
    "ahead of the log": Position(epoch=1, engine_seq=1_000),
    "of another epoch": Position(epoch=2, engine_seq=1),
    "of another shard": Position(shard=1, epoch=1, engine_seq=1),
}


@pytest.mark.parametrize("position", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_a_position_of_another_history_is_refused(engine: Process, mesh: Mesh, position: Position) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        seen = await refused(EngineServiceStub(channel).Events(EventsRequest(after=position)).read())
        assert (seen.code, seen.reason) == (grpc.StatusCode.OUT_OF_RANGE, "POSITION_UNKNOWN")


async def test_a_start_has_to_be_named(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        seen = await refused(EngineServiceStub(channel).Events(EventsRequest()).read())
        assert (seen.code, seen.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_a_follower_that_does_not_read_holds_nothing_up(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel, mesh.channel("wallets", engine.server.port) as idle:
        stream = EngineServiceStub(idle).Events(EventsRequest(after=Position()))
        await stream.read()
        for batch in range(20):
            await submit(channel, *(order(f"{batch}-{n}", SELLER, 5_000_000 + n) for n in range(500)))
        assert (await all_blocks(channel))[-1].engine_seq == 5 + 20 * 500
        stream.cancel()
