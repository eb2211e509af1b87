"""What owners of orders ask for, and what became of it."""

from dataclasses import dataclass

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, RequestId
from services.orders.model.instrument import Instrument
from services.orders.model.order import Fill, Order, OrderRef, Told
from services.orders.model.words import OrderType, SelfTradePrevention, Side, TimeInForce


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


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request to take an order out of the book; without a request id it is not remembered."""

    account_id: AccountId
    order: OrderRef
    request_id: RequestId | None
    valid_until_ns: int


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
class Answer:
    """What a command did to an order."""

    told: Told
    engine_seq: EngineSeq
    replayed: bool
