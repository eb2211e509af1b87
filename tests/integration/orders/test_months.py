"""What the tables of the release before hold is found by month, and the writer goes on where it stood."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import ClientOrderId, OrderId
from services.orders.app import PROJECTION
from services.orders.consumer import rows_of
from services.orders.history_writer import write
from services.orders.model.history import TradeFilter, TradeQuery
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


OF_AN_OLDER_WRITER = """
    INSERT INTO account_fill (
        order_id, trade_id, price, quantity, notional, fee, liquidity, engine_time_ns, shard, epoch, engine_seq,
        event_index)
    SELECT order_id, 10, price, quantity, notional, fee, liquidity, engine_time_ns, shard, epoch, engine_seq + 100,
           event_index
      FROM account_fill
"""
NOTHING = EventBlock(engine_seq=300, engine_time_ns=1)


async def test_fills_of_releases_before_are_listed_once_their_owner_is_known(tmp_path: Path, postgres: str) -> None:
    await migrate_to(postgres, tmp_path, 4)
    tables = await asyncpg.connect(postgres)
    await tables.execute(BEFORE)
    await tables.execute(ORDER, 1, ALICE, "old1", int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 10**9)
    await tables.execute(FILL, 1)
    await migrate_to(postgres, tmp_path, 6)
    assert await traded(postgres) == [("old1", 9, "0:1:1:0")]
    await tables.execute(OF_AN_OLDER_WRITER)
    async with tables.transaction():
        await write(tables, rows_of(0, 1, [NOTHING]))
    assert await traded(postgres) == [("old1", 10, "0:1:101:0"), ("old1", 9, "0:1:1:0")]
    await tables.close()


async def traded(dsn: str) -> list[tuple[str, int, str]]:
    async def nothing_to_wait_for(engine_seq: int, limit: timedelta) -> bool:
        return True

    async with postgres.connect(dsn) as pool:
        store = OrderStore(pool, nothing_to_wait_for, timedelta(0))
        part = await store.trades(TradeQuery(TradeFilter(ALICE), after=None, limit=10))
        return [(trade.client_order_id, trade.fill.trade_id, str(trade.event)) for trade in part.items]
