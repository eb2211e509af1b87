"""Gives each test of auth an empty database, an empty Redis and the vault of the session."""

import asyncio
from pathlib import Path

import pytest

from services.runtime import migrate
from tests.integration.auth.site import Site
from tests.servers import Vault


@pytest.fixture
def site(tmp_path: Path, postgres: str, redis_url: str, vault: Vault) -> Site:
    asyncio.run(migrate.apply(postgres, migrate.folder_of("auth")))
    role = vault.approle("auth")
    return Site(tmp_path, postgres, redis_url, vault.url, role.role_id, role.secret_id)
