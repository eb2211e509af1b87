"""A database with the tables that services share, and an engine whose events the test writes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime import migrate
from services.runtime.postgres import Pool
from services.runtime.postgres import connect as open_pool

TABLES = """\
\\ir {sql}/outbox.sql
\\ir {sql}/consumer_position.sql
CREATE TABLE effect (engine_seq bigint NOT NULL, CONSTRAINT effect_pk PRIMARY KEY (engine_seq));
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Give a folder of migrations with the shared tables and one for effects."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_tables.sql").write_text(TABLES.format(sql=migrate.SERVICES / "runtime" / "sql"))
    return folder


@pytest.fixture
async def pool(postgres: str, migrations: Path) -> AsyncIterator[Pool]:
    """Give a pool on a migrated database."""
    await migrate.apply(postgres, migrations)
    async with open_pool(postgres) as opened:
        yield opened
