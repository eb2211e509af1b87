"""What the engine is told at its start."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.engine.model import Ack
from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class EngineSettings(ProcessSettings):
    """`data_folder` holds journal, event log and snapshots of the one shard that this process writes.

    A snapshot is taken every `snapshot_every_commands` commands, and at each clean stop: it writes all that is
    remembered, so often costs time, and seldom costs a restart, which replays some 2 million commands a second.
    Segments of journal and event log that are older than `keep` in engine time, and that no kept snapshot needs, move
    to `archive_folder`; without one they are deleted. With `populate_memory` the pools take all their memory, some
    4.5 GB, at the start: no order waits for a page then.
    """

    data_folder: Path
    shard: int = 0
    snapshot_every_commands: int = 4_000_000
    journal_segment_bytes: int = 64 * 1024 * 1024
    event_segment_bytes: int = 256 * 1024 * 1024
    ack: Ack = Ack.DURABLE
    keep: timedelta = timedelta(days=7)
    archive_folder: Path | None = None
    populate_memory: bool = False
    max_message_bytes: int = 16 * 1024 * 1024
