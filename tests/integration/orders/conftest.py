"""Gives each test of orders an engine, an empty database, and the service between them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime import migrate
from services.runtime.run import ProcessSettings, running
from tests.contract.orders.engines import CALLERS, Real, open_market, operator
from tests.fakes.auth_keys import JWKS, AuthKeys
from tests.integration.orders.parts import Parts, free_port
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


@pytest.fixture
async def parts(tmp_path: Path, postgres: str, redis_url: str) -> AsyncIterator[Parts]:
    """Give the engine and the gateway as processes, with a listed instrument and two funded accounts."""
    await migrate.apply(postgres, migrate.folder_of("orders"))
    mesh = Mesh(tmp_path, CALLERS | {"orders": {**CALLERS["orders"], "methods": [*CALLERS["orders"]["methods"], JWKS]}})
    venue = Venue(mesh, Real(mesh, tmp_path / "engine"), postgres, redis_url)
    await venue.start_engine()
    async with operator(mesh, venue.engine_port) as channel:
        await open_market(channel)
    await venue.stop_engine()
    own = ProcessSettings(**mesh.process("auth"))
    async with (
        running("auth", own, AuthKeys(mesh).build) as keys,
        Parts(venue, free_port(), keys.server.port).up() as up,
    ):
        yield up
