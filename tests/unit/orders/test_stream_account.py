"""What a subscriber of an account is told: each event once, in order, from wherever it stands, with no silent gap."""

import asyncio
from datetime import timedelta

import pytest

from services.kernel.refusal import LimitExceeded, RelayedRefusal, Unavailable
from services.orders.errors import HistoryBegins, ResumeUnknown, SlowConsumer
from services.orders.usecases.recent_events import EVENTS_PER_ACCOUNT, OutOfStep
from services.orders.usecases.stream_account import MAX_EVENTS
from tests.unit.orders.account_desk import EPOCH, Desk, private_event
from tests.unit.orders.samples import ALICE, BOB, STRANGER

SECOND = timedelta(seconds=1)


async def test_it_begins_with_a_snapshot_and_a_heartbeat_at_once() -> None:
    desk = Desk()
    desk.happen(3)
    async with desk.stream() as reader:
        begin = await reader.next()
        kinds = await reader.kinds(2)
        heartbeat = await reader.next()
    assert (begin.epoch, begin.account_seq, begin.snapshot_begin.as_of_seq) == (EPOCH, 3, 3)
    assert kinds == ["snapshot_part", "snapshot_end"]
    assert (heartbeat.account_seq, heartbeat.heartbeat.current_seq) == (3, 3)


async def test_events_follow_the_snapshot_without_a_gap() -> None:
    desk = Desk()
    desk.happen(2)
    async with desk.stream() as reader:
        await reader.kinds(4)
        desk.happen(3)
        desk.happen(account_id=BOB)
        desk.happen()
        await reader.until(6)
    assert reader.seqs == [3, 4, 5, 6]


async def test_an_account_without_events_begins_at_zero() -> None:
    desk = Desk()
    async with desk.stream(resume=0) as reader:
        assert (await reader.next()).heartbeat.current_seq == 0
        desk.happen()
        await reader.until(1)
    assert reader.seqs == [1]


async def test_what_is_recent_needs_no_history() -> None:
    desk = Desk()
    desk.history.reachable = False
    desk.happen(2 * MAX_EVENTS)
    async with desk.stream(resume=7) as reader:
        heartbeat = await reader.next()
        await reader.until(2 * MAX_EVENTS)
    assert (heartbeat.account_seq, heartbeat.heartbeat.current_seq) == (7, 2 * MAX_EVENTS)
    assert reader.seqs == list(range(8, 2 * MAX_EVENTS + 1))


async def test_what_is_older_comes_from_the_history_and_then_from_the_feed() -> None:
    desk = Desk()
    desk.happen(2 * MAX_EVENTS + 5)
    desk.write_down()
    desk.restart()
    desk.happen(5)
    async with desk.stream(resume=0) as reader:
        await reader.until(2 * MAX_EVENTS + 10)
    assert reader.seqs == list(range(1, 2 * MAX_EVENTS + 11))


async def test_a_history_that_is_behind_is_waited_for_and_then_said() -> None:
    desk = Desk()
    desk.happen(5)
    desk.restart()
    async with desk.stream(resume=2) as reader:
        await reader.next()
        with pytest.raises(Unavailable):
            await reader.next()
    desk.write_down()
    async with desk.stream(resume=2) as reader:
        await reader.until(5)
    assert reader.seqs == [3, 4, 5]


async def test_a_history_that_begins_later_is_no_place_to_resume_from() -> None:
    desk = Desk()
    desk.states.accounts[ALICE] = 40
    desk.happen(2)
    desk.write_down()
    desk.restart()
    async with desk.stream(resume=39) as reader:
        await reader.next()
        with pytest.raises(HistoryBegins) as refusal:
            await reader.next()
    assert refusal.value.metadata["first_seq"] == "41"


@pytest.mark.parametrize(("resume", "epoch"), [(4, EPOCH), (3, EPOCH + 1), (0, 0)])
async def test_a_place_ahead_or_of_another_epoch_is_refused(resume: int, epoch: int) -> None:
    desk = Desk()
    desk.happen(3)
    async with desk.stream(resume=resume, epoch=epoch) as reader:
        with pytest.raises(ResumeUnknown):
            await reader.next()


async def test_an_unknown_account_is_refused() -> None:
    async with Desk().stream(STRANGER) as reader:
        with pytest.raises(RelayedRefusal):
            await reader.next()


async def test_silence_is_filled_with_heartbeats_while_the_engine_is_followed() -> None:
    desk = Desk()
    async with desk.stream(resume=0) as reader:
        await reader.next()
        waiting = asyncio.ensure_future(reader.next())
        for beats in (timedelta(milliseconds=999), timedelta(milliseconds=1)):
            await asyncio.sleep(0)
            assert not waiting.done()
            desk.clock.advance(beats)
            desk.feed.beat()
        assert (await waiting).WhichOneof("message") == "heartbeat"
        desk.feed.lose()
        waiting = asyncio.ensure_future(reader.next())
        desk.clock.advance(SECOND)
        desk.feed.beat()
        await asyncio.sleep(0)
        assert not waiting.done()
        desk.happen()
        assert (await waiting).account_seq == 1


async def test_a_reader_that_falls_behind_what_is_kept_is_told_so() -> None:
    desk = Desk(max_bytes=1 << 30)
    async with desk.stream(resume=0) as reader:
        await reader.next()
        desk.happen()
        await reader.until(1)
        desk.happen(EVENTS_PER_ACCOUNT + 1)
        with pytest.raises(SlowConsumer) as refusal:
            await reader.next()
    assert refusal.value.metadata == {"account_id": str(ALICE), "last_seq": "1"}
    assert desk.feed.slow_consumers == 1
    desk.write_down()
    async with desk.stream(resume=1) as reader:
        await reader.until(EVENTS_PER_ACCOUNT + 2)
    assert reader.seqs == list(range(2, EVENTS_PER_ACCOUNT + 3))


async def test_a_void_feed_ends_every_stream() -> None:
    desk = Desk()
    async with desk.stream(resume=0) as reader:
        await reader.next()
        desk.feed.void()
        with pytest.raises(Unavailable):
            await reader.next()
    async with desk.stream() as reader:
        with pytest.raises(Unavailable):
            await reader.next()


async def test_there_are_only_so_many_places() -> None:
    desk = Desk(max_subscribers=1)
    async with desk.stream() as reader:
        await reader.next()
        async with desk.stream() as other:
            with pytest.raises(LimitExceeded):
                await other.next()
    assert desk.feed.subscribers == 0
    async with desk.stream() as reader:
        await reader.next()


def test_a_hole_in_the_engine_s_order_is_out_of_step() -> None:
    desk = Desk()
    desk.happen(2)
    with pytest.raises(OutOfStep):
        desk.feed.take(4, [])
    with pytest.raises(OutOfStep):
        desk.feed.take(3, [private_event(4)])
    desk.feed.take(2, [private_event(9)])  # has come before: ignored
    assert desk.feed.engine_seq == 2
