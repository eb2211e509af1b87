"""Lists what an account traded, newest first, a page at a time."""

from services.kernel.page import key_of, page_size, token_of
from services.orders.model.history import Trade, TradeFilter, TradeKey, TradeQuery
from services.orders.ports import Engine, History
from services.orders.usecases.listing import DEFAULT_PAGE_SIZE, Asked, Page

_OF_ACCOUNT = (int,) * 5
_OF_ORDER = (int,) * 2


async def list_trades(wanted: TradeFilter, asked: Asked, engine: Engine, history: History) -> Page[Trade]:
    """Return a page of the account's trades as of the last command before this request, or later.

    A page starts behind the last trade that was looked at for the one before, so new trades never shift it; those of an
    order named by the client's id stay those of the order that the first page found. Raises `InvalidPageToken`, and
    `Unavailable` while the history lags.
    """
    question = f"orders.ListTrades/{wanted}"
    after = _key_in(question, asked.page_token, of_order=wanted.order is not None)
    horizon = await engine.horizon()
    await history.reach(horizon.engine_seq)
    query = TradeQuery(wanted, after, page_size(asked.page_size, DEFAULT_PAGE_SIZE))
    part = await history.trades(query)
    return Page(part.items, token_of(question, part.last_key) if part.last_key else "")


def _key_in(question: str, token: str, *, of_order: bool) -> TradeKey | None:
    key = key_of(question, token, *(_OF_ORDER if of_order else _OF_ACCOUNT))
    return None if key is None else tuple(part for part in key if isinstance(part, int))
