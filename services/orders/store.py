"""Reads an account's orders and trades from the history in PostgreSQL; `history_writer` writes it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from services.kernel.ids import AccountId, EngineSeq
from services.kernel.money import INT64_MAX
from services.kernel.refusal import Unavailable
from services.orders.history_lists import MAX_LOOKED_AT, list_orders, list_trades
from services.orders.history_rows import ORDER_COLUMNS, SCALES, fill_of, told_of
from services.orders.model.history import OrderQuery, Part, Trade, TradeQuery
from services.orders.model.order import OrderRef, Told
from services.runtime import call, postgres
from services.runtime.grpc_client import SHAVE
from services.runtime.postgres import Pool

MAX_FILLS_TOLD = 1_000
RETRY_WHEN_BEHIND_MS = 200

WaitUntil = Callable[[int, timedelta], Awaitable[bool]]
"""Waits until a command's effect is stored; False if it is not within the time."""

_SELECT = f"""
    SELECT {ORDER_COLUMNS}, {SCALES}
      FROM account_order o
      JOIN instrument i ON i.instrument_id = o.instrument_id
"""  # noqa: S608 - names of columns

_FIND_BY_NUMBER = f"{_SELECT} WHERE o.account_id = $1 AND o.order_id = $2"

_FIND_BY_CLIENT_ORDER_ID = f"""{_SELECT}
     WHERE o.account_id = $1 AND o.client_order_id = $2
     ORDER BY o.order_id DESC
     LIMIT 1
"""

_FILLS = """
    SELECT trade_id, price, quantity, notional, fee, liquidity
      FROM account_fill
     WHERE order_id = $1 AND engine_time_ns >= $2
     ORDER BY trade_id
     LIMIT $3
"""


class OrderStore:
    """Reads the history."""

    def __init__(
        self, pool: Pool, wait_until: WaitUntil, longest_wait: timedelta, look_at: int = MAX_LOOKED_AT
    ) -> None:
        self._pool = pool
        self._look_at = look_at
        self._wait_until = wait_until
        self._longest_wait = longest_wait

    async def reach(self, engine_seq: EngineSeq) -> None:
        """Wait until the history contains that command; raises `Unavailable` if it is not there in time."""
        if not await self._wait_until(engine_seq, self._patience()):
            raise Unavailable(
                "The history is still behind your last command; retry.", retry_after_ms=RETRY_WHEN_BEHIND_MS
            )

    async def find(self, account_id: AccountId, order: OrderRef) -> Told | None:
        """Return an order of the account with its first fills; None if there is none."""
        if isinstance(order, int) and order > INT64_MAX:
            return None
        sql = _FIND_BY_NUMBER if isinstance(order, int) else _FIND_BY_CLIENT_ORDER_ID
        async with _one_view(self._pool) as connection:
            row = await connection.fetchrow(sql, account_id, order)
            if row is None:
                return None
            fills = await connection.fetch(_FILLS, row["order_id"], row["accepted_time_ns"], MAX_FILLS_TOLD)
        return told_of(row, tuple(map(fill_of, fills)))

    async def list(self, query: OrderQuery) -> Part[Told]:
        """Return orders without their fills, newest first; it looks at so many and no more."""
        async with _one_view(self._pool) as connection:
            return await list_orders(connection, query, self._look_at)

    async def trades(self, query: TradeQuery) -> Part[Trade]:
        """Return trades, newest first; it looks at so many and no more."""
        async with _one_view(self._pool) as connection:
            return await list_trades(connection, query, self._look_at)

    def _patience(self) -> timedelta:
        left = call.remaining()
        if left is None:
            return self._longest_wait
        return min(self._longest_wait, max(timedelta(seconds=left) - SHAVE, timedelta(0)))


@asynccontextmanager
async def _one_view(pool: Pool) -> AsyncIterator[postgres.Connection]:
    """Borrow a connection on which all reads see one state of the history."""
    async with (
        postgres.connection(pool) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection
