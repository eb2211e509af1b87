"""What the engine's events change in the history, read the plain way: an event at a time, into the model.

The service reads them in C++, straight into rows; what both come to is the same, and tests/contract/orders holds it.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exchange.engine.v1 import engine_events_pb2, instrument_pb2, order_pb2
from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import AccountId, EngineSeq, OrderId
from services.orders.convert.events import fill_of, instrument_of, order_of
from services.orders.convert.private_events import private_events
from services.orders.model.account_stream import PrivateEvent
from services.orders.model.instrument import Instrument
from services.orders.model.order import Fill, Order

EVENTS_A_RUN = 256
_HEADER = struct.Struct("<QQqI")


@dataclass(frozen=True, slots=True)
class EventId:
    """Identity of an event of the engine, unique for good."""

    shard: int
    epoch: int
    engine_seq: EngineSeq
    index: int


@dataclass(frozen=True, slots=True)
class OrderFill:
    """A fill, the order it belongs to, and the event that told it."""

    order_id: OrderId
    fill: Fill
    event: EventId


@dataclass(frozen=True, slots=True)
class EventRun:
    """Private events of one account that follow each other, as the history keeps them; the time is the last one's."""

    account_id: AccountId
    first_seq: int
    last_seq: int
    time_ns: int
    events: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run of events changes in the history: each order once, as the last of them left it."""

    instruments: Sequence[Instrument]
    orders: Sequence[Order]
    fills: Sequence[OrderFill]
    runs: Sequence[EventRun] = ()


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


def runs_of(blocks: Iterable[EventBlock]) -> list[EventRun]:
    """Gather the private events of blocks by account, in pieces of at most `EVENTS_A_RUN`."""
    accounts: defaultdict[AccountId, list[PrivateEvent]] = defaultdict(list)
    for block in blocks:
        for event in private_events(block):
            accounts[event.account_id].append(event)
    return [
        _run(events[start : start + EVENTS_A_RUN])
        for events in accounts.values()
        for start in range(0, len(events), EVENTS_A_RUN)
    ]


def _run(events: Sequence[PrivateEvent]) -> EventRun:
    first, last = events[0], events[-1]
    return EventRun(first.account_id, first.account_seq, last.account_seq, last.time_ns, joined(events))


def joined(events: Iterable[PrivateEvent]) -> bytes:
    """Write events of one account as the history keeps them."""
    parts: list[bytes] = []
    for _, account_seq, engine_seq, time_ns, content in events:
        parts += (_HEADER.pack(account_seq, engine_seq, time_ns, len(content)), content)
    return b"".join(parts)
