"""Pauses grow, stay below the limit, and start over."""

import asyncio
from datetime import timedelta

from services.kernel.clock import ManualClock, ns_of
from services.kernel.entropy import SeededEntropy
from services.runtime.backoff import FIRST, LONGEST, Backoff


async def pause(backoff: Backoff, clock: ManualClock) -> int:
    """Tell how many milliseconds one pause takes."""
    task = asyncio.ensure_future(backoff.pause())
    await asyncio.sleep(0)
    began = clock.monotonic_ns()
    while clock.sleepers:
        clock.advance(timedelta(milliseconds=1))
    await task
    return (clock.monotonic_ns() - began) // 1_000_000


async def test_pauses_double_up_to_the_limit_and_start_over() -> None:
    clock = ManualClock()
    backoff = Backoff(clock, SeededEntropy(1))
    expected = ns_of(FIRST) // 1_000_000
    for _ in range(12):
        assert expected // 2 <= await pause(backoff, clock) <= expected + 1
        expected = min(expected * 2, ns_of(LONGEST) // 1_000_000)
    backoff.reset()
    assert await pause(backoff, clock) <= ns_of(FIRST) // 1_000_000 + 1
