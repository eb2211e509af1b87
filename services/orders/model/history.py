"""What the history is asked, and what changes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.ids import AccountId, EngineSeq, OrderId
from services.orders.model.instrument import Instrument
from services.orders.model.order import Fill, Order


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders of an account to list, newest first: those numbered below `before`, if given."""

    account_id: AccountId
    symbol: str | None
    open_only: bool
    before: OrderId | None
    limit: int


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
