"""What the history is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, OrderId, TradeId
from services.kernel.money import INT64_MAX, INT64_MIN
from services.orders.model.instrument import Scales
from services.orders.model.order import Fill, OrderRef
from services.orders.model.words import OrderStatus, Side

T = TypeVar("T")

OPEN = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNTRIGGERED})
"""Where an order stands that has not ended."""

OrderKey = tuple[int, int]
"""Place of an order in a list: when it was accepted, and its number. Among open orders the number alone decides."""

TradeKey = tuple[int, ...]
"""Place of a trade: its time and its event among all of an account, order and trade among those of one order."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its beginning up to, and without, its end, in nanoseconds since 1970."""

    from_ns: int = INT64_MIN
    until_ns: int = INT64_MAX


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders of an account; what is None, or a status none, limits nothing."""

    account_id: AccountId
    symbol: str | None = None
    statuses: tuple[OrderStatus, ...] | None = None
    side: Side | None = None
    session_id: int | None = None
    tag: int | None = None
    span: Span = Span()

    @property
    def wants_open_alone(self) -> bool:
        """Tell whether nothing that has ended is wanted; such a list goes by number."""
        return self.statuses is not None and OPEN.issuperset(self.statuses)


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which trades of an account; what is None limits nothing."""

    account_id: AccountId
    order: OrderRef | None = None
    symbol: str | None = None
    side: Side | None = None
    span: Span = Span()


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Orders to list, newest first: those behind `after`, if given, and so many at most."""

    filter: OrderFilter
    after: OrderKey | None
    limit: int

    def key_of(self, accepted_time_ns: int, order_id: OrderId) -> OrderKey:
        """Return the place of an order in this list."""
        return INT64_MAX if self.filter.wants_open_alone else accepted_time_ns, order_id


@dataclass(frozen=True, slots=True)
class TradeQuery:
    """Trades to list, newest first: those behind `after`, if given, and so many at most."""

    filter: TradeFilter
    after: TradeKey | None
    limit: int


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Part of a list, and the place after which there may be more; None at the end.

    Where few match, a part may hold fewer than asked for, or none, and not be the last.
    """

    items: Sequence[T]
    last_key: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class EventId:
    """Identity of an event of the engine, unique for good."""

    shard: int
    epoch: int
    engine_seq: EngineSeq
    index: int

    def __str__(self) -> str:
        """Write it as every consumer does."""
        return f"{self.shard}:{self.epoch}:{self.engine_seq}:{self.index}"


@dataclass(frozen=True, slots=True)
class Bust:
    """A trade was taken back."""

    trade_id: TradeId
    event: EventId
    time_ns: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill, and the order of the account that it is part of."""

    order_id: OrderId
    client_order_id: ClientOrderId
    side: Side
    scales: Scales
    fill: Fill
    event: EventId
    time_ns: int
    bust: Bust | None = None
