"""Let time act in a quiet market: what is due happens although nobody sends a command."""

from datetime import timedelta
from typing import Never

from services.engine.errors import ClockStepped
from services.engine.ports import Shard
from services.engine.usecases.tell_time import EngineTime
from services.kernel.clock import Clock

RESOLUTION = timedelta(milliseconds=100)


async def pass_time(shard: Shard, time: EngineTime, clock: Clock) -> Never:
    """Sequence what is due, at most RESOLUTION late, for ever; with a stepped clock nothing is due."""
    while True:
        await clock.sleep(RESOLUTION)
        deadline_ns = shard.next_deadline()
        if deadline_ns is not None:
            _apply_if_due(shard, time, deadline_ns)


def _apply_if_due(shard: Shard, time: EngineTime, deadline_ns: int) -> None:
    try:
        now_ns = time.now_ns()
    except ClockStepped:
        return
    if deadline_ns <= now_ns:
        shard.apply(b"", now_ns, allowed_kinds=0)
