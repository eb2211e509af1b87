"""Tells one order."""

from services.kernel.ids import AccountId
from services.kernel.refusal import Unavailable
from services.orders.errors import OrderNotFound
from services.orders.model.order import OrderRef, Told
from services.orders.ports import Engine, History


async def get_order(account_id: AccountId, order: OrderRef, engine: Engine, history: History) -> Told:
    """Return an order of the account as of the last command before this request, or later.

    Raises `OrderNotFound` only when the history has certainly come that far, `Unavailable` otherwise.
    """
    horizon = await engine.horizon()
    await history.reach(horizon.engine_seq)
    told = await history.find(account_id, order)
    if told is not None:
        return told
    if not horizon.certain:
        raise Unavailable("The engine does not answer, so the history may lack this order; retry.")
    raise OrderNotFound
