"""When what is new is published, and when signs of life are given."""

import asyncio
from datetime import timedelta

from services.kernel.clock import ManualClock
from services.market_data.model.mirror import Mirror
from services.market_data.usecases.publish import BEAT_INTERVAL, Publisher

TICK = timedelta(milliseconds=10)


class Counting:
    """A stream that counts what it is asked for."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self.beats = 0

    def publish(self, now_ns: int) -> None:
        self.published.append(now_ns)

    def beat(self, now_ns: int) -> None:
        self.beats += 1


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_news_after_a_quiet_tick_are_published_at_once_and_then_once_a_tick() -> None:
    clock, stream = ManualClock(), Counting()
    publisher = Publisher(clock, Mirror(), TICK, stream)
    task = asyncio.create_task(publisher.publish_for_ever())
    for _ in range(3):
        publisher.wake()
        await settle()
    assert stream.published == [0]
    clock.advance(TICK)
    await settle()
    assert stream.published == [0, 10_000_000]
    clock.advance(TICK)
    await settle()
    assert len(stream.published) == 2, "no news, nothing published"
    task.cancel()


async def test_signs_of_life_are_given_only_while_there_is_life() -> None:
    clock, stream, mirror = ManualClock(), Counting(), Mirror()
    task = asyncio.create_task(Publisher(clock, mirror, TICK, stream).beat_for_ever())
    for live, beats in ((False, 0), (True, 1), (False, 1)):
        mirror.live = live
        await settle()
        clock.advance(BEAT_INTERVAL)
        await settle()
        assert stream.beats == beats
    task.cancel()
