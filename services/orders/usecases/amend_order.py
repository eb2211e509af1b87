"""Changes an open order in one step of the engine.

The decimals of a change mean nothing without the scales of the order's instrument, which the history knows and which
never change. The engine is told the number of the order that was found there, never the client's id: so the order that
changes is the one whose scales were used, whoever uses the id meanwhile.
"""

from services.kernel.clock import Clock
from services.orders.errors import refusal_of_amend
from services.orders.model.order import Order, Told
from services.orders.model.request import AmendDraft, Answer
from services.orders.ports import Engine, History, Instruments
from services.orders.usecases.get_order import get_order
from services.orders.usecases.translate import translate_amend


async def amend_order(
    draft: AmendDraft, *, instruments: Instruments, engine: Engine, history: History, clock: Clock
) -> Answer:
    """Amend the order and tell how it stands.

    Raises `OrderNotFound`, the refusals of `translate_amend` (nothing was sequenced) and of `refusal_of_amend` (by the
    engine), `Unavailable` when the history lags or the outcome is not known: the same request may then be repeated.
    """
    order = await _target(draft, engine, history)
    instrument = await instruments.with_id(order.instrument_id)
    amend = translate_amend(draft, order, instrument, clock.now_ns())
    outcome = await engine.amend(amend)
    if outcome.reason:
        raise refusal_of_amend(amend, outcome)
    assert outcome.order is not None
    return Answer(Told(outcome.order, instrument.scales, outcome.fills), outcome.engine_seq, outcome.replayed)


async def _target(draft: AmendDraft, engine: Engine, history: History) -> Order:
    """Find the order; by its number also in a history that lags, since what is needed of it never changes."""
    if isinstance(draft.order, int):
        told = await history.find(draft.account_id, draft.order)
        if told is not None:
            return told.order
    return (await get_order(draft.account_id, draft.order, engine, history)).order
