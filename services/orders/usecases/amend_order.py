"""Changes an open order in one step of the engine.

The decimals of a change mean nothing without the scales of the order's instrument. Its owner may name the instrument,
and the engine finds no order if it is another one. Else the history knows it; then the engine is told the number of the
order that was found there, never the client's id: so the order that changes is the one that was looked up, whoever uses
the id meanwhile.
"""

from dataclasses import replace

from services.kernel.clock import Clock
from services.orders.errors import OrderNotFound, TwapNotAmendable
from services.orders.model.order import FIRST_TWAP_ORDER_ID, MAX_ORDER_ID, Order, Told
from services.orders.model.request import AmendDraft, Answer
from services.orders.model.words import OrderType
from services.orders.ports import Engine, History, Instruments
from services.orders.relayed import refusal_of_amend
from services.orders.usecases.get_order import get_order
from services.orders.usecases.translate import translate_amend


async def amend_order(
    draft: AmendDraft, *, instruments: Instruments, engine: Engine, history: History, clock: Clock
) -> Answer:
    """Amend the order and tell how it stands.

    Raises `OrderNotFound`, `TwapNotAmendable`, `UnknownInstrument`, the refusals of `translate_amend` (nothing was
    sequenced) and of `refusal_of_amend` (by the engine), `Unavailable` when the history lags or the outcome is not
    known: the same request may then be repeated.
    """
    if isinstance(draft.order, int) and draft.order > MAX_ORDER_ID:
        raise OrderNotFound
    if draft.symbol is None:
        order = await _target(draft, engine, history)
        if order.type is OrderType.TWAP:
            raise TwapNotAmendable
        draft, instrument = replace(draft, order=order.order_id), await instruments.with_id(order.instrument_id)
    else:
        instrument = await instruments.with_symbol(draft.symbol)
    amend = translate_amend(draft, instrument, clock.now_ns())
    outcome = await engine.amend(amend)
    if outcome.reason == OrderNotFound.reason and await _is_twap(draft, history):
        raise TwapNotAmendable
    if outcome.reason:
        raise refusal_of_amend(amend, outcome)
    assert outcome.order is not None
    return Answer(Told(outcome.order, instrument.scales, outcome.fills), outcome.engine_seq, outcome.replayed)


async def _is_twap(draft: AmendDraft, history: History) -> bool:
    if isinstance(draft.order, int) and draft.order < FIRST_TWAP_ORDER_ID:
        return False
    told = await history.find(draft.account_id, draft.order)
    return told is not None and told.order.type is OrderType.TWAP


async def _target(draft: AmendDraft, engine: Engine, history: History) -> Order:
    """Find the order; by its number also in a history that lags, since what is needed of it never changes."""
    if isinstance(draft.order, int):
        told = await history.find(draft.account_id, draft.order)
        if told is not None:
            return told.order
    return (await get_order(draft.account_id, draft.order, engine, history)).order
