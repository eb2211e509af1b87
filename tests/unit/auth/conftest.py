"""Gives each test a world of its own."""

from collections.abc import AsyncIterator

import pytest

from services.auth.hasher import hashing_pool
from tests.unit.auth.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with hashing_pool() as pool:
        yield World(pool)
