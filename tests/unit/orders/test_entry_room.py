"""Who waits for room gets it in turn, and what is taken comes back."""

import asyncio

import pytest

from services.orders.entry.room import Room


async def begun(room: Room, count: int) -> asyncio.Task[None]:
    """Begin to take, and let it come as far as it can."""
    taking = asyncio.create_task(room.take(count))
    await asyncio.wait([taking], timeout=0)
    return taking


async def test_what_is_free_is_taken_at_once() -> None:
    room = Room(10)
    await room.take(10)
    assert room.taken_bytes == 10
    room.give_back(10)
    assert room.taken_bytes == 0


async def test_those_who_wait_have_their_turn() -> None:
    room = Room(10)
    await room.take(8)
    large, small = await begun(room, 6), await begun(room, 1)
    assert not large.done()
    assert not small.done()
    room.give_back(8)
    await asyncio.gather(large, small)
    assert room.taken_bytes == 7


async def test_one_who_gives_up_waiting_takes_nothing() -> None:
    room = Room(10)
    await room.take(10)
    waiting, next_one = await begun(room, 10), await begun(room, 5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    room.give_back(10)
    await next_one
    assert room.taken_bytes == 5


async def test_one_who_gives_up_as_its_turn_comes_gives_it_back() -> None:
    room = Room(10)
    await room.take(10)
    waiting = await begun(room, 10)
    room.give_back(10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert room.taken_bytes == 0
