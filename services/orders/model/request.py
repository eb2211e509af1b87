"""What owners of orders ask for, and what became of it."""

from dataclasses import dataclass

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, RequestId
from services.orders.model.instrument import Instrument
from services.orders.model.order import NO_TERMS, Fill, Order, OrderRef, Schedule, Terms, Told
from services.orders.model.words import (
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)


@dataclass(frozen=True, slots=True)
class DraftTerms:
    """What an order asks for beyond side, price and quantity, as its owner wrote it: decimals as text."""

    trigger_price: str = ""
    trigger_reference: TriggerReference = TriggerReference.DEFAULT
    trailing_ticks: int = 0
    trailing_bps: int = 0
    display_quantity: str = ""
    min_quantity: str = ""
    expire_time_ns: int | None = None
    post_only_reprice: bool = False
    reduce_only: bool = False
    peg_reference: PegReference = PegReference.NONE
    peg_offset_ticks: int = 0
    tag: int = 0
    session_id: int = 0
    survive_disconnect: bool = False
    schedule: Schedule | None = None


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
    terms: DraftTerms = DraftTerms()


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
    terms: Terms = NO_TERMS


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request to take an order out of the book; without a request id it is not remembered."""

    account_id: AccountId
    order: OrderRef
    request_id: RequestId | None
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class AmendDraft:
    """A change of an order as its owner wrote it: decimals as text, empty where nothing changes.

    The symbol is that of the order's instrument; None if its owner does not say it.
    """

    account_id: AccountId
    order: OrderRef
    symbol: str | None
    quantity: str
    price: str
    display_quantity: str
    expire_time_ns: int | None
    trigger_price: str
    expected_version: int
    request_id: RequestId | None
    valid_until_ns: int | None


@dataclass(frozen=True, slots=True)
class Amend:
    """A change of an order as the engine takes it: None where nothing changes.

    `quantity` is the total, the filled and prevented part included. An `expected_version` of 0 is any. The order is of
    the instrument, else there is none to change.
    """

    account_id: AccountId
    order: OrderRef
    instrument: Instrument
    quantity: int | None
    price: int | None
    display_quantity: int | None
    expire_time_ns: int | None
    trigger_price: int | None
    expected_version: int
    request_id: RequestId | None
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class MassCancelDraft:
    """A request to cancel all open orders that match all that is given, as their owner wrote it."""

    account_id: AccountId
    symbol: str | None
    side: Side | None
    session_id: int | None
    tag: int | None
    request_id: RequestId | None
    valid_until_ns: int | None


@dataclass(frozen=True, slots=True)
class MassCancel:
    """A request to cancel all open orders that match all that is given, as the engine takes it."""

    account_id: AccountId
    instrument: Instrument | None
    side: Side | None
    session_id: int | None
    tag: int | None
    request_id: RequestId | None
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class MassCancelled:
    """What a mass cancel did."""

    count: int
    engine_seq: EngineSeq
    replayed: bool


@dataclass(frozen=True, slots=True)
class OrderCost:
    """What an order would cost at the worst price that it can trade at.

    `notional` and `worst_fee` in units of the quote asset; `required`, what would be held or by how much the initial
    margin would rise, and `available`, what there is for that, in units of `asset_id`.
    """

    asset_id: int
    worst_price: int
    notional: int
    worst_fee: int
    required: int
    available: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command.

    `reason` is empty if it was done, else the name of the contract's Reason. `engine_seq` is 0 if nothing was
    sequenced. `order` may be absent when it was refused. `cancelled_count` is that of a mass cancel;
    `all_reasons` and `cost` those of an order that was only judged, `reason` being the first.
    """

    engine_seq: EngineSeq
    reason: str
    replayed: bool
    order: Order | None
    fills: tuple[Fill, ...]
    cancelled_count: int = 0
    all_reasons: tuple[str, ...] = ()
    cost: OrderCost | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did to an order."""

    told: Told
    engine_seq: EngineSeq
    replayed: bool
