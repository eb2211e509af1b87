"""A follower that asks for a pause is told of what happens meanwhile in one response."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.engine.v1.command_pb2 import Command, OpenAccount
from exchange.engine.v1.engine_service_pb2 import EventsResponse, SubmitRequest
from services.engine import _core
from services.engine.model import Place
from services.engine.store import LocalShard, open_shard
from services.engine.usecases.follow import Follow, Manner
from services.kernel.clock import ManualClock

PAUSE = timedelta(milliseconds=20)
BEGINNING = Place(0, 0, 0)
EVERY_KIND = 0b1111_1110


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[LocalShard]:
    """An engine that has done nothing."""
    async with open_shard(lambda: _core.Engine(folder=str(tmp_path), journal_segment_bytes=1 << 16)) as (shard, _):
        yield shard


async def open_account(shard: LocalShard, number: int) -> None:
    batch = SubmitRequest(commands=[Command(open_account=OpenAccount(account_id=number))])
    await shard.apply(batch.SerializeToString(), 1_700_000_000_000_000_000, EVERY_KIND).durable
    assert await shard.published_beyond(number - 1, timedelta(seconds=30))


def told(response: bytes) -> list[int]:
    return [block.engine_seq for block in EventsResponse.FromString(response).blocks]


async def test_what_happens_in_a_pause_comes_in_one_response(shard: LocalShard) -> None:
    clock = ManualClock()
    responses = Follow(shard, 0, 1, clock).after(BEGINNING, Manner(pause=PAUSE))
    await open_account(shard, 1)
    assert told(await anext(responses)) == [1]
    following = asyncio.ensure_future(anext(responses))
    await open_account(shard, 2)
    await open_account(shard, 3)
    assert (clock.sleepers, following.done()) == (1, False)
    clock.advance(PAUSE)
    assert told(await following) == [2, 3]
    await responses.aclose()


async def test_who_is_behind_is_told_without_a_pause(shard: LocalShard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.engine.usecases.follow.RESPONSE_BYTES", 1)
    for number in (1, 2):
        await open_account(shard, number)
    responses = Follow(shard, 0, 1, ManualClock()).after(BEGINNING, Manner(pause=PAUSE))
    assert [told(await anext(responses)) for _ in range(2)] == [[1], [2]]
    await responses.aclose()


async def test_without_a_pause_all_is_told_at_once(shard: LocalShard) -> None:
    responses = Follow(shard, 0, 1, ManualClock()).after(BEGINNING)
    for number in (1, 2):
        await open_account(shard, number)
        assert told(await anext(responses)) == [number]
    await responses.aclose()
