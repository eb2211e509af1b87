"""From the decimals of an owner to the integers of the engine: exactly, or not at all.

Refused are decimals that the scales cannot hold, and of a new order a quantity or budget that is not positive: to the
engine 0 means absent, so only here can the two be told apart. The grid itself is the engine's business.
"""

from services.kernel.money import OutOfRange, TooManyDecimals, units_of
from services.orders.errors import (
    BudgetTooPrecise,
    DisplayQuantityOutOfRange,
    NotionalOutOfRange,
    PriceNotOnTick,
    PriceOutOfRange,
    QuantityNotOnLot,
    QuantityOutOfRange,
)
from services.orders.model.instrument import Instrument
from services.orders.model.order import Order
from services.orders.model.request import Amend, AmendDraft, Draft, NewOrder

DEFAULT_VALIDITY_NS = 595_000_000_000
"""How long a request without `valid_until` stays valid: the ten minutes that ids are remembered, less the five seconds
by which this clock may be ahead of the engine's."""


def translate(draft: Draft, instrument: Instrument, now_ns: int) -> NewOrder:
    """Turn the draft's decimals into integers at the instrument's scales."""
    return NewOrder(
        account_id=draft.account_id,
        client_order_id=draft.client_order_id,
        instrument=instrument,
        side=draft.side,
        type=draft.type,
        time_in_force=draft.time_in_force,
        price=_price(draft.price, instrument) if draft.price else 0,
        quantity=_new_quantity(draft.quantity, instrument) if draft.quantity else 0,
        quote_budget=_budget(draft.quote_budget, instrument) if draft.quote_budget else 0,
        post_only=draft.post_only,
        self_trade_prevention=draft.self_trade_prevention,
        valid_until_ns=valid_until(draft.valid_until_ns, now_ns),
    )


def translate_amend(draft: AmendDraft, order: Order, instrument: Instrument, now_ns: int) -> Amend:
    """Turn the decimals of a change of the order into integers at its instrument's scales."""
    return Amend(
        account_id=draft.account_id,
        order_id=order.order_id,
        instrument=instrument,
        side=order.side,
        quantity=_quantity(draft.quantity, instrument) if draft.quantity else None,
        price=_price(draft.price, instrument) if draft.price else None,
        display_quantity=_display(draft.display_quantity, instrument) if draft.display_quantity else None,
        expire_time_ns=draft.expire_time_ns,
        trigger_price=_price(draft.trigger_price, instrument) if draft.trigger_price else None,
        expected_version=draft.expected_version,
        request_id=draft.request_id,
        valid_until_ns=valid_until(draft.valid_until_ns, now_ns),
    )


def valid_until(asked_ns: int | None, now_ns: int) -> int:
    """Return until when a request stays valid: as long as its owner says, or nearly ten minutes."""
    return now_ns + DEFAULT_VALIDITY_NS if asked_ns is None else asked_ns


def _price(text: str, instrument: Instrument) -> int:
    try:
        return units_of(text, instrument.scales.price)
    except TooManyDecimals as error:
        raise PriceNotOnTick(instrument) from error
    except OutOfRange as error:
        raise PriceOutOfRange(instrument) from error


def _new_quantity(text: str, instrument: Instrument) -> int:
    quantity = _quantity(text, instrument)
    if quantity <= 0:
        raise QuantityOutOfRange(instrument)
    return quantity


def _quantity(text: str, instrument: Instrument) -> int:
    try:
        return units_of(text, instrument.scales.quantity)
    except TooManyDecimals as error:
        raise QuantityNotOnLot(instrument) from error
    except OutOfRange as error:
        raise QuantityOutOfRange(instrument) from error


def _display(text: str, instrument: Instrument) -> int:
    try:
        return units_of(text, instrument.scales.quantity)
    except (TooManyDecimals, OutOfRange) as error:
        raise DisplayQuantityOutOfRange(instrument) from error


def _budget(text: str, instrument: Instrument) -> int:
    try:
        budget = units_of(text, instrument.scales.quote)
    except TooManyDecimals as error:
        raise BudgetTooPrecise(instrument) from error
    except OutOfRange as error:
        raise NotionalOutOfRange(instrument) from error
    if budget <= 0:
        raise NotionalOutOfRange(instrument)
    return budget
