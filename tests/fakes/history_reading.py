"""What the engine's events change in the history, read the plain way: an event at a time, into the model.

The service reads them in C++, straight into rows; what both come to is the same, and tests/contract/orders holds it.
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from exchange.engine.v1 import engine_events_pb2, instrument_pb2, order_pb2
from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import AccountId, EngineSeq, OrderId, TradeId
from services.orders.convert.events import fill_of, instrument_of, order_of
from services.orders.model.account_stream import VENUE_ACCOUNTS, PrivateEvent
from services.orders.model.history import Bust, EventId
from services.orders.model.instrument import Instrument
from services.orders.model.order import Fill, Order

EVENTS_A_RUN = 256
_HEADER = struct.Struct("<QQqI")


_Owners = Callable[[Any], Iterable[tuple[int, int]]]
_owner = attrgetter("account_id", "account_seq")


def _one(event: Any) -> Iterable[tuple[int, int]]:
    return (_owner(event),)


def _of_order(event: Any) -> Iterable[tuple[int, int]]:
    return ((event.order.account_id, event.account_seq),)


def _of_both(event: Any) -> Iterable[tuple[int, int]]:
    maker = (event.maker_account_id, event.maker_account_seq)
    taker = (event.taker_account_id, event.taker_account_seq)
    return (maker,) if maker == taker else (maker, taker)


OWNERS: dict[str, _Owners] = {
    "order_updated": _of_order,
    "prevented_match": _of_both,
    "balance_changed": _one,
    "position_changed": _one,
    "mass_cancel_done": _one,
    "account_updated": _one,
    "cancel_all_after_changed": _one,
    "option_exercised": _one,
    "liquidation_changed": _one,
    "unsettled_delivered": _one,
    "session_changed": _one,
}
"""How to tell whose a private event is, by its kind. Every other kind is public."""


def private_events(block: EventBlock) -> Iterator[PrivateEvent]:
    """Yield the private events of a block in its order; one of two accounts comes twice, each with its own number."""
    engine_seq, time_ns = EngineSeq(block.engine_seq), block.engine_time_ns
    for event in block.events:
        kind = event.WhichOneof("event")
        owners = OWNERS.get(kind or "")
        if owners is None:
            continue
        content = event.SerializeToString()
        for account_id, account_seq in owners(getattr(event, kind or "")):
            if 0 < account_id < VENUE_ACCOUNTS:
                yield PrivateEvent(AccountId(account_id), account_seq, engine_seq, time_ns, content)


@dataclass(frozen=True, slots=True)
class OrderFill:
    """A fill, the order it belongs to, and the event that told it."""

    order_id: OrderId
    fill: Fill
    event: EventId
    time_ns: int


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
    busts: Sequence[Bust] = ()


def changes_of(shard: int, epoch: int, blocks: Sequence[engine_events_pb2.EventBlock]) -> Changes:
    """Read the blocks, in order, as one set of changes; of an order only its last event is read."""
    instruments: dict[int, instrument_pb2.Instrument] = {}
    orders: dict[int, order_pb2.Order] = {}
    fills: list[OrderFill] = []
    busts: list[Bust] = []
    for block in blocks:
        for index, event in enumerate(block.events):
            told_by = EventId(shard, epoch, EngineSeq(block.engine_seq), index)
            if event.HasField("order_updated"):
                update = event.order_updated
                orders[update.order.order_id] = update.order
                if update.HasField("fill"):
                    order_id, part = OrderId(update.order.order_id), fill_of(update.fill)
                    fills.append(OrderFill(order_id, part, told_by, block.engine_time_ns))
            elif event.HasField("instrument_updated"):
                instrument = event.instrument_updated.instrument
                instruments[instrument.instrument_id] = instrument
            elif event.HasField("trade_busted"):
                busts.append(Bust(TradeId(event.trade_busted.trade_id), told_by, block.engine_time_ns))
    return Changes(
        instruments=[instrument_of(instrument) for instrument in instruments.values()],
        orders=[order_of(order) for order in orders.values()],
        fills=fills,
        runs=runs_of(blocks),
        busts=busts,
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
