"""What the use cases need from outside: the engine's log, and ready bytes for what they publish."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.market_data.model.instrument import Instrument
from services.market_data.model.mirror import Block, Heading, Position, Resting
from services.market_data.model.tape import Trade
from services.market_data.model.view import SnapshotReason, View
from services.market_data.model.window import Window


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """A part of the state after command `engine_seq`."""

    engine_seq: int
    headings: Sequence[Heading]
    resting: Sequence[Resting]
    last: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the engine sends at once: a part of a snapshot, blocks, or neither as a sign of life."""

    shard: int
    epoch: int
    durable_seq: int
    part: SnapshotPart | None = None
    blocks: Sequence[Block] = ()


class EngineLog(Protocol):
    """The engine's event log. Both readers end with `Unavailable` when the engine is out of reach."""

    def from_snapshot(self) -> AsyncGenerator[Delivery]:
        """Read the parts of a snapshot of now, then every block after it, without end."""
        ...

    def after(self, position: Position) -> AsyncGenerator[Delivery]:
        """Read every block after a position, without end; raises `PositionUnknown` if the engine cannot."""
        ...


class BookEncoder(Protocol):
    """Makes the messages of StreamBook."""

    def snapshot(self, instrument: Instrument, view: View, reason: SnapshotReason) -> bytes:
        """Encode the whole view."""
        ...

    def update(self, instrument: Instrument, view: View, prev_seq: int, changed: Window) -> bytes:
        """Encode what changed since `prev_seq`."""
        ...

    def heartbeat(self, view: View) -> bytes:
        """Encode that nothing changed."""
        ...


class TradeEncoder(Protocol):
    """Makes the messages of StreamTrades."""

    def trades(self, instrument: Instrument, epoch: int, seq: int, trades: Sequence[Trade]) -> bytes:
        """Encode trades, the last of them number `seq`; none: a heartbeat."""
        ...
