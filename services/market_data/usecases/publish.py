"""Publish what is new, at most once a tick, so that a busy book costs no more than a tick's worth of messages."""

import asyncio
from datetime import timedelta
from typing import Protocol

from services.kernel.clock import Clock
from services.market_data.model.mirror import Mirror

BEAT_INTERVAL = timedelta(milliseconds=100)
"""How often the channels are asked whether they owe a sign of life."""


class Stream(Protocol):
    """The channels of one kind."""

    def publish(self, now_ns: int) -> None:
        """Publish what is new."""
        ...

    def beat(self, now_ns: int) -> None:
        """Give the signs of life that are due."""
        ...


class Publisher:
    """Moves the streams on: at once after a quiet tick, else at the end of the tick."""

    def __init__(self, clock: Clock, mirror: Mirror, tick: timedelta, *streams: Stream) -> None:
        self._clock = clock
        self._mirror = mirror
        self._tick = tick
        self._streams = streams
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Tell that the mirror changed."""
        self._news.set()

    def publish(self) -> None:
        """Publish now what is new."""
        now_ns = self._clock.monotonic_ns()
        for stream in self._streams:
            stream.publish(now_ns)

    async def publish_for_ever(self) -> None:
        """Publish after each `wake`, at most once a tick."""
        while True:
            await self._news.wait()
            self._news.clear()
            self.publish()
            await self._clock.sleep(self._tick)

    async def beat_for_ever(self) -> None:
        """Give signs of life while there is life: none while the engine is not followed."""
        while True:
            await self._clock.sleep(BEAT_INTERVAL)
            if self._mirror.live:
                for stream in self._streams:
                    stream.beat(self._clock.monotonic_ns())
