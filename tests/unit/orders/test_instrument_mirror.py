"""The mirror knows an instrument for good, and denies one only when it has heard all."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from exchange.engine.v1 import engine_events_pb2
from exchange.engine.v1 import engine_service_pb2 as pb
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.ids import EngineSeq
from services.kernel.refusal import Unavailable, UnknownInstrument
from services.orders.model.instrument import Instrument
from services.orders.peers import InstrumentMirror
from services.orders.ports import Horizon
from services.runtime.backoff import Backoff
from tests.unit.orders.samples import BTC_KK99, INSTRUMENT

SNAPSHOT = pb.SnapshotPart(engine_seq=5, books=[pb.BookState(instrument=BTC_KK99)], last=True)
UPDATE = engine_events_pb2.Event(instrument_updated=engine_events_pb2.InstrumentUpdated(instrument=BTC_KK99))
LISTING = engine_events_pb2.EventBlock(engine_seq=6, events=[UPDATE])


class World:
    def __init__(self) -> None:
        self.reach = Horizon(EngineSeq(5), certain=True)
        self.told: list[Instrument] = []
        self.mirror = InstrumentMirror(self._horizon, self.told.append)

    async def _horizon(self) -> Horizon:
        return self.reach

    def hear(self, part: pb.SnapshotPart, durable_seq: int) -> None:
        self.mirror.take(pb.EventsResponse(snapshot=part, durable_seq=durable_seq))

    async def hear_listing(self) -> None:
        self.mirror.take(pb.EventsResponse(blocks=[LISTING], durable_seq=6))


@pytest.fixture
def world() -> World:
    return World()


async def test_knows_what_the_snapshot_says(world: World) -> None:
    world.hear(SNAPSHOT, 5)
    assert await world.mirror.with_symbol("BTC-KK99") == INSTRUMENT
    assert await world.mirror.with_id(INSTRUMENT.instrument_id) == INSTRUMENT
    with pytest.raises(UnknownInstrument):
        await world.mirror.with_symbol("ETH-KK99")


async def test_waits_until_it_has_heard_as_much_as_the_engine_knew(world: World) -> None:
    world.hear(pb.SnapshotPart(engine_seq=5, last=True), 5)
    world.reach = Horizon(EngineSeq(6), certain=True)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(world.mirror.with_symbol("BTC-KK99"))
        group.create_task(world.hear_listing())  # runs once the first task waits
    assert asked.result() == INSTRUMENT


async def test_keeps_what_it_knows_when_the_engine_is_gone_and_denies_nothing(world: World) -> None:
    world.hear(SNAPSHOT, 5)
    world.mirror.lose()
    world.reach = Horizon(EngineSeq(5), certain=False)
    assert await world.mirror.with_symbol("BTC-KK99") == INSTRUMENT
    with pytest.raises(Unavailable):
        await world.mirror.with_symbol("ETH-KK99")
    with pytest.raises(Unavailable):
        await world.mirror.check()


async def test_a_part_of_a_snapshot_is_not_all(world: World) -> None:
    world.hear(pb.SnapshotPart(engine_seq=5), 5)
    with pytest.raises(Unavailable):
        await world.mirror.check()
    world.hear(SNAPSHOT, 5)
    await world.mirror.check()


async def test_begins_with_a_snapshot_again_when_the_stream_breaks(world: World) -> None:
    starts: list[str | None] = []
    again = asyncio.Event()

    async def events(request: pb.EventsRequest) -> AsyncGenerator[pb.EventsResponse, None]:
        starts.append(request.WhichOneof("start"))
        if len(starts) == 1:
            yield pb.EventsResponse(snapshot=SNAPSHOT, durable_seq=5)
            raise Unavailable("cut")
        again.set()
        await asyncio.Future()

    following = asyncio.ensure_future(world.mirror.follow(events, Backoff(SystemClock(), SystemEntropy())))
    async with asyncio.timeout(10):
        await again.wait()
    following.cancel()
    await asyncio.wait([following])
    assert starts == ["snapshot", "snapshot"]
    assert await world.mirror.with_symbol("BTC-KK99") == INSTRUMENT
    with pytest.raises(Unavailable):
        await world.mirror.check()
