"""Gives each test of order entry the process that serves it, beside the one that answers single calls."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.orders.venue import Orders, Venue


@pytest.fixture
async def orders(venue: Venue) -> AsyncIterator[Orders]:
    """Give the running services."""
    async with venue.orders(entry={}) as running:
        yield running
