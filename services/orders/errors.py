"""What orders refuses.

A `Trail` says where a refusal stands in history: number of the order, `engine_seq`, whether it is a repeated answer.
It is empty for what is refused here, before anything was sequenced.
"""

from collections.abc import Mapping

from services.kernel.ids import AccountId
from services.kernel.refusal import Refusal
from services.orders.model.instrument import Instrument, Scales
from services.orders.model.order import Order
from services.orders.model.words import Side

Trail = Mapping[str, str]

_NO_TRAIL: Trail = {}


class PriceNotOnTick(Refusal):
    """The price is no multiple of the tick."""

    reason = "PRICE_NOT_ON_TICK"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        tick = instrument.scales.price_text(instrument.tick)
        super().__init__(
            f"Prices of {instrument.scales.symbol} are multiples of {tick} and never rounded; choose one of them.",
            metadata={"tick": tick, **trail},
        )


class PriceOutOfRange(Refusal):
    """The price is one that the instrument does not allow."""

    reason = "PRICE_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        tick = instrument.scales.price_text(instrument.tick)
        super().__init__(
            f"{instrument.scales.symbol} has no such price: prices start at {tick}; choose one nearer to the market.",
            metadata={"tick": tick, **trail},
        )


class QuantityNotOnLot(Refusal):
    """The quantity is no multiple of the lot."""

    reason = "QUANTITY_NOT_ON_LOT"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        lot = instrument.scales.quantity_text(instrument.lot)
        super().__init__(
            f"Quantities of {instrument.scales.symbol} are multiples of {lot} and never rounded; choose one of them.",
            metadata={"lot": lot, **trail},
        )


class QuantityOutOfRange(Refusal):
    """The quantity is below the minimum or above the maximum."""

    reason = "QUANTITY_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        low = instrument.scales.quantity_text(instrument.min_quantity)
        high = instrument.scales.quantity_text(instrument.max_quantity)
        super().__init__(
            f"An order in {instrument.scales.symbol} is for {low} to {high}; choose a quantity between them.",
            metadata={"min": low, "max": high, **trail},
        )


class NotionalOutOfRange(Refusal):
    """Price times quantity, or the budget, is below the minimum or above the maximum."""

    reason = "NOTIONAL_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        low = instrument.scales.quote_text(instrument.min_notional)
        high = instrument.scales.quote_text(instrument.max_notional)
        super().__init__(
            f"An order in {instrument.scales.symbol} is worth {low} to {high} {instrument.quote}; choose price and"
            " quantity (or the budget) accordingly.",
            metadata={"min": low, "max": high, "asset": instrument.quote, **trail},
        )


class DisplayQuantityOutOfRange(Refusal):
    """The displayed quantity is none that the instrument has."""

    reason = "DISPLAY_QUANTITY_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        lot = instrument.scales.quantity_text(instrument.lot)
        super().__init__(
            f"The displayed quantity is a multiple of {lot}, at least a fifteenth of the order and at most all of it.",
            metadata={"lot": lot, **trail},
        )


class MinQuantityOutOfRange(Refusal):
    """The least quantity to trade at once is none that the order can have."""

    reason = "MIN_QUANTITY_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        lot = instrument.scales.quantity_text(instrument.lot)
        super().__init__(
            f"The minimum quantity is a multiple of {lot} and at most the quantity; choose one of these.",
            metadata={"lot": lot, **trail},
        )


class BudgetTooPrecise(Refusal):
    """The budget has more decimals than the quote asset."""

    reason = "AMOUNT_OUT_OF_RANGE"

    def __init__(self, instrument: Instrument) -> None:
        scale = instrument.scales.quote
        super().__init__(
            f"{instrument.quote} has {scale} decimals; give quote_budget with no more.",
            metadata={"asset": instrument.quote, "scale": str(scale)},
        )


class PhaseNotAllowed(Refusal):
    """The instrument's phase does not let orders in."""

    reason = "PHASE_NOT_ALLOWED"

    def __init__(self, instrument: Instrument, trail: Trail = _NO_TRAIL) -> None:
        phase = instrument.phase.name
        super().__init__(
            f"{instrument.scales.symbol} takes no such request in phase {phase}; wait until it trades continuously.",
            metadata={"phase": phase, **trail},
        )


class InsufficientFunds(Refusal):
    """The available balance does not cover the order and its worst-case fee."""

    reason = "INSUFFICIENT_FUNDS"

    def __init__(self, instrument: Instrument, side: Side, trail: Trail = _NO_TRAIL) -> None:
        asset = instrument.quote if side is Side.BUY else instrument.base
        super().__init__(
            f"The available {asset} does not cover the order and its highest fee; deposit more, cancel other orders,"
            " or order less.",
            metadata={"asset": asset, **trail},
        )


class OrderNotFound(Refusal):
    """No order of the account has this id."""

    reason = "ORDER_NOT_FOUND"

    def __init__(self, trail: Trail = _NO_TRAIL) -> None:
        super().__init__("No order of this account has this id; ListOrders shows those that it has.", metadata=trail)


class OrderNotOpen(Refusal):
    """The order has ended already."""

    reason = "ORDER_NOT_OPEN"

    def __init__(self, order: Order, scales: Scales, trail: Trail = _NO_TRAIL) -> None:
        super().__init__(
            f"The order has ended already: it is {order.status.name}. There is nothing left to cancel or to change.",
            metadata={**_summary_of(order, scales), **trail},
        )


class VersionMismatch(Refusal):
    """The order has changed since the version that a change of it expects."""

    reason = "VERSION_MISMATCH"

    def __init__(self, expected: int, order: Order, scales: Scales, trail: Trail = _NO_TRAIL) -> None:
        super().__init__(
            f"The order is at version {order.version} and not at {expected}; read it again, then decide.",
            metadata={**_summary_of(order, scales), "expected_version": str(expected), **trail},
        )


class ResumeUnknown(Refusal):
    """The place to resume from is of another epoch, ahead of the account's life, or before the kept history."""

    reason = "RESUME_UNKNOWN"

    def __init__(self, epoch: int, account_id: AccountId, account_seq: int, facts: Trail = _NO_TRAIL) -> None:
        place = {"epoch": str(epoch), "account_id": str(account_id), "account_seq": str(account_seq)}
        super().__init__(
            "The stream cannot go on from this position; subscribe without `resume`.", metadata={**place, **facts}
        )


class HistoryBegins(ResumeUnknown):
    """The place to resume from lies before the first private event that is kept."""

    def __init__(self, epoch: int, account_id: AccountId, account_seq: int, first_seq: int | None) -> None:
        super().__init__(epoch, account_id, account_seq, {"first_seq": str(first_seq)} if first_seq else _NO_TRAIL)


class SlowConsumer(Refusal):
    """A private stream, which may not skip, was read too slowly."""

    reason = "SLOW_CONSUMER"

    def __init__(self, account_id: AccountId, last_seq: int) -> None:
        super().__init__(
            f"Events came faster than they were read; read faster, and resume after event {last_seq}.",
            metadata={"account_id": str(account_id), "last_seq": str(last_seq)},
        )


class SessionNotOpen(Refusal):
    """The session was lost for good, closed, or taken over."""

    reason = "SESSION_NOT_OPEN"
    sentence = "The session is not open: it was lost, closed or taken over; open it anew, or do without it."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class TwapSliceTooSmall(Refusal):
    """The slices of a TWAP would be smaller than an order may be."""

    reason = "TWAP_SLICE_TOO_SMALL"

    def __init__(self, instrument: Instrument, smallest: int, interval_s: int | None) -> None:
        least = instrument.scales.quantity_text(smallest)
        advice = f"an interval of {interval_s} s would do" if interval_s else "no interval would do"
        super().__init__(
            f"Each slice is for {least} {instrument.base} or more, as any order in {instrument.scales.symbol};"
            f" with this quantity and duration {advice}.",
            metadata={"min": least} | ({"interval_s": str(interval_s)} if interval_s else {}),
        )


class TwapNotAmendable(Refusal):
    """A TWAP is not changed once it is entered."""

    reason = "TWAP_NOT_AMENDABLE"

    def __init__(self) -> None:
        super().__init__("A TWAP is not changed; cancel it, and enter another for what is left.")


def _summary_of(order: Order, scales: Scales) -> dict[str, str]:
    return {
        "client_order_id": order.client_order_id,
        "instrument": scales.symbol,
        "status": order.status.name,
        "end_reason": order.end_reason.name,
        "quantity": scales.quantity_text(order.quantity),
        "cum_quantity": scales.quantity_text(order.cum_quantity),
        "prevented_quantity": scales.quantity_text(order.prevented_quantity),
        "cancelled_quantity": scales.quantity_text(order.cancelled_quantity),
        "version": str(order.version),
    }
