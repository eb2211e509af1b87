"""Months: a table of the history has a partition for each, by engine time, made when something of it is written.

A partition is made beside its table and then attached, which keeps nobody out. Old ones stay: ids are found for good.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.runtime.postgres import Connection

_NS_PER_S = 1_000_000_000

Month = tuple[int, int]
"""Year, and month from 1."""


async def ensure_partitions(connection: Connection, table: str, first_ns: int, last_ns: int) -> None:
    """Make what is missing of the partitions of `table` from one time to another; one writer at a time."""
    for month in months(first_ns, last_ns):
        name = f"{table}_{month[0]:04}_{month[1]:02}"
        if await connection.fetchval("SELECT to_regclass($1)", name) is None:
            await _make(connection, table, name, month)


def months(first_ns: int, last_ns: int) -> Iterator[Month]:
    """Yield the months from that of one time to that of another, in UTC."""
    month, last = _month_of(first_ns), _month_of(last_ns)
    while month <= last:
        yield month
        month = _after(month)


async def _make(connection: Connection, table: str, name: str, month: Month) -> None:
    begin, end = _begin_ns(month), _begin_ns(_after(month))
    await connection.execute(
        f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    )
    await connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})")


def _month_of(time_ns: int) -> Month:
    time = datetime.fromtimestamp(time_ns // _NS_PER_S, UTC)
    return time.year, time.month


def _after(month: Month) -> Month:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def _begin_ns(month: Month) -> int:
    return int(datetime(*month, 1, tzinfo=UTC).timestamp()) * _NS_PER_S
