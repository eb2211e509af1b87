"""Gives each test a world of its own."""

from collections.abc import Iterator

import pytest

from services.auth.hasher import hashing_pool
from tests.unit.auth.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with hashing_pool() as pool:
        yield World(pool)
