"""The projection: what the engine's events change in the history."""

from collections.abc import Awaitable, Callable, Sequence

from exchange.engine.v1 import engine_events_pb2, instrument_pb2, order_pb2
from services.kernel.ids import EngineSeq, OrderId
from services.orders.convert.events import fill_of, instrument_of, order_of
from services.orders.convert.private_events import runs_of
from services.orders.model.history import Changes, EventId, OrderFill
from services.runtime.consumer import Run
from services.runtime.postgres import Connection

BLOCKS_PER_WRITE = 1_000
"""Most blocks that are read and written at once: between two writes the calls of users have their turn."""

Write = Callable[[Connection, Changes], Awaitable[None]]
"""Writes changes in the transaction that the connection is in."""


class HistoryConsumer:
    """Turns runs of the engine's events into writes."""

    def __init__(self, write: Write) -> None:
        self._write = write

    async def apply(self, connection: Connection, run: Run) -> None:
        """Write the run, in the transaction that stores its position."""
        for start in range(0, len(run.blocks), BLOCKS_PER_WRITE):
            blocks = run.blocks[start : start + BLOCKS_PER_WRITE]
            await self._write(connection, changes_of(run.shard, run.epoch, blocks))


def changes_of(shard: int, epoch: int, blocks: Sequence[engine_events_pb2.EventBlock]) -> Changes:
    """Read the blocks, in order, as one set of changes; of an order only its last event is read."""
    instruments: dict[int, instrument_pb2.Instrument] = {}
    orders: dict[int, order_pb2.Order] = {}
    fills: list[OrderFill] = []
    for block in blocks:
        for index, event in enumerate(block.events):
            if event.HasField("order_updated"):
                update = event.order_updated
                orders[update.order.order_id] = update.order
                if update.HasField("fill"):
                    told_by = EventId(shard, epoch, EngineSeq(block.engine_seq), index)
                    fills.append(OrderFill(OrderId(update.order.order_id), fill_of(update.fill), told_by))
            elif event.HasField("instrument_updated"):
                instrument = event.instrument_updated.instrument
                instruments[instrument.instrument_id] = instrument
    return Changes(
        instruments=[instrument_of(instrument) for instrument in instruments.values()],
        orders=[order_of(order) for order in orders.values()],
        fills=fills,
        runs=runs_of(blocks),
    )
