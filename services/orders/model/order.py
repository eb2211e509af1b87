"""Orders and fills as integers at each instrument's fixed scale."""

import re
from dataclasses import dataclass

from services.kernel.ids import AccountId, ClientOrderId, InstrumentId, OrderId, TradeId
from services.orders.model.instrument import Scales
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)

OrderRef = OrderId | ClientOrderId
"""Names an order of an account: the exchange's number, or the client's id (the order that used it last)."""

MAX_ORDER_ID = 2**64 - 1

FIRST_TWAP_ORDER_ID = 2**62
"""Numbers from here on are TWAPs, which orders numbers by itself; those below are the engine's, of shards 0 to 63."""

_SLICE_ID = re.compile(r"TWAP-([0-9]{1,18})-([0-9]{1,4})")
"""What slices of TWAPs are called; no client may use such an id."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for beyond side, price and quantity; what is absent has its default.

    Prices in price units, quantities in quantity units, the trailing offset in ticks or basis points, that of a peg
    in ticks. The trigger of a trailing stop moves with the market.
    """

    trigger_price: int | None = None
    trigger_reference: TriggerReference = TriggerReference.DEFAULT
    trailing_ticks: int = 0
    trailing_bps: int = 0
    display_quantity: int = 0
    min_quantity: int = 0
    expire_time_ns: int = 0
    post_only_reprice: bool = False
    reduce_only: bool = False
    peg_reference: PegReference = PegReference.NONE
    peg_offset_ticks: int = 0
    tag: int = 0
    session_id: int = 0
    survive_disconnect: bool = False


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a TWAP spreads its quantity: slice `i` of `slice_count`, from 0, is due `i` intervals after its start."""

    duration_s: int
    interval_s: int

    @property
    def slice_count(self) -> int:
        """How many slices there are."""
        return self.duration_s // self.interval_s

    def due_ns(self, start_ns: int, place: int) -> int:
        """Return when a slice is due."""
        return start_ns + place * self.interval_s * _NS_PER_S

    def place_at(self, start_ns: int, now_ns: int) -> int:
        """Return the slice whose time it is; `slice_count` or more once the duration is over."""
        return max(now_ns - start_ns, 0) // (self.interval_s * _NS_PER_S)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a TWAP has come: slices whose time has passed, and those sent; no next one once there is none."""

    schedule: Schedule
    passed: int
    sent: int
    next_due_ns: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order and all that became of it.

    Always `quantity = cum_quantity + leaves_quantity + prevented_quantity + cancelled_quantity`. `working_price` is
    where it stands in the book, if that is not `price`; `watermark_price` the best price that a trailing stop has seen.
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
    terms: Terms = NO_TERMS
    watermark_price: int | None = None
    triggered_time_ns: int = 0
    displayed_quantity: int = 0
    working_price: int | None = None
    progress: Progress | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade."""
        return self.status in _OPEN

    @property
    def parent_id(self) -> OrderId | None:
        """Number of the TWAP whose slice it is."""
        named = _SLICE_ID.fullmatch(self.client_order_id)
        return twap_order_id(int(named[1])) if named else None

    def average_price(self, scales: Scales) -> int | None:
        """Return the average price of what traded in quote units, cut toward zero; None before the first fill."""
        if self.cum_quantity == 0:
            return None
        size: int = abs(self.cum_notional) * 10**scales.quantity // self.cum_quantity
        return size if self.cum_notional >= 0 else -size


def twap_order_id(twap_id: int) -> OrderId:
    """Return the number by which owners know a TWAP."""
    return OrderId(FIRST_TWAP_ORDER_ID + twap_id)


def slice_id(twap_id: int, place: int) -> ClientOrderId:
    """Return what a slice of a TWAP is called: always the same, so that it enters once however often it is sent."""
    return ClientOrderId(f"TWAP-{twap_id}-{place}")


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
class Told:
    """An order, the scales to read it with, and its fills, oldest first."""

    order: Order
    scales: Scales
    fills: tuple[Fill, ...] = ()


_OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNTRIGGERED)
_NS_PER_S = 1_000_000_000
