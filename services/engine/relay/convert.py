"""From blocks of the engine's events to the records of the topics."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from exchange.engine.v1.engine_events_pb2 import EventBlock, OrderEvent, OrderUpdated, Trade, TradeEvent
from exchange.engine.v1.instrument_pb2 import Instrument
from exchange.event.v1.event_pb2 import EventHeader, Position
from services.runtime.kafka import Record

ORDER_EVENTS = "order-events"
TRADE_EVENTS = "trade-events"
EVENT_ID = "event_id"


@dataclass(frozen=True)
class Serializers:
    """What writes the values of each topic."""

    order_event: Callable[[OrderEvent], bytes]
    trade_event: Callable[[TradeEvent], bytes]


class Records:
    """Makes records of events; learns the instruments, whose scales every event carries, as they are listed."""

    def __init__(self, serializers: Serializers, instruments: Iterable[Instrument]) -> None:
        self._serialize = serializers
        self._instruments = {each.instrument_id: each for each in instruments}

    def of(self, shard: int, epoch: int, block: EventBlock, headers: Mapping[str, str]) -> Iterator[Record]:
        """Give the records of a block, in the order of its events."""
        for index, event in enumerate(block.events):
            position = Position(shard=shard, epoch=epoch, engine_seq=block.engine_seq, index=index)
            kind = event.WhichOneof("event")
            if kind == "instrument_updated":
                listed = event.instrument_updated.instrument
                self._instruments[listed.instrument_id] = listed
            elif kind == "order_updated":
                yield self._order(_header(position, block.engine_time_ns), event.order_updated, headers)
            elif kind == "trade":
                yield self._trade(_header(position, block.engine_time_ns), event.trade, headers)

    def _order(self, header: EventHeader, update: OrderUpdated, headers: Mapping[str, str]) -> Record:
        value = OrderEvent(header=header, update=update, instrument=self._instruments.get(update.order.instrument_id))
        key = str(update.order.account_id).encode()
        return Record(ORDER_EVENTS, key, self._serialize.order_event(value), {**headers, EVENT_ID: header.event_id})

    def _trade(self, header: EventHeader, trade: Trade, headers: Mapping[str, str]) -> Record:
        instrument = self._instruments[trade.instrument_id]
        value = TradeEvent(header=header, trade=trade, instrument=instrument)
        key = instrument.symbol.encode()
        return Record(TRADE_EVENTS, key, self._serialize.trade_event(value), {**headers, EVENT_ID: header.event_id})


def _header(position: Position, time_ns: int) -> EventHeader:
    event_id = f"{position.shard}:{position.epoch}:{position.engine_seq}:{position.index}"
    header = EventHeader(event_id=event_id, position=position)
    header.event_time.FromNanoseconds(time_ns)
    return header
