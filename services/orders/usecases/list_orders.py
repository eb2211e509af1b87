"""Lists orders, newest first, a page at a time."""

from services.kernel.page import key_of, page_size, token_of
from services.orders.model.history import OrderFilter, OrderKey, OrderQuery
from services.orders.model.order import Told
from services.orders.ports import Engine, History
from services.orders.usecases.listing import DEFAULT_PAGE_SIZE, Asked, Page


async def list_orders(wanted: OrderFilter, asked: Asked, engine: Engine, history: History) -> Page[Told]:
    """Return a page of the account's orders as of the last command before this request, or later.

    A page starts behind the last order that was looked at for the one before, so new orders never shift it. Raises
    `InvalidPageToken`, and `Unavailable` while the history lags.
    """
    question = f"orders.ListOrders/{wanted}"
    after = _key_in(question, asked.page_token)
    horizon = await engine.horizon()
    await history.reach(horizon.engine_seq)
    query = OrderQuery(wanted, after, page_size(asked.page_size, DEFAULT_PAGE_SIZE))
    part = await history.list(query)
    return Page(part.items, token_of(question, part.last_key) if part.last_key else "")


def _key_in(question: str, token: str) -> OrderKey | None:
    match key_of(question, token, int, int):
        case None:
            return None
        case (int(time_ns), int(order_id)):
            return time_ns, order_id
    raise AssertionError("key_of answers None or a key of the asked shape")
