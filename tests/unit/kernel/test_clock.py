"""The clock that stands still: time passes when told, sleepers wake in order."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.clock import ManualClock, SystemClock, datetime_of, ns_of

SECOND = timedelta(seconds=1)


def test_moments_are_exact_to_the_microsecond() -> None:
    assert datetime_of(1_700_000_000_123_456_789) == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert ns_of(timedelta(milliseconds=1)) == 1_000_000


async def test_time_passes_only_when_told() -> None:
    clock = ManualClock(start_ns=10)
    assert (clock.now_ns(), clock.monotonic_ns()) == (10, 0)
    clock.advance(SECOND)
    assert (clock.now_ns(), clock.monotonic_ns()) == (1_000_000_010, 1_000_000_000)
    clock.step(-SECOND)
    assert (clock.now_ns(), clock.monotonic_ns()) == (10, 1_000_000_000)


async def test_sleepers_wake_as_the_clock_passes_their_time() -> None:
    clock, woken = ManualClock(), asyncio.Queue[int]()

    async def sleep(seconds: int) -> None:
        await clock.sleep(seconds * SECOND)
        woken.put_nowait(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (3, 1, 2):
            group.create_task(sleep(seconds))
        await asyncio.sleep(0)
        assert clock.sleepers == 3
        clock.advance(2 * SECOND)
        assert [await woken.get(), await woken.get()] == [1, 2]
        assert clock.sleepers == 1
        clock.advance(SECOND)
        assert await woken.get() == 3


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await clock.sleep(SECOND)
    assert clock.sleepers == 0
    clock.advance(SECOND)


async def test_the_system_clock_agrees_with_itself() -> None:
    clock = SystemClock()
    before = clock.monotonic_ns()
    await clock.sleep(timedelta(milliseconds=1))
    assert clock.monotonic_ns() - before >= 1_000_000
    assert abs(ns_of(clock.now() - datetime_of(clock.now_ns()))) < ns_of(SECOND)
