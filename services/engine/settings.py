"""What the engine is told at its start."""

from dataclasses import dataclass
from pathlib import Path

from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class EngineSettings(ProcessSettings):
    """`data_folder` holds journal, event log and snapshots of the one shard that this process writes.

    A snapshot is taken every `snapshot_every_commands` commands, and at each clean stop.
    """

    data_folder: Path
    shard: int = 0
    snapshot_every_commands: int = 1_000_000
    journal_segment_bytes: int = 64 * 1024 * 1024
    event_segment_bytes: int = 256 * 1024 * 1024
    max_message_bytes: int = 16 * 1024 * 1024
