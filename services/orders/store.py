"""Reads an account's orders from the history in PostgreSQL; `history_writer` writes it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import asyncpg

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, OrderId, TradeId
from services.kernel.money import INT64_MAX
from services.kernel.refusal import Unavailable
from services.orders.model.history import OrderQuery
from services.orders.model.instrument import Scales
from services.orders.model.order import Fill, Order, OrderRef, Terms, Told
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)
from services.runtime import call, postgres
from services.runtime.grpc_client import SHAVE
from services.runtime.postgres import Pool

MAX_FILLS_TOLD = 1_000
RETRY_WHEN_BEHIND_MS = 200

WaitUntil = Callable[[int, timedelta], Awaitable[bool]]
"""Waits until a command's effect is stored; False if it is not within the time."""

_SELECT = """
    SELECT o.order_id, o.account_id, o.client_order_id, o.instrument_id, o.side, o.type, o.time_in_force, o.post_only,
           o.self_trade_prevention, o.price, o.quantity, o.quote_budget, o.cum_quantity, o.leaves_quantity,
           o.prevented_quantity, o.cancelled_quantity, o.cum_notional, o.cum_fee, o.status, o.end_reason,
           o.reject_reason, o.version, o.accepted_time_ns, o.updated_time_ns, o.trigger_price, o.trigger_reference,
           o.trailing_ticks, o.trailing_bps, o.display_quantity, o.min_quantity, o.expire_time_ns, o.post_only_reprice,
           o.reduce_only, o.peg_reference, o.peg_offset_ticks, o.tag, o.session_id, o.survive_disconnect,
           o.watermark_price, o.triggered_time_ns, o.displayed_quantity, o.working_price,
           i.symbol, i.price_scale, i.quantity_scale, i.quote_scale
      FROM account_order o
      JOIN instrument i ON i.instrument_id = o.instrument_id
"""

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

_PAGE = """
       AND ($3::text IS NULL OR o.instrument_id = (SELECT instrument_id FROM instrument WHERE symbol = $3))
     ORDER BY o.order_id DESC
     LIMIT $4
"""

_LIST_ALL = f"{_SELECT} WHERE o.account_id = $1 AND o.order_id < $2 {_PAGE}"

# The open ones are spelt as the partial index spells them.
_LIST_OPEN = f"{_SELECT} WHERE o.account_id = $1 AND o.order_id < $2 AND o.status IN (1, 2, 7) {_PAGE}"


class OrderStore:
    """Reads the history."""

    def __init__(self, pool: Pool, wait_until: WaitUntil, longest_wait: timedelta) -> None:
        self._pool = pool
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
        async with (
            postgres.connection(self._pool) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(sql, account_id, order)
            if row is None:
                return None
            fills = await connection.fetch(_FILLS, row["order_id"], row["accepted_time_ns"], MAX_FILLS_TOLD)
        return _told_of(row, tuple(map(_fill_of, fills)))

    async def list(self, query: OrderQuery) -> Sequence[Told]:
        """Return orders without their fills, newest first."""
        before = INT64_MAX if query.before is None else query.before
        sql = _LIST_OPEN if query.open_only else _LIST_ALL
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(sql, query.account_id, before, query.symbol, query.limit)
        return [_told_of(row) for row in rows]

    def _patience(self) -> timedelta:
        left = call.remaining()
        if left is None:
            return self._longest_wait
        return min(self._longest_wait, max(timedelta(seconds=left) - SHAVE, timedelta(0)))


def _told_of(row: asyncpg.Record, fills: tuple[Fill, ...] = ()) -> Told:
    scales = Scales(row["symbol"], row["price_scale"], row["quantity_scale"], row["quote_scale"])
    return Told(_order_of(row), scales, fills)


def _order_of(row: asyncpg.Record) -> Order:
    return Order(
        order_id=OrderId(row["order_id"]),
        account_id=AccountId(row["account_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        post_only=row["post_only"],
        self_trade_prevention=SelfTradePrevention(row["self_trade_prevention"]),
        price=row["price"],
        quantity=row["quantity"],
        quote_budget=row["quote_budget"],
        cum_quantity=row["cum_quantity"],
        leaves_quantity=row["leaves_quantity"],
        prevented_quantity=row["prevented_quantity"],
        cancelled_quantity=row["cancelled_quantity"],
        cum_notional=row["cum_notional"],
        cum_fee=row["cum_fee"],
        status=OrderStatus(row["status"]),
        end_reason=EndReason(row["end_reason"]),
        reject_reason=row["reject_reason"],
        version=row["version"],
        accepted_time_ns=row["accepted_time_ns"],
        updated_time_ns=row["updated_time_ns"],
        terms=_terms_of(row),
        watermark_price=row["watermark_price"],
        triggered_time_ns=row["triggered_time_ns"],
        displayed_quantity=row["displayed_quantity"],
        working_price=row["working_price"],
    )


def _terms_of(row: asyncpg.Record) -> Terms:
    return Terms(
        trigger_price=row["trigger_price"],
        trigger_reference=TriggerReference(row["trigger_reference"]),
        trailing_ticks=row["trailing_ticks"],
        trailing_bps=row["trailing_bps"],
        display_quantity=row["display_quantity"],
        min_quantity=row["min_quantity"],
        expire_time_ns=row["expire_time_ns"],
        post_only_reprice=row["post_only_reprice"],
        reduce_only=row["reduce_only"],
        peg_reference=PegReference(row["peg_reference"]),
        peg_offset_ticks=row["peg_offset_ticks"],
        tag=row["tag"],
        session_id=row["session_id"],
        survive_disconnect=row["survive_disconnect"],
    )


def _fill_of(row: asyncpg.Record) -> Fill:
    return Fill(
        trade_id=TradeId(row["trade_id"]),
        price=row["price"],
        quantity=row["quantity"],
        notional=row["notional"],
        fee=row["fee"],
        liquidity=Liquidity(row["liquidity"]),
    )
