"""Migrations against a real PostgreSQL."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from services.runtime import migrate, schema
from services.runtime.migrate import MigrationError


async def test_what_is_new_is_applied_once(postgres: str, migrations: Path) -> None:
    assert await migrate.apply(postgres, migrations) == ["0001_tables"]
    assert await migrate.apply(postgres, migrations) == []
    (migrations / "0002_more.sql").write_text("CREATE TABLE more (); SELECT 1;")
    assert await migrate.apply(postgres, migrations) == ["0002_more"]
    dumped = schema.dump(postgres)
    assert "CREATE TABLE public.outbox" in dumped
    assert "CREATE TABLE public.more" in dumped
    assert "--" not in dumped
    assert dumped == schema.dump(postgres)


async def test_a_changed_file_stops_the_run(postgres: str, migrations: Path) -> None:
    await migrate.apply(postgres, migrations)
    path = migrations / "0001_tables.sql"
    path.write_text(path.read_text() + "-- afterwards\n")
    with pytest.raises(MigrationError, match="changed after it was applied"):
        await migrate.apply(postgres, migrations)


async def test_a_database_from_the_future_stops_the_run(postgres: str, migrations: Path) -> None:
    (migrations / "0002_more.sql").write_text("SELECT 1;")
    await migrate.apply(postgres, migrations)
    (migrations / "0002_more.sql").unlink()
    with pytest.raises(MigrationError, match="newer than this code"):
        await migrate.apply(postgres, migrations)


async def test_a_failing_file_leaves_nothing_behind(postgres: str, migrations: Path) -> None:
    (migrations / "0002_more.sql").write_text("CREATE TABLE more (); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.apply(postgres, migrations)
    assert "public.more" not in schema.dump(postgres)
    (migrations / "0002_more.sql").write_text("CREATE TABLE more ();")
    assert await migrate.apply(postgres, migrations) == ["0002_more"]


async def test_runners_wait_for_each_other(postgres: str, migrations: Path) -> None:
    applied = await asyncio.gather(*(migrate.apply(postgres, migrations) for _ in range(4)))
    assert sorted(applied, reverse=True) == [["0001_tables"], [], [], []]


def test_the_command_line_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_POSTGRES_DSN", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(SystemExit, match="orders cannot be migrated"):
        migrate.main(["orders"])
    monkeypatch.delenv("EXCHANGE_POSTGRES_DSN")
    with pytest.raises(SystemExit, match="EXCHANGE_POSTGRES_DSN is missing"):
        migrate.main(["orders"])
