"""Lists from the history: which part of an account's orders or trades a page shows.

1. A page follows an index from its place on, and stops at the first of two ends: as many as were asked for, or as many
   as it may look at. So it costs the same in a history of any length, whatever is filtered.
2. All statements of a page see one state, so the place where it stopped is a place in what it has seen.
3. Only the rows of the page meet other tables.
"""

from dataclasses import dataclass

import asyncpg

from services.kernel.ids import AccountId, OrderId
from services.kernel.money import INT64_MAX
from services.orders.history_rows import ORDER_COLUMNS, SCALES, told_of, trade_of
from services.orders.model.history import OrderFilter, OrderQuery, Part, Trade, TradeFilter, TradeQuery
from services.orders.model.order import OrderRef, Told
from services.runtime.postgres import Connection

MAX_LOOKED_AT = 5_000
"""How many orders or trades one page looks at, whether they match or not."""


SETTINGS = """
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    SET LOCAL enable_sort = off;
"""
"""A page follows its index: whatever the planner guesses of unknown arguments, it shall not gather and sort."""

_Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A way to list rows: where they come from, what sorts them, which match, and what is shown of a page of them.

    The first arguments say where, the next which; the last is how many.
    """

    source: str
    key: tuple[str, ...]
    matches: str
    limit: int
    shown: str

    def page(self, look_at: int) -> str:
        """Write the query of a page."""
        looked_at = f"SELECT r.* FROM {self.source} ORDER BY {self._newest_first()} LIMIT {look_at}"  # noqa: S608
        matching = f"SELECT r.* FROM ({looked_at}) r WHERE {self.matches} ORDER BY {self._newest_first()}"  # noqa: S608
        return f"{self.shown.format(page=f'{matching} LIMIT ${self.limit}')} ORDER BY {self._newest_first()}"

    def last_looked_at(self, look_at: int) -> str:
        """Write the query of the key of the last row that a page may look at, and of none if they are fewer."""
        key = ", ".join(f"r.{name}" for name in self.key)
        return f"SELECT {key} FROM {self.source} ORDER BY {self._newest_first()} OFFSET {look_at - 1} LIMIT 1"  # noqa: S608

    def _newest_first(self) -> str:
        return ", ".join(f"r.{name} DESC" for name in self.key)


_ORDER_MATCHES = """
    ($6::text IS NULL OR r.instrument_id = (SELECT instrument_id FROM instrument WHERE symbol = $6))
    AND ($7::smallint[] IS NULL OR r.status = ANY ($7))
    AND ($8::smallint IS NULL OR r.side = $8)
    AND ($9::bigint IS NULL OR r.session_id = $9)
    AND ($10::bigint IS NULL OR r.tag = $10)
"""

_ORDERS_SHOWN = f"""
    SELECT {ORDER_COLUMNS.replace("o.", "r.")}, {SCALES}
      FROM ({{page}}) r
      JOIN instrument i ON i.instrument_id = r.instrument_id
"""  # noqa: S608 - names of columns

ORDERS = Listed(
    source="""
        account_order r
        WHERE r.account_id = $1 AND r.accepted_time_ns >= $2 AND r.accepted_time_ns < $3 AND r.accepted_time_ns <= $4
          AND (r.accepted_time_ns, r.order_id) < ($4, $5)
    """,
    key=("accepted_time_ns", "order_id"),
    matches=_ORDER_MATCHES,
    limit=11,
    shown=_ORDERS_SHOWN,
)

# The open ones are spelt as the partial index spells them. Of the key it has the number alone, which says the same.
OPEN_ORDERS = Listed(
    source="""
        account_order r
        WHERE r.account_id = $1 AND r.accepted_time_ns >= $2 AND r.accepted_time_ns < $3 AND r.accepted_time_ns <= $4
          AND r.order_id < $5 AND r.status IN (1, 2, 7)
    """,
    key=("order_id",),
    matches=_ORDER_MATCHES,
    limit=11,
    shown=_ORDERS_SHOWN,
)

_TRADES_SHOWN = f"""
    SELECT r.order_id, r.trade_id, r.side, r.price, r.quantity, r.notional, r.fee, r.liquidity, r.engine_time_ns,
           r.shard, r.epoch, r.engine_seq, r.event_index, o.client_order_id,
           b.engine_time_ns AS bust_time_ns, b.shard AS bust_shard, b.epoch AS bust_epoch,
           b.engine_seq AS bust_engine_seq, b.event_index AS bust_event_index, {SCALES}
      FROM ({{page}}) r
      JOIN account_order o ON o.account_id = r.account_id AND o.order_id = r.order_id
                          AND o.accepted_time_ns = r.order_accepted_time_ns
      JOIN instrument i ON i.instrument_id = r.instrument_id
      LEFT JOIN trade_bust b ON b.trade_id = r.trade_id
"""  # noqa: S608 - names of columns

TRADES = Listed(
    source="""
        account_fill r
        WHERE r.account_id = $1 AND r.engine_time_ns >= $2 AND r.engine_time_ns < $3 AND r.engine_time_ns <= $4
          AND (r.engine_time_ns, r.shard, r.epoch, r.engine_seq, r.event_index) < ($4, $5, $6, $7, $8)
    """,
    key=("engine_time_ns", "shard", "epoch", "engine_seq", "event_index"),
    matches="""
        ($9::text IS NULL OR r.instrument_id = (SELECT instrument_id FROM instrument WHERE symbol = $9))
        AND ($10::smallint IS NULL OR r.side = $10)
    """,
    limit=11,
    shown=_TRADES_SHOWN,
)

TRADES_OF_ORDER = Listed(
    source="""
        account_fill r
        WHERE r.account_id = $1 AND r.engine_time_ns >= $2 AND r.engine_time_ns < $3
          AND r.order_id = $4 AND r.trade_id < $5
    """,
    key=("trade_id",),
    matches="""
        ($6::text IS NULL OR r.instrument_id = (SELECT instrument_id FROM instrument WHERE symbol = $6))
        AND ($7::smallint IS NULL OR r.side = $7)
    """,
    limit=8,
    shown=_TRADES_SHOWN,
)

_NEWEST_ORDER = (INT64_MAX, INT64_MAX)
_NEWEST_TRADE = (INT64_MAX, 2**31 - 1, INT64_MAX, INT64_MAX, INT64_MAX)

_OWNED = "SELECT order_id FROM account_order WHERE account_id = $1 AND order_id = $2"

_USED_LAST = """
    SELECT order_id FROM account_order
     WHERE account_id = $1 AND client_order_id = $2
     ORDER BY order_id DESC
     LIMIT 1
"""


async def list_orders(connection: Connection, query: OrderQuery, look_at: int) -> Part[Told]:
    """Return part of an account's orders."""
    wanted = query.filter
    listed = OPEN_ORDERS if wanted.wants_open_alone else ORDERS
    where = (wanted.account_id, *_span_of(wanted), *(query.after or _NEWEST_ORDER))
    which = (wanted.symbol, wanted.statuses, wanted.side, wanted.session_id, wanted.tag)
    page, last = await _part_of(connection, listed, where, which, limit=query.limit, look_at=look_at)
    told = [told_of(row) for row in page]
    if last is not None and listed is OPEN_ORDERS:
        last = (query.after or _NEWEST_ORDER)[0], last[0]
    return Part(told, last)


async def list_trades(connection: Connection, query: TradeQuery, look_at: int) -> Part[Trade]:
    """Return part of an account's trades."""
    wanted = query.filter
    which = (wanted.symbol, wanted.side)
    where: tuple[int, ...] = (wanted.account_id, *_span_of(wanted))
    if wanted.order is None:
        where += tuple(query.after or _NEWEST_TRADE)
        page, last = await _part_of(connection, TRADES, where, which, limit=query.limit, look_at=look_at)
        return Part([trade_of(row) for row in page], last)
    named, before = (OrderId(query.after[0]), query.after[1]) if query.after else (wanted.order, INT64_MAX)
    order_id = await _number_of(connection, wanted.account_id, named)
    if order_id is None:
        return Part((), None)
    where += (order_id, before)
    page, last = await _part_of(connection, TRADES_OF_ORDER, where, which, limit=query.limit, look_at=look_at)
    return Part([trade_of(row) for row in page], None if last is None else (order_id, *last))


def _span_of(wanted: OrderFilter | TradeFilter) -> tuple[int, int]:
    return wanted.span.from_ns, wanted.span.until_ns


async def _number_of(connection: Connection, account_id: AccountId, order: OrderRef) -> OrderId | None:
    """Return the number of an order of the account; None if it has no such order."""
    if isinstance(order, int) and order > INT64_MAX:
        return None
    number = await connection.fetchval(_OWNED if isinstance(order, int) else _USED_LAST, account_id, order)
    return None if number is None else OrderId(number)


async def _part_of(
    connection: Connection, listed: Listed, where: _Values, which: _Values, *, limit: int, look_at: int
) -> tuple[list[asyncpg.Record], tuple[int, ...] | None]:
    """Return the rows of a page, and the key after which there may be more."""
    await connection.execute(SETTINGS)
    rows = await connection.fetch(listed.page(look_at), *where, *which, limit + 1)
    if len(rows) > limit:
        page = rows[:limit]
        return page, tuple(page[-1][name] for name in listed.key)
    last = await connection.fetchrow(listed.last_looked_at(look_at), *where)
    return rows, None if last is None else tuple(last)
