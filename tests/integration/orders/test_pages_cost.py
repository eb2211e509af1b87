"""A page costs the same in a history of any length: the plans of its statements read an index, and stop."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.kernel.money import INT64_MAX
from services.orders.history_lists import OPEN_ORDERS, ORDERS, SETTINGS, TRADES, TRADES_OF_ORDER, Listed
from services.orders.partitions import ensure_partitions
from services.runtime import migrate
from tests.unit.orders.samples import ALICE, BOB

FIRST_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
MONTH_NS = 28 * 86_400 * 10**9
STEP_NS = MONTH_NS // 10_000
LOOK_AT, LIMIT = 500, 100
MOST_READ = 2 * LOOK_AT

ORDERS_OF_THREE_MONTHS = """
    INSERT INTO account_order (
        order_id, account_id, client_order_id, instrument_id, side, type, time_in_force, post_only,
        self_trade_prevention, price, quantity, quote_budget, cum_quantity, leaves_quantity, prevented_quantity,
        cancelled_quantity, cum_notional, cum_fee, status, end_reason, reject_reason, version, accepted_time_ns,
        updated_time_ns)
    SELECT n, $1 + n % 2, 'c' || n, 7, 1, 1, 1, false, 1, 100, 5, 0, 5, 0, 0, 0, 500, 1,
           CASE WHEN n % 500 < 2 THEN 1 ELSE 3 END, 0, '', 2, $2 + n * $3::bigint, $2 + n * $3::bigint
      FROM generate_series(1, 30000) n
"""
FILLS_OF_THREE_MONTHS = """
    INSERT INTO account_fill (
        order_id, trade_id, price, quantity, notional, fee, liquidity, engine_time_ns, shard, epoch, engine_seq,
        event_index, account_id, instrument_id, side, order_accepted_time_ns)
    SELECT CASE WHEN n % 3 = 0 THEN n ELSE 2 - n % 2 END, n, 100, 5, 500, 1, 2, $2 + n * $3::bigint, 0, 1, n, 0,
           $1 + n % 2, 7, 1, $2 + (CASE WHEN n % 3 = 0 THEN n ELSE 2 - n % 2 END) * $3::bigint
      FROM generate_series(1, 30000) n
"""


@dataclass(frozen=True)
class Page:
    """A way to list, with the arguments that say where, and which."""

    listed: Listed
    where: tuple[Any, ...]
    which: tuple[Any, ...]
    index: str


END = FIRST_NS + 2 * MONTH_NS
NEWEST, MIDDLE = (INT64_MAX, INT64_MAX), (END, 20_000)
NO_LIMITS = (None, None, None, None, None)
EVENT = (2**31 - 1, INT64_MAX, INT64_MAX, INT64_MAX)
EVER = (ALICE, 0, INT64_MAX)
BY_TIME, BY_NUMBER, BY_EVENT, OF_ORDER = "accepted_time_ns", "account_id_order_id", "account_id_engine_time_ns", "_pkey"
OPEN_ONLY, NONE_IS, OF_NO_INSTRUMENT = (None, [1], None, None, None), (None, [5], None, None, None), ("X", None)
PAGES = {
    "orders": Page(ORDERS, (*EVER, *NEWEST), NO_LIMITS, BY_TIME),
    "orders from the middle": Page(ORDERS, (*EVER, *MIDDLE), NO_LIMITS, BY_TIME),
    "orders of a time": Page(ORDERS, (ALICE, FIRST_NS, END, *NEWEST), NO_LIMITS, BY_TIME),
    "orders that none are": Page(ORDERS, (*EVER, *NEWEST), NONE_IS, BY_TIME),
    "open orders": Page(OPEN_ORDERS, (*EVER, *NEWEST), OPEN_ONLY, BY_NUMBER),
    "trades": Page(TRADES, (*EVER, INT64_MAX, *EVENT), (None, None), BY_EVENT),
    "trades from the middle": Page(TRADES, (*EVER, END, *EVENT), (None, None), BY_EVENT),
    "trades of a time": Page(TRADES, (ALICE, FIRST_NS, END, INT64_MAX, *EVENT), (None, None), BY_EVENT),
    "trades that none are": Page(TRADES, (*EVER, INT64_MAX, *EVENT), OF_NO_INSTRUMENT, BY_EVENT),
    "trades of an order": Page(TRADES_OF_ORDER, (*EVER, 2, INT64_MAX), (None, None), OF_ORDER),
}


@pytest.fixture
async def tables(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """Give three months of two accounts, of which half the fills are of one order each."""
    await migrate.apply(postgres, migrate.folder_of("orders"))
    connection = await asyncpg.connect(postgres)
    await connection.execute("INSERT INTO instrument VALUES (7, 'BTC-KK99', 2, 4, 6)")
    for table in ("account_order", "account_fill"):
        await ensure_partitions(connection, table, FIRST_NS, FIRST_NS + 30_000 * STEP_NS)
    await connection.execute(ORDERS_OF_THREE_MONTHS, ALICE, FIRST_NS, STEP_NS)
    await connection.execute(FILLS_OF_THREE_MONTHS, ALICE, FIRST_NS, STEP_NS)
    await connection.execute("ANALYZE")
    yield connection
    await connection.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def literal(value: object) -> str:
    if isinstance(value, list):
        return f"'{{{','.join(map(str, value))}}}'"
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(int(str(value)))


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_an_index_and_stops(tables: asyncpg.Connection, mode: str) -> None:
    assert BOB == ALICE + 1
    await tables.execute(f"SET plan_cache_mode = {mode}; SET jit = off; {SETTINGS.replace('LOCAL', 'SESSION')}")
    for number, (name, page) in enumerate(PAGES.items()):
        statements = {
            "page": (page.listed.page(LOOK_AT), (*page.where, *page.which, LIMIT + 1)),
            "last": (page.listed.last_looked_at(LOOK_AT), page.where),
        }
        for kind, (sql, arguments) in statements.items():
            prepared = f"{kind}_{number}"
            await tables.execute(f"PREPARE {prepared} AS {sql}")
            values = ", ".join(map(literal, arguments))
            told = await tables.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {prepared}({values})")
            check(json.loads(told)[0]["Plan"], page, f"{name}, {kind}")


def check(plan: dict[str, Any], page: Page, name: str) -> None:
    """Require that all reading of the big tables is by index, that no more is read than a page may, or sorted."""
    big = [node for node in nodes(plan) if str(node.get("Relation Name", "")).startswith("account_")]
    assert big, name
    assert {node["Node Type"] for node in big} <= {"Index Scan", "Index Only Scan"}, name
    read = sum(node["Actual Rows"] * node["Actual Loops"] for node in big)
    filtered = sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in big)
    assert read + filtered <= MOST_READ, (name, read, filtered)
    listed = [node for node in big if node.get("Alias", "").startswith("r") and node["Actual Loops"]]
    assert all(page.index in node["Index Name"] for node in listed), (name, {node["Index Name"] for node in listed})
    sorts = [node for node in nodes(plan) if node["Node Type"] in ("Sort", "Incremental Sort")]
    assert all(node["Actual Rows"] <= LIMIT + 1 for node in sorts), name
