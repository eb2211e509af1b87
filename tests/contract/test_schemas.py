"""Each service's committed schema is what its migrations make."""

import asyncio
from pathlib import Path

import pytest

from services.runtime import migrate, schema

SERVICES = sorted(folder.parent.name for folder in Path("services").glob("*/migrations"))


@pytest.mark.parametrize("service", SERVICES)
def test_the_committed_schema_is_what_the_migrations_make(service: str, postgres: str) -> None:
    asyncio.run(migrate.apply(postgres, migrate.folder_of(service)))
    committed = Path("services", service, "schema.sql").read_text()
    assert schema.dump(postgres) == committed, f"run: python -m services.runtime.migrate {service} --dump"
