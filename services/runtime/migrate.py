r"""Migrations: plain SQL files, forward only, each in its own transaction.

`services/<name>/migrations/NNNN_what.sql`, numbered from 0001 without gaps. A line `\ir path` takes in another file,
relative to the one it stands in, as psql does: tables that several services share are written once. What was applied
stands in `schema_migrations` with a checksum; a file that changed afterwards stops the run. One runner at a time.

    python -m services.runtime.migrate <service>         applies what is new to EXCHANGE_POSTGRES_DSN
    python -m services.runtime.migrate <service> --dump  writes services/<service>/schema.sql from that database
"""

import argparse
import asyncio
import hashlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.runtime import schema, settings

LOCK_KEY = 0x6D696772  # "migr"
SERVICES = Path(__file__).resolve().parent.parent

_NAME = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")
_INCLUDE = re.compile(r"^\\ir (\S+)$", re.MULTILINE)

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schema_migrations_pk PRIMARY KEY (version)
)
"""


class MigrationError(Exception):
    """The files and the database do not fit together; the message says how."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its SQL with all that it includes."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 over the SQL, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class MigrationSettings:
    """Where to migrate."""

    postgres_dsn: str


def folder_of(service: str) -> Path:
    """Return where a service keeps its migrations."""
    return SERVICES / service / "migrations"


async def apply(dsn: str, folder: Path) -> list[str]:
    """Apply what is new in `folder`, and return the names; raises `MigrationError`, or what PostgreSQL refuses."""
    migrations = read(folder)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(_TABLE)
        applied = await connection.fetch("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        new = _new(migrations, applied)
        for migration in new:
            await _apply_one(connection, migration)
    finally:
        await connection.close()
    return [migration.name for migration in new]


def read(folder: Path) -> list[Migration]:
    """Read the migrations of a folder, in order; raises `MigrationError` for a gap or a strange name."""
    migrations = [_read_one(path) for path in sorted(folder.glob("*.sql"))]
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationError(f"{migration.name} stands where number {expected:04} belongs")
    return migrations


def _read_one(path: Path) -> Migration:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise MigrationError(f"{path.name} is not named like 0001_what_it_does.sql")
    return Migration(int(match.group(1)), path.stem, _expanded(path))


def _expanded(path: Path) -> str:
    return _INCLUDE.sub(lambda match: _expanded(path.parent / match.group(1)), path.read_text())


def _new(migrations: list[Migration], applied: Iterable[asyncpg.Record]) -> list[Migration]:
    known = {migration.version: migration for migration in migrations}
    done = 0
    for row in applied:
        migration = known.get(row["version"])
        if migration is None:
            raise MigrationError(f"the database has {row['name']}, which these files lack: it is newer than this code")
        if migration.checksum != row["checksum"]:
            raise MigrationError(f"{migration.name} changed after it was applied; write a new migration instead")
        done = migration.version
    return migrations[done:]


async def _apply_one(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )


def main(arguments: list[str]) -> None:
    """Run the command line; exits with one sentence on a failure."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.migrate")
    parser.add_argument("service")
    parser.add_argument("--dump", action="store_true", help="write the service's schema.sql from the database")
    chosen = parser.parse_args(arguments)
    try:
        dsn = settings.load(MigrationSettings, os.environ).postgres_dsn
        names = asyncio.run(apply(dsn, folder_of(chosen.service)))
        if chosen.dump:
            (SERVICES / chosen.service / "schema.sql").write_text(schema.dump(dsn))
    except (settings.InvalidSettings, MigrationError, asyncpg.PostgresError, OSError) as error:
        sys.exit(f"{chosen.service} cannot be migrated: {error}")
    sys.stdout.write(f"{chosen.service}: {', '.join(names) or 'nothing new'}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
