"""The blocks in which the engine would tell of given changes."""

from collections import Counter
from dataclasses import fields

from exchange.engine.v1 import engine_events_pb2, instrument_pb2, order_pb2
from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.error.v1 import reason_pb2
from services.orders.model.instrument import Instrument
from services.orders.model.order import Order
from tests.fakes.history_reading import Changes, OrderFill

ELSEWHERE = {"terms", "reject_reason", "progress"}


class Teller:
    """Tells of changes one after the other, and numbers the private events of each account."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._seqs: Counter[int] = Counter()

    def block(self, changes: Changes, engine_seq: int, time_ns: int | None = None) -> EventBlock:
        """Write one block; an order that was not told of yet comes first as it was when it entered."""
        time_ns = time_ns or max((order.accepted_time_ns for order in changes.orders), default=1)
        block = EventBlock(engine_seq=engine_seq, engine_time_ns=time_ns)
        for instrument in changes.instruments:
            block.events.add().instrument_updated.instrument.CopyFrom(instrument_message(instrument))
        for order in changes.orders:
            if order.order_id not in self._known and order.version > 1:
                self._add(block, order).order.version = 1
            self._known.add(order.order_id)
            self._add(block, order)
            for fill in changes.fills:
                if fill.order_id == order.order_id:
                    self._add(block, order, fill)
        for bust in changes.busts:
            block.events.add().trade_busted.trade_id = bust.trade_id
        return block

    def _add(self, block: EventBlock, order: Order, fill: OrderFill | None = None) -> engine_events_pb2.OrderUpdated:
        update = block.events.add().order_updated
        self._seqs[order.account_id] += 1
        update.account_seq = self._seqs[order.account_id]
        update.order.CopyFrom(order_of_model(order))
        if fill is not None:
            part = {each.name: getattr(fill.fill, each.name) for each in fields(fill.fill)}
            update.fill.CopyFrom(order_pb2.Fill(**part))
        return update


def order_of_model(order: Order) -> order_pb2.Order:
    """Write an order as the engine does."""
    own = {each.name: getattr(order, each.name) for each in fields(order) if each.name not in ELSEWHERE}
    terms = {each.name: getattr(order.terms, each.name) for each in fields(order.terms)}
    reason = reason_pb2.Reason.Value(f"REASON_{order.reject_reason}") if order.reject_reason else 0
    return order_pb2.Order(**own, **terms, reject_reason=reason)


def instrument_message(instrument: Instrument) -> instrument_pb2.Instrument:
    """Write an instrument as the engine does."""
    scales = instrument.scales
    return instrument_pb2.Instrument(
        instrument_id=instrument.instrument_id,
        symbol=scales.symbol,
        base=instrument_pb2.Asset(symbol=instrument.base),
        quote=instrument_pb2.Asset(symbol=instrument.quote, scale=scales.quote),
        price_scale=scales.price,
        quantity_scale=scales.quantity,
        phase=instrument.phase.value,
    )
