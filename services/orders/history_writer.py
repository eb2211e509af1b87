"""Writes what the engine's events changed into the history, set by set, in the transaction that stores the position.

1. An order that was entered is added; one that changed is found by its key and written as its last event left it,
   unless the history has a later version.
2. Fills, busts and private events are only ever added: writing one twice is an error, not a second row.
3. The rows come ready from C++ (`_history`), and PostgreSQL takes them by COPY: nothing here looks at a single one.
4. No commit waits for the disk: position and effect are one, so what a crash of the server takes is read again.
"""

from datetime import timedelta
from io import BytesIO
from typing import Any

from services.orders import _history, instrument_rows
from services.orders.consumer import Rows, Table
from services.orders.partitions import ensure_partitions
from services.runtime.postgres import Connection

_SETTINGS = """
    SET LOCAL synchronous_commit = off;
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
"""
"""Each changed order is found by its key: the planner, which has not seen what came last, might read them all."""

_KEY = ("account_id", "order_id", "accepted_time_ns")
_CHANGES = [name for name in _history.CHANGED_COLUMNS if name not in _KEY]

_MAKE_CHANGED = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS changed_order ON COMMIT DELETE ROWS AS
    SELECT {", ".join(_history.CHANGED_COLUMNS)} FROM account_order WITH NO DATA
"""  # noqa: S608 - names of columns

_UPDATE_CHANGED = f"""
    UPDATE account_order o
       SET {", ".join(f"{name} = c.{name}" for name in _CHANGES)}
      FROM changed_order c
     WHERE {" AND ".join(f"o.{name} = c.{name}" for name in _KEY)} AND o.version < c.version
"""  # noqa: S608 - names of columns

_HAS_UNOWNED = "SELECT EXISTS (SELECT FROM account_fill WHERE account_id IS NULL)"

_ADOPT = """
    UPDATE account_fill f
       SET account_id = o.account_id, instrument_id = o.instrument_id, side = o.side,
           order_accepted_time_ns = o.accepted_time_ns
      FROM account_order o
     WHERE f.account_id IS NULL AND o.order_id = f.order_id
"""

_ADOPT_LIMIT = timedelta(minutes=5)
"""How long that may take: it reads all orders, once, after a writer of the release before has gone."""


async def write(connection: Connection, rows: Rows) -> None:
    """Write what a run of events changed, in the transaction that `connection` is in."""
    await connection.execute(_SETTINGS)
    await instrument_rows.know(connection, [(each.instrument_id, each.scales) for each in rows.instruments])
    await _add(connection, "account_order", rows.entered, _history.ENTERED_COLUMNS)
    await _change(connection, rows.changed)
    await _add(connection, "account_fill", rows.fills, _history.FILL_COLUMNS)
    await _add(connection, "account_events", rows.runs, _history.RUN_COLUMNS)
    if rows.busts.rows:
        await _copy(connection, "trade_bust", rows.busts, _history.BUST_COLUMNS)
    await _adopt(connection)


async def _add(connection: Connection, name: str, table: Table, columns: list[str]) -> None:
    if table.rows:
        await ensure_partitions(connection, name, table.first_time_ns, table.last_time_ns)
        await _copy(connection, name, table, columns)


async def _change(connection: Connection, table: Table) -> None:
    if table.rows:
        await connection.execute(_MAKE_CHANGED)
        await _copy(connection, "changed_order", table, _history.CHANGED_COLUMNS)
        await connection.execute(_UPDATE_CHANGED)


async def _adopt(connection: Connection) -> None:
    """Give fills without an account theirs: a writer of the release before does not say whose they are."""
    if await connection.fetchval(_HAS_UNOWNED):
        await connection.execute("SET LOCAL enable_hashjoin = on")
        await connection.execute(_ADOPT, timeout=_ADOPT_LIMIT.total_seconds())


async def _copy(connection: Any, name: str, table: Table, columns: list[str]) -> None:
    await connection.copy_to_table(name, source=BytesIO(table.copy), columns=columns, format="binary")
