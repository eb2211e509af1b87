"""Orders and fills as integers at each instrument's fixed scale."""

from dataclasses import dataclass

from services.kernel.ids import AccountId, ClientOrderId, InstrumentId, OrderId, TradeId
from services.orders.model.instrument import Scales
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

OrderRef = OrderId | ClientOrderId
"""Names an order of an account: the exchange's number, or the client's id (the order that used it last)."""


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
class Told:
    """An order, the scales to read it with, and its fills, oldest first."""

    order: Order
    scales: Scales
    fills: tuple[Fill, ...] = ()
