"""The history in PostgreSQL: reads of an account's orders, and set-based writes of what the engine's events changed.

1. Writes come from one place, the projection, in the transaction that also stores its position.
2. An order is written as its last event left it; a lower or equal version changes nothing.
3. Fills are only ever added, each under the identity of its event: writing one twice is an error, not a second row.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any

import asyncpg

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, OrderId, TradeId
from services.kernel.money import INT64_MAX
from services.kernel.refusal import Unavailable
from services.orders.account_history import write_events
from services.orders.model.history import Changes, OrderQuery
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
from services.runtime.postgres import Connection, Pool

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
      FROM order_record o
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
      FROM fill
     WHERE order_id = $1
     ORDER BY trade_id
     LIMIT $2
"""

_PAGE = """
       AND ($3::text IS NULL OR o.instrument_id = (SELECT instrument_id FROM instrument WHERE symbol = $3))
     ORDER BY o.order_id DESC
     LIMIT $4
"""

_LIST_ALL = f"{_SELECT} WHERE o.account_id = $1 AND o.order_id < $2 {_PAGE}"

# The open ones are spelt as the partial index spells them.
_LIST_OPEN = f"{_SELECT} WHERE o.account_id = $1 AND o.order_id < $2 AND o.status IN (1, 2, 7) {_PAGE}"

_UPSERT_INSTRUMENTS = """
    INSERT INTO instrument (instrument_id, symbol, price_scale, quantity_scale, quote_scale)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::smallint[], $5::smallint[])
    ON CONFLICT (instrument_id) DO NOTHING
"""

_UPSERT_ORDERS = """
    INSERT INTO order_record AS o (
        order_id, account_id, client_order_id, instrument_id, side, type, time_in_force, post_only,
        self_trade_prevention, price, quantity, quote_budget, cum_quantity, leaves_quantity,
        prevented_quantity, cancelled_quantity, cum_notional, cum_fee, status, end_reason,
        reject_reason, version, accepted_time_ns, updated_time_ns, trigger_price, trigger_reference,
        trailing_ticks, trailing_bps, display_quantity, min_quantity, expire_time_ns, post_only_reprice,
        reduce_only, peg_reference, peg_offset_ticks, tag, session_id, survive_disconnect,
        watermark_price, triggered_time_ns, displayed_quantity, working_price)
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::smallint[], $6::smallint[], $7::smallint[],
        $8::boolean[], $9::smallint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::smallint[], $20::smallint[],
        $21::text[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::smallint[],
        $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[], $32::boolean[],
        $33::boolean[], $34::smallint[], $35::bigint[], $36::bigint[], $37::bigint[], $38::boolean[],
        $39::bigint[], $40::bigint[], $41::bigint[], $42::bigint[])
    ON CONFLICT (account_id, order_id) DO UPDATE SET
        price = excluded.price,
        quantity = excluded.quantity,
        cum_quantity = excluded.cum_quantity,
        leaves_quantity = excluded.leaves_quantity,
        prevented_quantity = excluded.prevented_quantity,
        cancelled_quantity = excluded.cancelled_quantity,
        cum_notional = excluded.cum_notional,
        cum_fee = excluded.cum_fee,
        status = excluded.status,
        end_reason = excluded.end_reason,
        version = excluded.version,
        updated_time_ns = excluded.updated_time_ns,
        trigger_price = excluded.trigger_price,
        display_quantity = excluded.display_quantity,
        expire_time_ns = excluded.expire_time_ns,
        watermark_price = excluded.watermark_price,
        triggered_time_ns = excluded.triggered_time_ns,
        displayed_quantity = excluded.displayed_quantity,
        working_price = excluded.working_price
     WHERE o.version < excluded.version
"""

_INSERT_FILLS = """
    INSERT INTO fill (
        order_id, trade_id, price, quantity, notional, fee, liquidity, shard, epoch, engine_seq, event_index)
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[],
        $8::integer[], $9::bigint[], $10::bigint[], $11::bigint[])
"""


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
            fills = await connection.fetch(_FILLS, row["order_id"], MAX_FILLS_TOLD)
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


async def write(connection: Connection, changes: Changes) -> None:
    """Write what a run of events changed, in the transaction that `connection` is in."""
    if changes.instruments:
        await connection.execute(_UPSERT_INSTRUMENTS, *_columns(map(_instrument_row, changes.instruments)))
    if changes.orders:
        await connection.execute(_UPSERT_ORDERS, *_columns(map(_order_row, changes.orders)))
    if changes.fills:
        await connection.execute(_INSERT_FILLS, *_columns(map(_fill_row, changes.fills)))
    await write_events(connection, changes.runs)


_instrument_row = attrgetter("instrument_id", "scales.symbol", "scales.price", "scales.quantity", "scales.quote")

_order_row = attrgetter(
    "order_id", "account_id", "client_order_id", "instrument_id", "side", "type", "time_in_force", "post_only",
    "self_trade_prevention", "price", "quantity", "quote_budget", "cum_quantity", "leaves_quantity",
    "prevented_quantity", "cancelled_quantity", "cum_notional", "cum_fee", "status", "end_reason",
    "reject_reason", "version", "accepted_time_ns", "updated_time_ns", "terms.trigger_price", "terms.trigger_reference",
    "terms.trailing_ticks", "terms.trailing_bps", "terms.display_quantity", "terms.min_quantity",
    "terms.expire_time_ns", "terms.post_only_reprice", "terms.reduce_only", "terms.peg_reference",
    "terms.peg_offset_ticks", "terms.tag", "terms.session_id", "terms.survive_disconnect", "watermark_price",
    "triggered_time_ns", "displayed_quantity", "working_price",
)  # fmt: skip

_fill_row = attrgetter(
    "order_id", "fill.trade_id", "fill.price", "fill.quantity", "fill.notional", "fill.fee", "fill.liquidity",
    "event.shard", "event.epoch", "event.engine_seq", "event.index",
)  # fmt: skip


def _columns(rows: Iterable[tuple[Any, ...]]) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True)


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
