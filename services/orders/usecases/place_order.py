"""Enters an order: from the decimals of its owner to the integers of the engine, and back."""

from services.kernel.clock import Clock
from services.orders.model.order import Told
from services.orders.model.request import Answer, Draft
from services.orders.ports import Engine, Instruments
from services.orders.relayed import refusal_of_order
from services.orders.usecases.translate import translate


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
