"""What is asked about open TWAPs costs the same however many have ended: the plans read the indexes of open ones."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.kernel.money import INT64_MAX
from services.orders.twap_store import COUNT_OF_ACCOUNT, LIST_OPEN, MATCHING
from services.runtime import migrate
from tests.integration.orders.test_pages_cost import literal, nodes
from tests.unit.orders.samples import ALICE, BOB

ENDED, OPEN, STOPPED_TOGETHER, MASS_CANCEL = 20_000, 40, 20, 77
MOST_READ = OPEN + STOPPED_TOGETHER

MANY_ENDED = """
    INSERT INTO twap (
        account_id, client_order_id, fingerprint, engine_seq, instrument_id, side, price, quantity, duration_s,
        interval_s, self_trade_prevention, reduce_only, tag, session_id, survive_disconnect, start_ns, due_ns, seen_seq,
        status, end_reason, reject_reason, cum_quantity, prevented_quantity, cum_notional, cum_fee, version, passed,
        sent, updated_ns, stop_reason, stop_asked_by, stop_engine_seq)
    SELECT $1, 't' || n, 1, 5, 7, 1, 100, 10, 300, 30, 1, false, 0, 0, false, n, n, 0,
           CASE WHEN n % ($2 / $3) = 0 THEN 1 ELSE 4 END, 0, '', 0, 0, 0, 0, 1, 0, 0, n,
           CASE WHEN n % ($2 / $3) = 0 THEN 0 ELSE 2 END, '',
           CASE WHEN n % ($2 / $4) = 1 THEN $5 WHEN n % 3 = 0 THEN 1000 + n ELSE 0 END
      FROM generate_series(1, $2::integer) n
"""

ANY = (None,) * 4
ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "how many are open": (COUNT_OF_ACCOUNT, (ALICE,)),
    "what a mass cancel meets": (MATCHING, (ALICE, MASS_CANCEL, *ANY)),
    "those that are open": (
        LIST_OPEN,
        (ALICE, 0, INT64_MAX, INT64_MAX, INT64_MAX, None, [1, 2], None, None, None, 500),
    ),
}


@pytest.fixture
async def table(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """Give an account with few open TWAPs, some that one mass cancel ended, and many that ended; another's are open."""
    await migrate.apply(postgres, migrate.folder_of("orders"))
    connection = await asyncpg.connect(postgres)
    await connection.execute("INSERT INTO instrument VALUES (7, 'BTC-KK99', 2, 4, 6)")
    await connection.execute(MANY_ENDED, ALICE, ENDED, OPEN, STOPPED_TOGETHER, MASS_CANCEL)
    await connection.execute(MANY_ENDED, BOB, ENDED, ENDED, STOPPED_TOGETHER, MASS_CANCEL + 1)
    await connection.execute("ANALYZE")
    yield connection
    await connection.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_only_open_ones_and_those_that_are_meant_are_read(table: asyncpg.Connection, mode: str) -> None:
    await table.execute(f"SET plan_cache_mode = {mode}; SET jit = off")
    for number, (name, (sql, arguments)) in enumerate(ASKED.items()):
        await table.execute(f"PREPARE asked_{number} AS {sql}")
        values = ", ".join(map(literal, arguments))
        told = await table.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked_{number}({values})")
        check(json.loads(told)[0]["Plan"], name)


def check(plan: dict[str, Any], name: str) -> None:
    """Require that what is read of the table is what is asked for, and found by an index of such."""
    read = [node for node in nodes(plan) if node.get("Relation Name") == "twap"]
    assert read, name
    indexes = {node["Index Name"] for node in nodes(plan) if "Index Name" in node} - {"instrument_pk"}
    assert indexes <= {"twap_open_ix", "twap_stopped_ix"}, (name, indexes)
    rows = sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read)
    assert OPEN <= rows <= MOST_READ, (name, rows)
