"""From the decimals of an owner to the integers of the engine: exactly, or not at all.

Refused are decimals that the scales cannot hold, and of a new order a quantity or budget that is not positive: to the
engine 0 means absent, so only here can the two be told apart. The grid itself is the engine's business.
"""

from services.kernel.money import OutOfRange, TooManyDecimals, units_of
from services.kernel.refusal import Refusal
from services.orders.errors import (
    BudgetTooPrecise,
    DisplayQuantityOutOfRange,
    MinQuantityOutOfRange,
    NotionalOutOfRange,
    PriceNotOnTick,
    PriceOutOfRange,
    QuantityNotOnLot,
    QuantityOutOfRange,
    Trail,
)
from services.orders.model.instrument import Instrument
from services.orders.model.order import Terms
from services.orders.model.request import Amend, AmendDraft, Draft, NewOrder
from services.orders.model.words import TimeInForce

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
        terms=_terms(draft, instrument, now_ns),
    )


def refused_numbers(draft: Draft, instrument: Instrument) -> list[Refusal]:
    """Return the refusal of each of the draft's decimals that `translate` would refuse."""
    terms = draft.terms
    decimals = [
        (draft.price, _price),
        (terms.trigger_price, _trigger_price),
        (draft.quantity, _new_quantity),
        (draft.quote_budget, _budget),
        (terms.display_quantity, _new_display),
        (terms.min_quantity, _min_quantity),
    ]
    refusals = []
    for text, units in decimals:
        try:
            if text:
                units(text, instrument)
        except Refusal as refusal:
            refusals.append(refusal)
    return refusals


def translate_amend(draft: AmendDraft, instrument: Instrument, now_ns: int) -> Amend:
    """Turn the decimals of a change of an order into integers at its instrument's scales."""
    return Amend(
        account_id=draft.account_id,
        order=draft.order,
        instrument=instrument,
        quantity=_quantity(draft.quantity, instrument) if draft.quantity else None,
        price=_price(draft.price, instrument) if draft.price else None,
        display_quantity=_display(draft.display_quantity, instrument) if draft.display_quantity else None,
        expire_time_ns=draft.expire_time_ns,
        trigger_price=_trigger_price(draft.trigger_price, instrument) if draft.trigger_price else None,
        expected_version=draft.expected_version,
        request_id=draft.request_id,
        valid_until_ns=valid_until(draft.valid_until_ns, now_ns),
    )


def valid_until(asked_ns: int | None, now_ns: int) -> int:
    """Return until when a request stays valid: as long as its owner says, or nearly ten minutes."""
    return now_ns + DEFAULT_VALIDITY_NS if asked_ns is None else asked_ns


def _terms(draft: Draft, instrument: Instrument, now_ns: int) -> Terms:
    terms = draft.terms
    return Terms(
        trigger_price=_trigger_price(terms.trigger_price, instrument) if terms.trigger_price else None,
        trigger_reference=terms.trigger_reference,
        trailing_ticks=terms.trailing_ticks,
        trailing_bps=terms.trailing_bps,
        display_quantity=_new_display(terms.display_quantity, instrument) if terms.display_quantity else 0,
        min_quantity=_min_quantity(terms.min_quantity, instrument) if terms.min_quantity else 0,
        expire_time_ns=_expire_time(draft, instrument, now_ns),
        post_only_reprice=terms.post_only_reprice,
        reduce_only=terms.reduce_only,
        peg_reference=terms.peg_reference,
        peg_offset_ticks=terms.peg_offset_ticks,
        tag=terms.tag,
        session_id=terms.session_id,
        survive_disconnect=terms.survive_disconnect,
    )


def _expire_time(draft: Draft, instrument: Instrument, now_ns: int) -> int:
    """Return when the order expires; a time that passed long ago stays one, since to the engine 0 means absent."""
    if draft.time_in_force is TimeInForce.DAY:
        return instrument.session_close_ns(now_ns)
    return 0 if draft.terms.expire_time_ns is None else max(draft.terms.expire_time_ns, 1)


def _price(text: str, instrument: Instrument) -> int:
    return _price_units(text, instrument, {})


def _trigger_price(text: str, instrument: Instrument) -> int:
    return _price_units(text, instrument, {"field": "trigger_price"})


def _price_units(text: str, instrument: Instrument, trail: Trail) -> int:
    try:
        return units_of(text, instrument.scales.price)
    except TooManyDecimals as error:
        raise PriceNotOnTick(instrument, trail) from error
    except OutOfRange as error:
        raise PriceOutOfRange(instrument, trail) from error


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


def _new_display(text: str, instrument: Instrument) -> int:
    display = _display(text, instrument)
    if display <= 0:
        raise DisplayQuantityOutOfRange(instrument)
    return display


def _min_quantity(text: str, instrument: Instrument) -> int:
    try:
        quantity = units_of(text, instrument.scales.quantity)
    except (TooManyDecimals, OutOfRange) as error:
        raise MinQuantityOutOfRange(instrument) from error
    if quantity <= 0:
        raise MinQuantityOutOfRange(instrument)
    return quantity


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
