"""Words of the engine's process."""

from dataclasses import dataclass
from enum import StrEnum


class Ack(StrEnum):
    """What an answer promises of its command."""

    DURABLE = "durable"
    """It is on the medium, and survives the machine."""
    WRITTEN = "written"
    """The operating system has it, and it survives the process; after the loss of a machine the epoch grows."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the history: after all events of a command. A sequence number of 0 is the beginning."""

    shard: int
    epoch: int
    engine_seq: int


@dataclass(frozen=True, slots=True)
class ShardState:
    """How far a shard is."""

    shard: int
    epoch: int
    engine_seq: int
    durable_seq: int
    state_hash: int
    snapshot_seq: int
    engine_time_ns: int
    open_orders: int
