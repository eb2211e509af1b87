"""Orders, fills and instruments as integers at each instrument's fixed scale.

Numbers of the enums are those of the contract (`exchange.type.v1`); a test holds them equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, OrderId, RequestId, TradeId
from services.kernel.money import text_of


class Side(IntEnum):
    """Which way an order trades."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """How an order's price is bound."""

    LIMIT = 1
    MARKET = 2
    STOP = 3
    STOP_LIMIT = 4
    TAKE_PROFIT = 5
    TAKE_PROFIT_LIMIT = 6
    TRAILING_STOP = 7
    PEGGED = 8


class TimeInForce(IntEnum):
    """How long an order stays."""

    GTC = 1
    IOC = 2
    FOK = 3
    DAY = 4
    GTD = 5
    AT_OPEN = 6
    AT_CLOSE = 7


class SelfTradePrevention(IntEnum):
    """What happens when an order meets one of its own self-trade group."""

    CANCEL_MAKER = 1
    CANCEL_TAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4
    NONE = 5


class OrderStatus(IntEnum):
    """Where an order stands; FILLED, CANCELLED, EXPIRED and REJECTED are final."""

    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELLED = 4
    EXPIRED = 5
    REJECTED = 6
    UNTRIGGERED = 7


class EndReason(IntEnum):
    """Why an order ended before it was filled."""

    NONE = 0
    REQUESTED = 1
    SELF_TRADE = 2
    IOC_REMAINDER = 3
    FOK_NOT_FILLABLE = 4
    MARKET_REMAINDER = 5
    TOO_OLD = 6
    PRICE_BAND = 7
    DAY_ENDED = 8
    GTD_REACHED = 9
    AUCTION_REMAINDER = 10
    LINKED_ORDER = 11
    PARENT_CANCELLED = 12
    RISK_AT_TRIGGER = 13
    REDUCED_AWAY = 14
    MIN_QUANTITY_NOT_MET = 15
    MASS_CANCEL = 16
    CANCEL_ALL_AFTER = 17
    KILL_SWITCH = 18
    LIQUIDATION = 19
    AMENDED_AWAY = 20
    INSTRUMENT_EXPIRED = 21
    BUST = 22
    DISCONNECTED = 23
    POST_ONLY_WOULD_CROSS = 24


class Liquidity(IntEnum):
    """On which side of a trade an order stood."""

    MAKER = 1
    TAKER = 2


class Phase(IntEnum):
    """What may happen in an instrument's market."""

    CONTINUOUS = 1
    CANCEL_ONLY = 2
    HALT = 3
    CLOSED = 4
    PRE_OPEN = 5
    AUCTION = 6
    POST_ONLY = 7


@dataclass(frozen=True, slots=True)
class Scales:
    """An instrument's name and the decimals of its numbers, which never change: all that history needs to be read."""

    symbol: str
    price: int
    quantity: int
    quote: int

    def price_text(self, units: int) -> str:
        """Write a price."""
        return text_of(units, self.price)

    def quantity_text(self, units: int) -> str:
        """Write a quantity."""
        return text_of(units, self.quantity)

    def quote_text(self, units: int) -> str:
        """Write an amount of the quote asset."""
        return text_of(units, self.quote)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded, and on which grid.

    The tick is in price units, lot and quantities in quantity units, notionals in quote units.
    """

    instrument_id: InstrumentId
    scales: Scales
    base: str
    quote: str
    tick: int
    lot: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    max_notional: int
    phase: Phase


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as its owner wrote it: decimals as text, empty where absent."""

    account_id: AccountId
    client_order_id: ClientOrderId
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: str
    quantity: str
    quote_budget: str
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    valid_until_ns: int | None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as the engine takes it: 0 where absent."""

    account_id: AccountId
    client_order_id: ClientOrderId
    instrument: Instrument
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: int
    quantity: int
    quote_budget: int
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    valid_until_ns: int


OrderRef = OrderId | ClientOrderId
"""Names an order of an account: the exchange's number, or the client's id (the order that used it last)."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request to take an order out of the book; without a request id it is not remembered."""

    account_id: AccountId
    order: OrderRef
    request_id: RequestId | None
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order and all that became of it.

    Always `quantity = cum_quantity + leaves_quantity + prevented_quantity + cancelled_quantity`.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price: int
    quantity: int
    quote_budget: int
    cum_quantity: int
    leaves_quantity: int
    prevented_quantity: int
    cancelled_quantity: int
    cum_notional: int
    cum_fee: int
    status: OrderStatus
    end_reason: EndReason
    reject_reason: str
    version: int
    accepted_time_ns: int
    updated_time_ns: int

    def average_price(self, scales: Scales) -> int | None:
        """Return the average price of what traded in quote units, cut toward zero; None before the first fill."""
        if self.cum_quantity == 0:
            return None
        size: int = abs(self.cum_notional) * 10**scales.quantity // self.cum_quantity
        return size if self.cum_notional >= 0 else -size


@dataclass(frozen=True, slots=True)
class Fill:
    """One order's part in one trade: price in price units, notional and fee in quote units."""

    trade_id: TradeId
    price: int
    quantity: int
    notional: int
    fee: int
    liquidity: Liquidity


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command.

    `reason` is empty if it was done, else the name of the contract's Reason. `engine_seq` is 0 if nothing was
    sequenced. `order` may be absent when it was refused.
    """

    engine_seq: EngineSeq
    reason: str
    replayed: bool
    order: Order | None
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An order, the scales to read it with, and its fills, oldest first."""

    order: Order
    scales: Scales
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did to an order."""

    told: Told
    engine_seq: EngineSeq
    replayed: bool


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
class Changes:
    """What a run of events changes in the history: each order once, as the last of them left it."""

    instruments: Sequence[Instrument]
    orders: Sequence[Order]
    fills: Sequence[OrderFill]
