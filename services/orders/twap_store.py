"""TWAPs in PostgreSQL: the port `Twaps`. Each change is one transaction on one locked row."""

from collections.abc import Sequence

import asyncpg

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId
from services.kernel.money import INT64_MAX
from services.orders import instrument_rows
from services.orders.model.history import OrderQuery
from services.orders.model.instrument import Scales
from services.orders.model.order import FIRST_TWAP_ORDER_ID, OrderRef, Schedule, Terms
from services.orders.model.request import MassCancel
from services.orders.model.twap import Change, NewTwap, Slice, SliceOutcome, Stop, Twap
from services.orders.model.words import EndReason, OrderStatus, SelfTradePrevention, Side
from services.runtime import postgres
from services.runtime.postgres import Pool

_SELECT = """
    SELECT t.twap_id, t.account_id, t.client_order_id, t.fingerprint, t.engine_seq, t.instrument_id, t.side, t.price,
           t.quantity, t.duration_s, t.interval_s, t.self_trade_prevention, t.reduce_only, t.tag, t.session_id,
           t.survive_disconnect, t.start_ns, t.seen_seq, t.status, t.end_reason, t.reject_reason, t.cum_quantity,
           t.prevented_quantity, t.cum_notional, t.cum_fee, t.version, t.passed, t.sent, t.updated_ns, t.slice_place,
           t.slice_quantity, t.slice_valid_until_ns, t.stop_reason, t.stop_asked_by, t.stop_engine_seq,
           i.symbol, i.price_scale, i.quantity_scale, i.quote_scale
      FROM twap t
      JOIN instrument i ON i.instrument_id = t.instrument_id
"""

_LOCKED = f"{_SELECT} WHERE t.twap_id = $1 FOR UPDATE OF t"
_BY_ID = f"{_SELECT} WHERE t.account_id = $1 AND t.twap_id = $2"
_BY_CLIENT_ORDER_ID = f"{_SELECT} WHERE t.account_id = $1 AND t.client_order_id = $2"

_NUMBER = f"t.twap_id + {FIRST_TWAP_ORDER_ID}"

_OPEN = "t.status IN (1, 2)"

_LISTED = f"""{_SELECT}
     WHERE t.account_id = $1 AND {{start}} >= $2 AND {{start}} < $3 AND {{behind}}
       AND ($6::text IS NULL OR i.symbol = $6)
       AND ($7::smallint[] IS NULL OR t.status = ANY ($7))
       AND ($8::smallint IS NULL OR t.side = $8)
       AND ($9::bigint IS NULL OR t.session_id = $9)
       AND ($10::bigint IS NULL OR t.tag = $10)
     ORDER BY {{place}}
     LIMIT $11
"""

LIST = _LISTED.format(
    start="t.start_ns", behind=f"(t.start_ns, {_NUMBER}) < ($4, $5)", place="t.start_ns DESC, t.twap_id DESC"
)

# An account has few open ones: with a bound that no index knows, they are found among such, not among all by time.
LIST_OPEN = _LISTED.format(
    start="(t.start_ns + 0)", behind=f"(t.start_ns + 0) <= $4 AND {_NUMBER} < $5 AND {_OPEN}", place="t.twap_id DESC"
)

_DUE = f"{_SELECT} WHERE {_OPEN} AND t.due_ns <= $1 ORDER BY t.due_ns LIMIT $2"

_COUNT = f"SELECT count(*) FROM twap t WHERE {_OPEN}"  # noqa: S608 - a constant
COUNT_OF_ACCOUNT = f"{_COUNT} AND t.account_id = $1"

MATCHING = f"""{_SELECT}
     WHERE t.account_id = $1 AND t.engine_seq < $2
       AND (({_OPEN} AND t.stop_reason = 0) OR (t.stop_engine_seq = $2 AND t.stop_engine_seq <> 0))
       AND ($3::bigint IS NULL OR t.instrument_id = $3)
       AND ($4::smallint IS NULL OR t.side = $4)
       AND ($5::bigint IS NULL OR t.session_id = $5)
       AND ($6::bigint IS NULL OR t.tag = $6)
     ORDER BY t.twap_id
"""

_ENTER = """
    INSERT INTO twap (
        account_id, client_order_id, fingerprint, engine_seq, instrument_id, side, price, quantity, duration_s,
        interval_s, self_trade_prevention, reduce_only, tag, session_id, survive_disconnect, start_ns, due_ns, seen_seq,
        status, end_reason, reject_reason, cum_quantity, prevented_quantity, cum_notional, cum_fee, version, passed,
        sent, updated_ns, stop_reason, stop_asked_by, stop_engine_seq)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16,
           coalesce((SELECT max(last_seq) FROM account_events WHERE account_id = $1), 0),
           1, 0, '', 0, 0, 0, 0, 1, 0, 0, $16, 0, '', 0
    ON CONFLICT (account_id, client_order_id) DO NOTHING
    RETURNING twap_id
"""

_CHANGE = """
    UPDATE twap
       SET due_ns = $2, seen_seq = $3, status = $4, end_reason = $5, reject_reason = $6, cum_quantity = $7,
           prevented_quantity = $8, cum_notional = $9, cum_fee = $10, version = $11, passed = $12, sent = $13,
           updated_ns = $14, slice_place = $15, slice_quantity = $16, slice_valid_until_ns = $17, stop_reason = $18,
           stop_asked_by = $19, stop_engine_seq = $20
     WHERE twap_id = $1
"""

_ADD_SLICE = """
    INSERT INTO twap_slice (
        twap_id, place, quantity, order_id, cum_quantity, prevented_quantity, cum_notional, cum_fee, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class TwapStore:
    """The port `Twaps`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def enter(self, twap: NewTwap, fingerprint: int, engine_seq: EngineSeq, start_ns: int) -> tuple[Twap, bool]:
        """Add a TWAP, or return the one that has its id already; tell which."""
        order = twap.order
        async with postgres.transaction(self._pool) as connection:
            await instrument_rows.know(connection, [(order.instrument.instrument_id, order.instrument.scales)])
            entered = await connection.fetchval(_ENTER, *_asked(twap, _signed(fingerprint), engine_seq), start_ns)
            row = await connection.fetchrow(_BY_CLIENT_ORDER_ID, order.account_id, order.client_order_id)
        assert row is not None
        return _twap_of(row), entered is not None

    async def find(self, account_id: AccountId, order: OrderRef) -> Twap | None:
        """Return a TWAP of the account by its number or the client's id."""
        if isinstance(order, int) and order > INT64_MAX:
            return None
        async with postgres.connection(self._pool) as connection:
            if isinstance(order, int):
                row = await connection.fetchrow(_BY_ID, account_id, order - FIRST_TWAP_ORDER_ID)
            else:
                row = await connection.fetchrow(_BY_CLIENT_ORDER_ID, account_id, order)
        return _twap_of(row) if row else None

    async def list(self, query: OrderQuery) -> Sequence[Twap]:
        """Return TWAPs, newest first, as History.list does orders."""
        wanted = query.filter
        arguments = (
            wanted.account_id,
            wanted.span.from_ns,
            wanted.span.until_ns,
            *(query.after or (INT64_MAX, INT64_MAX)),
            wanted.symbol,
            wanted.statuses,
            wanted.side,
            wanted.session_id,
            wanted.tag,
            query.limit,
        )
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(LIST_OPEN if wanted.wants_open_alone else LIST, *arguments)
        return list(map(_twap_of, rows))

    async def change(self, twap_id: int, change: Change, outcome: SliceOutcome | None = None) -> Twap:
        """Let a TWAP go on as `change` decides, one at a time; the slice whose outcome that was is kept beside it."""
        async with postgres.transaction(self._pool) as connection:
            row = await connection.fetchrow(_LOCKED, twap_id)
            assert row is not None
            before = _twap_of(row)
            after = change(before)
            if after != before:
                await connection.execute(_CHANGE, *_state(after))
            if outcome is not None and after.sent > before.sent:
                await connection.execute(_ADD_SLICE, twap_id, *_slice(outcome))
        return after

    async def due(self, now_ns: int, limit: int) -> Sequence[Twap]:
        """Return open TWAPs with something to do at that time, the most overdue first."""
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(_DUE, now_ns, limit)
        return list(map(_twap_of, rows))

    async def count_open(self, account_id: AccountId | None = None) -> int:
        """Tell how many are open, of an account or in all."""
        asked = (_COUNT,) if account_id is None else (COUNT_OF_ACCOUNT, account_id)
        async with postgres.connection(self._pool) as connection:
            count: int = await connection.fetchval(*asked)
        return count

    async def matching(self, cancel: MassCancel, engine_seq: EngineSeq) -> Sequence[Twap]:
        """Return what a mass cancel of that number is to end or has ended, of those entered before it."""
        instrument_id = cancel.instrument.instrument_id if cancel.instrument else None
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(
                MATCHING, cancel.account_id, engine_seq, instrument_id, cancel.side, cancel.session_id, cancel.tag
            )
        return list(map(_twap_of, rows))


def _twap_of(row: asyncpg.Record) -> Twap:
    return Twap(
        twap_id=row["twap_id"],
        account_id=AccountId(row["account_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        scales=Scales(row["symbol"], row["price_scale"], row["quantity_scale"], row["quote_scale"]),
        side=Side(row["side"]),
        price=row["price"],
        quantity=row["quantity"],
        self_trade_prevention=SelfTradePrevention(row["self_trade_prevention"]),
        terms=Terms(
            reduce_only=row["reduce_only"],
            tag=row["tag"],
            session_id=row["session_id"],
            survive_disconnect=row["survive_disconnect"],
        ),
        schedule=Schedule(row["duration_s"], row["interval_s"]),
        fingerprint=row["fingerprint"] % 2**64,
        engine_seq=EngineSeq(row["engine_seq"]),
        start_ns=row["start_ns"],
        seen_seq=row["seen_seq"],
        updated_ns=row["updated_ns"],
        status=OrderStatus(row["status"]),
        end_reason=EndReason(row["end_reason"]),
        reject_reason=row["reject_reason"],
        cum_quantity=row["cum_quantity"],
        prevented_quantity=row["prevented_quantity"],
        cum_notional=row["cum_notional"],
        cum_fee=row["cum_fee"],
        version=row["version"],
        passed=row["passed"],
        sent=row["sent"],
        on_its_way=_on_its_way(row),
        stop=_stop(row),
    )


def _on_its_way(row: asyncpg.Record) -> Slice | None:
    if row["slice_place"] is None:
        return None
    return Slice(row["slice_place"], row["slice_quantity"], row["slice_valid_until_ns"])


def _stop(row: asyncpg.Record) -> Stop | None:
    reason = EndReason(row["stop_reason"])
    return Stop(reason, row["stop_asked_by"], EngineSeq(row["stop_engine_seq"])) if reason else None


def _asked(twap: NewTwap, fingerprint: int, engine_seq: EngineSeq) -> tuple[object, ...]:
    order, terms = twap.order, twap.order.terms
    return (
        order.account_id,
        order.client_order_id,
        fingerprint,
        engine_seq,
        order.instrument.instrument_id,
        order.side,
        order.price,
        order.quantity,
        twap.schedule.duration_s,
        twap.schedule.interval_s,
        order.self_trade_prevention,
        terms.reduce_only,
        terms.tag,
        terms.session_id,
        terms.survive_disconnect,
    )


def _state(twap: Twap) -> tuple[object, ...]:
    asked, stop = twap.on_its_way, twap.stop
    return (
        twap.twap_id,
        twap.next_due_ns,
        twap.seen_seq,
        twap.status,
        twap.end_reason,
        twap.reject_reason,
        twap.cum_quantity,
        twap.prevented_quantity,
        twap.cum_notional,
        twap.cum_fee,
        twap.version,
        twap.passed,
        twap.sent,
        twap.updated_ns,
        *((asked.place, asked.quantity, asked.valid_until_ns) if asked else (None, None, None)),
        *((stop.reason, stop.asked_by, stop.engine_seq) if stop else (EndReason.NONE, "", 0)),
    )


def _slice(outcome: SliceOutcome) -> tuple[object, ...]:
    return (
        outcome.place,
        outcome.quantity,
        outcome.order_id,
        outcome.cum_quantity,
        outcome.prevented_quantity,
        outcome.cum_notional,
        outcome.cum_fee,
        outcome.reason,
    )


def _signed(unsigned: int) -> int:
    return unsigned - 2**64 if unsigned > INT64_MAX else unsigned
