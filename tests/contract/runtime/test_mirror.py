"""A mirror follows from a snapshot, resumes where it can, and starts over where it cannot."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, SnapshotPart
from exchange.event.v1.event_pb2 import Position
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import RelayedRefusal, Unavailable
from services.runtime.mirror import Follower


class Seen:
    """A mirror that writes down what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.position: Position | None = None

    def resume_after(self) -> Position | None:
        return self.position

    def take_snapshot(self, epoch: int, part: SnapshotPart) -> None:
        self.told.put_nowait(f"snapshot {epoch}:{part.engine_seq}")
        self.position = Position(epoch=epoch, engine_seq=part.engine_seq)

    def take_blocks(self, epoch: int, blocks: Sequence[EventBlock]) -> None:
        self.told.put_nowait(f"blocks {[block.engine_seq for block in blocks]}")
        self.position = Position(epoch=epoch, engine_seq=blocks[-1].engine_seq)

    def stand_at(self, durable_seq: int) -> None:
        self.told.put_nowait(f"at {durable_seq}")

    def lose(self) -> None:
        self.told.put_nowait("lost")


class Script:
    """Each stream plays the next scene, then breaks."""

    def __init__(self, *scenes: Sequence[EventsResponse] | Exception) -> None:
        self.scenes = list(scenes)
        self.starts: list[str] = []

    async def events(self, request: EventsRequest) -> AsyncGenerator[EventsResponse, None]:
        self.starts.append(str(request.after.engine_seq) if request.HasField("after") else "snapshot")
        scene = self.scenes.pop(0)
        if isinstance(scene, Exception):
            raise scene
        for response in scene:
            yield response
        if not self.scenes:
            await asyncio.Event().wait()
        raise Unavailable("cut")


def snapshot(seq: int) -> EventsResponse:
    return EventsResponse(epoch=1, durable_seq=seq, snapshot=SnapshotPart(engine_seq=seq, last=True))


def blocks(*sequence: int) -> EventsResponse:
    return EventsResponse(epoch=1, durable_seq=sequence[-1], blocks=[EventBlock(engine_seq=seq) for seq in sequence])


@asynccontextmanager
async def following(script: Script) -> AsyncIterator[Seen]:
    seen = Seen()
    task = asyncio.ensure_future(Follower(script.events, seen, SystemClock(), SystemEntropy()).run())
    try:
        async with asyncio.timeout(10):
            yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])


async def told(seen: Seen, *expected: str) -> None:
    assert [await seen.told.get() for _ in expected] == list(expected)


async def test_a_snapshot_comes_first_and_a_cut_stream_resumes() -> None:
    script = Script([snapshot(5), blocks(6, 7)], [blocks(8), EventsResponse(epoch=1, durable_seq=9)])
    async with following(script) as seen:
        await told(seen, "snapshot 1:5", "at 5", "blocks [6, 7]", "at 7", "lost", "blocks [8]", "at 8", "at 9")
    assert script.starts == ["snapshot", "7"]


async def test_a_position_that_is_gone_leads_back_to_a_snapshot() -> None:
    gone = RelayedRefusal("POSITION_UNKNOWN", "not retained")
    script = Script([snapshot(5)], gone, [snapshot(9)])
    async with following(script) as seen:
        await told(seen, "snapshot 1:5", "at 5", "lost", "lost", "snapshot 1:9", "at 9")
    assert script.starts == ["snapshot", "5", "snapshot"]
