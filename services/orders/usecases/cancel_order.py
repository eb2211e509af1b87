"""Takes an order out of the book."""

from services.kernel.clock import Clock
from services.kernel.ids import AccountId, RequestId
from services.orders.errors import OrderNotFound
from services.orders.model.order import MAX_ORDER_ID, OrderRef, Told
from services.orders.model.request import Answer, Cancel
from services.orders.ports import Engine, Instruments
from services.orders.relayed import refusal_of_cancel
from services.orders.usecases.translate import valid_until


async def cancel_order(
    account_id: AccountId,
    order: OrderRef,
    request_id: RequestId | None,
    *,
    instruments: Instruments,
    engine: Engine,
    clock: Clock,
) -> Answer:
    """Cancel the order and tell how it ended.

    Raises `OrderNotFound`, `OrderNotOpen`, CLIENT_ORDER_ID_REUSED for a request id of another request, `Unavailable`
    when the outcome is not known.
    """
    if isinstance(order, int) and order > MAX_ORDER_ID:
        raise OrderNotFound
    cancel = Cancel(account_id, order, request_id, valid_until(None, clock.now_ns()))
    outcome = await engine.cancel(cancel)
    scales = (await instruments.with_id(outcome.order.instrument_id)).scales if outcome.order else None
    if outcome.reason:
        raise refusal_of_cancel(cancel, outcome, scales)
    assert outcome.order is not None
    assert scales is not None
    return Answer(Told(outcome.order, scales), outcome.engine_seq, outcome.replayed)
