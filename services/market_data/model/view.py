"""What the subscribers of a book at one depth are told, and where a subscriber stands."""

from dataclasses import dataclass
from enum import Enum

from services.market_data.model.window import Window, checksum


class SnapshotReason(Enum):
    """Why the whole book is sent."""

    SUBSCRIBED = "subscribed"
    RESUME_TOO_OLD = "resume too old"
    SLOW_CONSUMER = "slow consumer"
    NEW_EPOCH = "new epoch"


@dataclass(frozen=True, slots=True)
class Resume:
    """The last message that a client has: its epoch and its sequence number."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class View:
    """A book after change `seq`, to a depth."""

    epoch: int
    seq: int
    window: Window
    checksum: int

    @classmethod
    def of(cls, epoch: int, seq: int, window: Window) -> "View":
        """Make the view with its checksum."""
        return cls(epoch, seq, window, checksum(window))
