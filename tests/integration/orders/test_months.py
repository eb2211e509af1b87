"""What the tables of the release before hold is found by month, and the writer goes on where it stood."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from services.kernel.ids import ClientOrderId, OrderId
from services.orders.app import PROJECTION
from services.orders.store import OrderStore
from services.runtime import migrate, postgres
from tests.unit.orders.samples import ALICE

SERVICES = Path("services")
BEFORE = """
    INSERT INTO instrument VALUES (7, 'BTC-KK99', 2, 4, 6);
    INSERT INTO consumer_position VALUES ('orders.history', 0, 1, 77, 3);
"""
ORDER = """
    INSERT INTO order_record (
        order_id, account_id, client_order_id, instrument_id, side, type, time_in_force, post_only,
        self_trade_prevention, price, quantity, quote_budget, cum_quantity, leaves_quantity, prevented_quantity,
        cancelled_quantity, cum_notional, cum_fee, status, end_reason, reject_reason, version, accepted_time_ns,
        updated_time_ns)
    VALUES ($1, $2, $3, 7, 1, 1, 1, false, 1, 100, 5, 0, 5, 0, 0, 0, 500, 1, 3, 0, '', 2, $4, $4)
"""
FILL = "INSERT INTO fill VALUES ($1, 9, 100, 5, 500, 1, 2, 0, 1, $1, 0)"


async def migrate_to(dsn: str, folder: Path, last: int) -> None:
    """Apply the migrations up to that number."""
    migrations = folder / "orders" / "migrations"
    shutil.copytree(SERVICES / "runtime" / "sql", folder / "runtime" / "sql", dirs_exist_ok=True)
    migrations.mkdir(parents=True, exist_ok=True)
    for file in (SERVICES / "orders" / "migrations").iterdir():
        if int(file.name[:4]) <= last:
            shutil.copy(file, migrations)
    await migrate.apply(dsn, migrations)


async def test_orders_of_the_release_before_lie_in_their_months(tmp_path: Path, postgres: str) -> None:
    await migrate_to(postgres, tmp_path, 4)
    tables = await asyncpg.connect(postgres)
    await tables.execute(BEFORE)
    for number, month in enumerate(
        [datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)], 1
    ):
        await tables.execute(ORDER, number, ALICE, f"old{number}", int(month.timestamp()) * 10**9)
        await tables.execute(FILL, number)
    await migrate_to(postgres, tmp_path, 5)
    names = await tables.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent::regclass::text = 'account_order'"
    )
    assert {row["name"] for row in names} == {"account_order_2025_12", "account_order_2026_03"}
    assert await tables.fetchval("SELECT engine_seq FROM consumer_position WHERE consumer = $1", PROJECTION) == 77
    await tables.close()
    await assert_found(postgres)


async def assert_found(dsn: str) -> None:
    async def nothing_to_wait_for(engine_seq: int, limit: timedelta) -> bool:
        return True

    async with postgres.connect(dsn) as pool:
        store = OrderStore(pool, nothing_to_wait_for, timedelta(0))
        for number in (1, 2):
            told = await store.find(ALICE, ClientOrderId(f"old{number}"))
            assert told is not None
            assert (told.order.order_id, [fill.trade_id for fill in told.fills]) == (number, [9])
            assert told == await store.find(ALICE, OrderId(number))
