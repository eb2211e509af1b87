"""A mirror: what a service derives from the engine's events and keeps in memory, from a snapshot or a position on.

A mirror that lost its place starts from a snapshot of now; it never replays from the beginning. What it does with parts
and blocks are plain functions: nothing is awaited between two of them, so a reader on the same loop sees whole blocks.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol

import structlog

from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, SnapshotPart, SnapshotStart
from exchange.event.v1.event_pb2 import Position
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import Refusal
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import POSITION_UNKNOWN, OpenEvents
from services.runtime.refusals import PeerFailed

_log = structlog.get_logger(__name__)


class Mirror(Protocol):
    """What follows the engine in memory."""

    def resume_after(self) -> Position | None:
        """Return the position to go on after; None to begin with a snapshot."""
        ...

    def take_snapshot(self, epoch: int, part: SnapshotPart) -> None:
        """Take a part of a snapshot; the first one throws away what was known, `part.last` completes it."""
        ...

    def take_blocks(self, epoch: int, blocks: Sequence[EventBlock]) -> None:
        """Take consecutive blocks."""
        ...

    def stand_at(self, durable_seq: int) -> None:
        """Learn how far the engine is: after each response, also a sign of life without blocks."""
        ...

    def lose(self) -> None:
        """Learn that the stream broke; what is known may be old until the next response."""
        ...


class Follower:
    """Keeps a mirror up to date."""

    def __init__(self, events: OpenEvents, mirror: Mirror, clock: Clock, entropy: Entropy) -> None:
        self._events = events
        self._mirror = mirror
        self._backoff = Backoff(clock, entropy)

    async def run(self) -> None:
        """Follow for ever; after a position that the engine does not know, from a snapshot."""
        lost_place = False
        while True:
            after = None if lost_place else self._mirror.resume_after()
            lost_place = False
            try:
                await self._follow(EventsRequest(after=after) if after else EventsRequest(snapshot=SnapshotStart()))
            except (Refusal, PeerFailed) as error:
                _log.warning("mirror_waits", error=str(error))
                lost_place = isinstance(error, Refusal) and error.reason == POSITION_UNKNOWN
            self._mirror.lose()
            await self._backoff.pause()

    async def _follow(self, start: EventsRequest) -> None:
        async with aclosing(self._events(start)) as responses:
            async for response in responses:
                self._backoff.reset()
                self._take(response)

    def _take(self, response: EventsResponse) -> None:
        if response.HasField("snapshot"):
            self._mirror.take_snapshot(response.epoch, response.snapshot)
        if response.blocks:
            self._mirror.take_blocks(response.epoch, response.blocks)
        self._mirror.stand_at(response.durable_seq)
