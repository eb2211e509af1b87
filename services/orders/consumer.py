"""The projection: what the engine's events change in the history."""

from collections.abc import Iterable

from exchange.engine.v1 import engine_events_pb2, instrument_pb2, order_pb2
from services.kernel.ids import EngineSeq, OrderId
from services.orders.convert import fill_of, instrument_of, order_of
from services.orders.model import Changes, EventId, OrderFill


def changes_of(shard: int, epoch: int, blocks: Iterable[engine_events_pb2.EventBlock]) -> Changes:
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
    )
