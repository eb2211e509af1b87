"""Gives each test of orders an engine, an empty database, and the service between them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime import migrate
from tests.contract.orders.engines import CALLERS, Real, open_market, operator
from tests.integration.orders.venue import Orders, Venue
from tests.mesh import Mesh


@pytest.fixture
async def venue(tmp_path: Path, postgres: str, redis_url: str) -> AsyncIterator[Venue]:
    """Give a venue with a running engine, a listed instrument and two funded accounts."""
    await migrate.apply(postgres, migrate.folder_of("orders"))
    mesh = Mesh(tmp_path, CALLERS)
    venue = Venue(mesh, Real(mesh, tmp_path / "engine"), postgres, redis_url)
    await venue.start_engine()
    async with operator(mesh, venue.engine_port) as channel:
        await open_market(channel)
    yield venue
    await venue.stop_engine()


@pytest.fixture
async def orders(venue: Venue) -> AsyncIterator[Orders]:
    """Give the running service."""
    async with venue.orders() as running:
        yield running
