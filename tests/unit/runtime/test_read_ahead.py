"""Reading ahead: all that is there at once, in order, never more than the capacity, and the end after the items."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.runtime.read_ahead import read_ahead


async def numbers(count: int, *, then: Exception | None = None) -> AsyncIterator[int]:
    for number in range(count):
        yield number
    if then:
        raise then


async def test_items_come_in_order_and_bounded() -> None:
    taken: list[int] = []
    async with read_ahead(numbers(100), capacity=7) as ahead:
        while len(taken) < 100:
            batch = await ahead.take()
            assert 1 <= len(batch) <= 7
            taken += batch
        with pytest.raises(EOFError):
            await ahead.take()
    assert taken == list(range(100))


async def test_what_ended_the_source_comes_after_its_items() -> None:
    async with read_ahead(numbers(1, then=LookupError("cut")), capacity=9) as ahead:
        assert await ahead.take() == [0]
        with pytest.raises(LookupError):
            await ahead.take()


async def test_leaving_stops_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    source = endless()
    async with read_ahead(source, capacity=2) as ahead:
        assert await ahead.take() == [1]
    assert closed.is_set()
