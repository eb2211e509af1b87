"""Lists orders, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.kernel.ids import AccountId, OrderId
from services.kernel.page import key_of, page_size, token_of
from services.orders.model.history import OrderQuery
from services.orders.model.order import Told
from services.orders.ports import Engine, History

DEFAULT_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What the caller wants to see."""

    account_id: AccountId
    symbol: str | None
    open_only: bool
    page_size: int
    page_token: str


@dataclass(frozen=True, slots=True)
class Page:
    """Orders, and the token of the next page; empty on the last."""

    orders: Sequence[Told]
    next_page_token: str


async def list_orders(listing: Listing, engine: Engine, history: History) -> Page:
    """Return a page of the account's orders as of the last command before this request, or later.

    A page starts below the number of the last order given out, so new orders never shift it. Raises `InvalidPageToken`,
    and `Unavailable` while the history lags.
    """
    query = _query_of(listing)
    horizon = await engine.horizon()
    await history.reach(horizon.engine_seq)
    found = await history.list(replace(query, limit=query.limit + 1))
    orders = found[: query.limit]
    more = len(found) > query.limit
    return Page(orders, token_of(_question_of(listing), (orders[-1].order.order_id,)) if more else "")


def _query_of(listing: Listing) -> OrderQuery:
    return OrderQuery(
        account_id=listing.account_id,
        symbol=listing.symbol,
        open_only=listing.open_only,
        before=_before(listing),
        limit=page_size(listing.page_size, DEFAULT_PAGE_SIZE),
    )


def _before(listing: Listing) -> OrderId | None:
    match key_of(_question_of(listing), listing.page_token, int):
        case None:
            return None
        case (int(order_id),):
            return OrderId(order_id)
    raise AssertionError("key_of answers None or a key of the asked shape")


def _question_of(listing: Listing) -> str:
    return f"orders.ListOrders/{listing.account_id}/{listing.symbol or '*'}/{'open' if listing.open_only else 'all'}"
