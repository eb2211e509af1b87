"""The projection: what the engine's events change in the history."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exchange.engine.v1 import engine_events_pb2, instrument_pb2
from exchange.error.v1 import reason_pb2
from services.orders import _history
from services.orders.convert.events import UNKNOWN_REASON, instrument_of, reason_name
from services.orders.model.instrument import Instrument
from services.runtime.consumer import Run
from services.runtime.postgres import Connection


class Table(NamedTuple):
    """Rows of one table ready for COPY, and the first and last time by which they are parted into months."""

    copy: bytes
    rows: int
    first_time_ns: int
    last_time_ns: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run of events changes in the history: each order once, as the last of them left it."""

    entered: Table
    changed: Table
    fills: Table
    runs: Table
    busts: Table
    instruments: Sequence[Instrument]


Write = Callable[[Connection, Rows], Awaitable[None]]
"""Writes rows in the transaction that the connection is in."""

_LAST_REASON = max(value.number for value in reason_pb2.Reason.DESCRIPTOR.values)
REASONS = [reason_name(number) for number in range(_LAST_REASON + 1)] + [UNKNOWN_REASON]
"""Names of refusals by number; the last is that of any which this build does not know."""


class HistoryConsumer:
    """Turns runs of the engine's events into writes."""

    def __init__(self, write: Write) -> None:
        self._write = write

    async def apply(self, connection: Connection, run: Run) -> None:
        """Write the run, in the transaction that stores its position."""
        await self._write(connection, rows_of(run.shard, run.epoch, run.blocks))


def rows_of(shard: int, epoch: int, blocks: Sequence[engine_events_pb2.EventBlock]) -> Rows:
    """Read the blocks, in order, as one set of rows."""
    serialized = [block.SerializeToString() for block in blocks]
    *tables, listed = _history.rows_of(serialized, shard, epoch, REASONS)
    entered, changed, fills, runs, busts = (Table(*table) for table in tables)
    instruments = {each.instrument_id: each for each in map(instrument_pb2.Instrument.FromString, listed)}
    return Rows(entered, changed, fills, runs, busts, [instrument_of(each) for each in instruments.values()])
