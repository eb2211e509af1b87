"""Enters an order: from the decimals of its owner to the integers of the engine, and back."""

from services.kernel.clock import Clock
from services.kernel.money import OutOfRange, TooManyDecimals, units_of
from services.orders.errors import (
    BudgetTooPrecise,
    NotionalOutOfRange,
    PriceNotOnTick,
    PriceOutOfRange,
    QuantityNotOnLot,
    QuantityOutOfRange,
    refusal_of_order,
)
from services.orders.model.instrument import Instrument
from services.orders.model.order import Told
from services.orders.model.request import Answer, Draft, NewOrder
from services.orders.ports import Engine, Instruments

DEFAULT_VALIDITY_NS = 595_000_000_000
"""How long a request without `valid_until` stays valid: the ten minutes that ids are remembered, less the five seconds
by which this clock may be ahead of the engine's."""


async def place_order(draft: Draft, instruments: Instruments, engine: Engine, clock: Clock) -> Answer:
    """Enter the order and tell how it stands after its first turn.

    Raises the refusals of `translate` (nothing was sequenced) and of `refusal_of_order` (by the engine), `Unavailable`
    when the outcome is not known: the same request may then be repeated.
    """
    order = translate(draft, await instruments.with_symbol(draft.symbol), clock.now_ns())
    outcome = await engine.place(order)
    if outcome.reason:
        raise refusal_of_order(order, outcome)
    assert outcome.order is not None
    return Answer(Told(outcome.order, order.instrument.scales, outcome.fills), outcome.engine_seq, outcome.replayed)


def translate(draft: Draft, instrument: Instrument, now_ns: int) -> NewOrder:
    """Turn the draft's decimals into integers at the instrument's scales.

    Raises the refusals of decimals that the scales cannot hold, and of a quantity or budget that is not positive: to
    the engine 0 means absent, so only here can the two be told apart. The grid itself is the engine's business.
    """
    return NewOrder(
        account_id=draft.account_id,
        client_order_id=draft.client_order_id,
        instrument=instrument,
        side=draft.side,
        type=draft.type,
        time_in_force=draft.time_in_force,
        price=_price(draft.price, instrument) if draft.price else 0,
        quantity=_quantity(draft.quantity, instrument) if draft.quantity else 0,
        quote_budget=_budget(draft.quote_budget, instrument) if draft.quote_budget else 0,
        post_only=draft.post_only,
        self_trade_prevention=draft.self_trade_prevention,
        valid_until_ns=now_ns + DEFAULT_VALIDITY_NS if draft.valid_until_ns is None else draft.valid_until_ns,
    )


def _price(text: str, instrument: Instrument) -> int:
    try:
        return units_of(text, instrument.scales.price)
    except TooManyDecimals as error:
        raise PriceNotOnTick(instrument) from error
    except OutOfRange as error:
        raise PriceOutOfRange(instrument) from error


def _quantity(text: str, instrument: Instrument) -> int:
    try:
        quantity = units_of(text, instrument.scales.quantity)
    except TooManyDecimals as error:
        raise QuantityNotOnLot(instrument) from error
    except OutOfRange as error:
        raise QuantityOutOfRange(instrument) from error
    if quantity <= 0:
        raise QuantityOutOfRange(instrument)
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
