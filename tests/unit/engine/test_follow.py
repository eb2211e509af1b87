"""A follower that asks for a pause is told of what happens meanwhile in one response."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.engine.v1.admin_command_pb2 import UpdateInstrument
from exchange.engine.v1.command_pb2 import Command, CreateInstrument, OpenAccount
from exchange.engine.v1.engine_service_pb2 import EventsResponse, SubmitRequest
from exchange.engine.v1.instrument_pb2 import Instrument
from services.engine import _core
from services.engine.model import Place
from services.engine.store import LocalShard, open_shard
from services.engine.usecases.follow import Follow, Manner
from services.kernel.clock import ManualClock
from tests.unit.engine.samples import BTC_KK99

PAUSE = timedelta(milliseconds=20)
BEGINNING = Place(0, 0, 0)
EVERY_KIND = (1 << 32) - 1


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[LocalShard]:
    """An engine that has done nothing."""
    async with open_shard(lambda: _core.Engine(folder=str(tmp_path), journal_segment_bytes=1 << 16)) as (shard, _):
        yield shard


async def apply(shard: LocalShard, command: Command) -> None:
    before = shard.published_seq
    batch = SubmitRequest(commands=[command])
    await shard.apply(batch.SerializeToString(), 1_700_000_000_000_000_000, EVERY_KIND).durable
    assert await shard.published_beyond(before, timedelta(seconds=30))


async def open_account(shard: LocalShard, number: int) -> None:
    await apply(shard, Command(open_account=OpenAccount(account_id=number)))


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


async def test_who_follows_instruments_alone_hears_of_each_change_and_how_far_the_engine_is(shard: LocalShard) -> None:
    responses = Follow(shard, 0, 1, ManualClock()).after(BEGINNING, Manner(instruments_only=True))
    await apply(shard, Command(create_instrument=CreateInstrument(instrument=BTC_KK99)))
    assert told(await anext(responses)) == [1]
    for number in (1, 2):
        await open_account(shard, number)
        heard = EventsResponse.FromString(await anext(responses))
        assert (heard.durable_seq, len(heard.blocks)) == (number + 1, 0)
    changed = Instrument()
    changed.CopyFrom(BTC_KK99)
    changed.max_quantity -= 1
    await open_account(shard, 3)
    await apply(shard, Command(update_instrument=UpdateInstrument(instrument=changed)))
    heard = EventsResponse.FromString(await anext(responses))
    assert [each.instrument_updated.instrument for block in heard.blocks for each in block.events] == [changed]
    await responses.aclose()


async def test_after_a_restart_no_change_of_an_instrument_is_passed_over(tmp_path: Path) -> None:
    def engine() -> _core.Engine:
        return _core.Engine(folder=str(tmp_path), journal_segment_bytes=1 << 16)

    async with open_shard(engine) as (shard, _):
        await open_account(shard, 1)
        await apply(shard, Command(create_instrument=CreateInstrument(instrument=BTC_KK99)))
        await open_account(shard, 2)
    async with open_shard(engine) as (shard, recovery):
        assert recovery.snapshot_seq == 3
        responses = Follow(shard, 0, 1, ManualClock()).after(Place(0, 1, 1), Manner(instruments_only=True))
        assert told(await anext(responses)) == [2]
        await responses.aclose()
