"""Follow the engine: keep the mirror at the end of its log, over lost connections, holes and new epochs.

1. The first connection starts from a snapshot, a later one after the last command taken in.
2. If the engine does not keep that position, or its events do not continue the mirror, the next one takes a snapshot.
3. With a snapshot come the trades of the commands before it, so that clients can resume when this process restarts.
4. The mirror is live from the first word of a connection to its end; a connection silent for `SILENCE` is at its end.
5. What subscribers are told stays in order: after a snapshot everything is published before any event that follows it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Protocol

from services.kernel.refusal import Unavailable
from services.market_data.errors import PositionUnknown
from services.market_data.model.book import OutOfStep
from services.market_data.model.mirror import HistoryRegressed, Mirror, Position, Snapshot
from services.market_data.model.tape import KEPT_TRADES, Trade
from services.market_data.ports import Delivery, EngineLog

SILENCE = timedelta(seconds=5)
"""The engine says something each second; without a word for this long the connection counts as lost."""

EARLIER_LIMIT = timedelta(seconds=10)
"""How long reading the trades before a snapshot may take; what was not read cannot be resumed from."""


class Audience(Protocol):
    """Those who are told that the mirror changed."""

    def wake(self) -> None:
        """Tell that there are new events."""
        ...

    def publish(self) -> None:
        """Publish the mirror as it is, now."""
        ...


class FollowEngine:
    """One follower of one engine."""

    def __init__(
        self,
        log: EngineLog,
        mirror: Mirror,
        audience: Audience,
        earlier_commands: int,
        live_changed: Callable[[], None],
    ) -> None:
        self._log = log
        self._mirror = mirror
        self._audience = audience
        self._earlier_commands = earlier_commands
        self._live_changed = live_changed
        self._in_step = False
        self.durable_seq = 0
        """Last command that the engine said is durable."""
        self.last_event_ns = 0
        """Engine time of the last command taken in."""
        self.succeeded = False
        """True if the latest connection made the mirror live."""

    async def once(self) -> None:
        """Follow until the connection is lost; always raises what ended it.

        `Unavailable`, `PositionUnknown`, `OutOfStep`, `TimeoutError`, or `HistoryRegressed`, which no retry mends.
        """
        self.succeeded = False
        try:
            if self._in_step and self._mirror.position is not None:
                await self._follow(self._log.after(self._mirror.position))
            else:
                await self._follow(self._log.from_snapshot())
        except (OutOfStep, PositionUnknown, HistoryRegressed):
            self._in_step = False
            raise
        finally:
            self._set_live(live=False)

    async def _follow(self, deliveries: AsyncGenerator[Delivery]) -> None:
        snapshot: Snapshot | None = None
        async with aclosing(deliveries):
            while (delivery := await _next(deliveries)) is not None:
                self.durable_seq = delivery.durable_seq
                if delivery.part is None:
                    self._take(delivery)
                    continue
                snapshot = snapshot or Snapshot(delivery.shard, delivery.epoch, delivery.part.engine_seq)
                snapshot.add(delivery.part.headings, delivery.part.resting)
                if delivery.part.last:
                    await self._begin(snapshot)
        raise Unavailable("The engine ended the stream.")

    async def _begin(self, snapshot: Snapshot) -> None:
        earlier = await self._earlier(snapshot) if snapshot.engine_seq else {}
        self._mirror.load(snapshot, earlier)
        self._in_step = True
        self._set_live(live=True)
        self._audience.publish()

    def _take(self, delivery: Delivery) -> None:
        position = self._mirror.position
        if position is None or not self._in_step:
            return  # a sign of life before the snapshot
        if (delivery.shard, delivery.epoch) != (position.shard, position.epoch):
            raise OutOfStep(f"the engine went on to epoch {delivery.epoch} of shard {delivery.shard}")
        if delivery.durable_seq < position.engine_seq:
            raise HistoryRegressed(f"the engine is at {delivery.durable_seq}, but {position.engine_seq} was shown")
        for block in delivery.blocks:
            self._mirror.apply(block)
            self.last_event_ns = block.time_ns
        self._set_live(live=True)
        if delivery.blocks:
            self._audience.wake()

    async def _earlier(self, snapshot: Snapshot) -> Mapping[int, Sequence[Trade]]:
        """Read the trades of the commands before a snapshot, by instrument, as far as the engine keeps them."""
        trades: defaultdict[int, deque[Trade]] = defaultdict(lambda: deque(maxlen=KEPT_TRADES))
        first = max(0, snapshot.engine_seq - self._earlier_commands)
        deliveries = self._log.after(Position(snapshot.shard, snapshot.epoch, first, 0))
        with suppress(PositionUnknown, TimeoutError):  # resuming from before the snapshot is then refused
            async with asyncio.timeout(EARLIER_LIMIT.total_seconds()), aclosing(deliveries):
                await _collect(deliveries, snapshot.engine_seq, trades)
        return trades

    def _set_live(self, *, live: bool) -> None:
        self.succeeded = self.succeeded or live
        if self._mirror.live != live:
            self._mirror.live = live
            self._live_changed()


async def _next(deliveries: AsyncGenerator[Delivery]) -> Delivery | None:
    async with asyncio.timeout(SILENCE.total_seconds()):
        return await anext(deliveries, None)


async def _collect(deliveries: AsyncGenerator[Delivery], last_seq: int, trades: Mapping[int, deque[Trade]]) -> None:
    """Sort the trades of all commands up to `last_seq` by instrument; a sign of life means there are no more."""
    began = False
    async for delivery in deliveries:
        if began and not delivery.blocks:
            return
        began = True
        for block in delivery.blocks:
            for event in block.events:
                if isinstance(event, Trade):
                    trades[event.instrument_id].append(event)
            if block.engine_seq >= last_seq:
                return
