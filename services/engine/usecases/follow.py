"""Serve the event log from a place, or from a snapshot, and go on as it grows."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from services.engine.errors import PositionUnknown
from services.engine.model import Place
from services.engine.ports import Shard
from services.kernel.clock import Clock

HEARTBEAT = timedelta(seconds=1)
RESPONSE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Manner:
    """How a follower wants to be told.

    Having told all there is, wait `pause` before the next response: what happens meanwhile comes in one.
    """

    instruments_only: bool = False
    pause: timedelta = timedelta(0)


EVERYTHING_AT_ONCE = Manner()


class Follow:
    """Gives serialized EventsResponses. It reads only as fast as they are taken; a slow follower holds nothing up."""

    def __init__(self, shard: Shard, shard_number: int, epoch: int, clock: Clock) -> None:
        self._shard = shard
        self._number = shard_number
        self._epoch = epoch
        self._clock = clock

    async def after(self, place: Place, manner: Manner = EVERYTHING_AT_ONCE) -> AsyncIterator[bytes]:
        """Give what follows a place, without end; raises `PositionUnknown`, also once the log has left it behind."""
        if place.engine_seq and (place.shard, place.epoch) != (self._number, self._epoch):
            raise PositionUnknown(
                f"This is shard {self._number} in epoch {self._epoch}; start from a snapshot.",
                metadata={"shard": str(self._number), "epoch": str(self._epoch)},
            )
        if place.engine_seq > self._shard.published_seq:
            raise PositionUnknown("The position lies ahead of the log; start from a snapshot.")
        async for response in self._from(place.engine_seq, manner):
            yield response

    async def snapshot(self, manner: Manner = EVERYTHING_AT_ONCE) -> AsyncIterator[bytes]:
        """Give a snapshot of now, then what follows it, without end."""
        engine_seq, parts = self._shard.snapshot_parts()
        await self._shard.until_durable(engine_seq)
        for part in parts:
            yield self._shard.instruments_in(part) if manner.instruments_only else part
        async for response in self._from(engine_seq, manner):
            yield response

    async def _from(self, engine_seq: int, manner: Manner) -> AsyncIterator[bytes]:
        while True:
            after = engine_seq
            engine_seq, response = self._read(after, manner)
            if engine_seq > after:
                yield response
                if manner.pause and engine_seq >= self._shard.published_seq:
                    await self._clock.sleep(manner.pause)
            elif not await self._shard.published_beyond(engine_seq, HEARTBEAT):
                yield self._shard.heartbeat()

    def _read(self, after: int, manner: Manner) -> tuple[int, bytes]:
        """Return the next position and what lies between; few blocks tell of instruments, so few are looked at."""
        if not manner.instruments_only:
            return self._shard.read_events(after, RESPONSE_BYTES)
        heartbeat = self._shard.heartbeat_without_instruments(after)
        if heartbeat is not None:
            return heartbeat
        engine_seq, response = self._shard.read_events(after, RESPONSE_BYTES)
        return engine_seq, self._shard.instruments_in(response)
