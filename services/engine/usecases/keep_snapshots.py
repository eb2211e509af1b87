"""Take snapshots as the journal grows, so that a restart replays little."""

from datetime import timedelta
from typing import Never

from services.engine.errors import SnapshotFailed
from services.engine.ports import Shard
from services.kernel.clock import Clock

LOOK = timedelta(seconds=60)


async def keep_snapshots(shard: Shard, clock: Clock, every_commands: int, snapshot_seq: int) -> Never:
    """Take a snapshot each time `every_commands` commands have followed the one before, for ever."""
    assert every_commands > 0
    while True:
        if not await shard.published_beyond(snapshot_seq + every_commands - 1, LOOK):
            continue
        try:
            snapshot_seq = (await shard.take_snapshot()).snapshot_seq
        except SnapshotFailed:
            await clock.sleep(LOOK)
