"""What a drop copy tells: each account of the firm as its own stream would, all in one, and nobody else's."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from services.kernel.firm import subaccount
from services.kernel.ids import AccountId
from services.kernel.refusal import RelayedRefusal, Unavailable
from services.orders.errors import HistoryBegins, ResumeUnknown, SlowConsumer
from services.orders.usecases.recent_events import EVENTS_PER_ACCOUNT
from services.orders.usecases.stream_account import MAX_EVENTS
from tests.unit.orders.account_desk import EPOCH, Desk, Reader
from tests.unit.orders.samples import STRANGER

FIRM = AccountId(1001)
ONE, TWO, THREE = (subaccount(FIRM, number) for number in (1, 2, 3))
OTHER_FIRM = AccountId(1002)
OTHERS_ONE = subaccount(OTHER_FIRM, 1)


def desk_with(*accounts: AccountId, max_bytes: int = 1 << 20) -> Desk:
    desk = Desk(max_bytes)
    desk.states.accounts = dict.fromkeys((*accounts, OTHER_FIRM, OTHERS_ONE), 0)
    return desk


async def until(reader: Reader, **lasts: int) -> None:
    """Read until the firm's own account, and sub-accounts, were told up to these events."""
    wanted = {{"firm": FIRM, "one": ONE, "two": TWO, "three": THREE}[name]: seq for name, seq in lasts.items()}
    while any((reader.told.get(account) or [0])[-1] < seq for account, seq in wanted.items()):
        await reader.next()


async def test_it_begins_with_a_snapshot_of_each_account_and_one_heartbeat_that_names_all_places() -> None:
    desk = desk_with(FIRM, ONE, TWO)
    desk.happen(3, FIRM)
    desk.happen(2, ONE)
    desk.happen(4, OTHER_FIRM)
    async with desk.firm(FIRM) as reader:
        messages = [await reader.next() for _ in range(10)]
    kinds = ["snapshot_begin", "snapshot_part", "snapshot_end"]
    assert [message.WhichOneof("message") for message in messages] == [*kinds * 3, "heartbeat"]
    assert [(int(m.account_id), m.account_seq) for m in messages[::3]] == [(FIRM, 3), (ONE, 2), (TWO, 0), (FIRM, 3)]
    places = {int(place.account_id): place.account_seq for place in messages[-1].heartbeat.places}
    assert places == {FIRM: 3, ONE: 2, TWO: 0}
    assert messages[-1].heartbeat.current_seq == 3


async def test_events_of_every_account_of_the_firm_follow_and_of_no_other() -> None:
    desk = desk_with(FIRM, ONE, TWO)
    async with desk.firm(FIRM) as reader:
        await reader.kinds(10)
        for account in (ONE, OTHERS_ONE, FIRM, TWO, OTHER_FIRM, ONE):
            desk.happen(2, account)
        await until(reader, firm=2, one=4, two=2)
    assert reader.told == {FIRM: [1, 2], ONE: [1, 2, 3, 4], TWO: [1, 2]}


async def test_a_single_account_s_stream_does_not_tell_of_its_siblings() -> None:
    desk = desk_with(FIRM, ONE)
    async with desk.stream(FIRM, resume=0) as reader:
        heartbeat = await reader.next()
        desk.happen(2, ONE)
        desk.happen(1, FIRM)
        await reader.until(1)
    assert reader.told == {FIRM: [1]}
    assert list(heartbeat.heartbeat.places) == []


async def test_a_sub_account_opened_meanwhile_joins_with_its_whole_life() -> None:
    desk = desk_with(FIRM)
    async with desk.firm(FIRM) as reader:
        await reader.kinds(4)
        desk.happen(3, ONE)
        await until(reader, one=3)
        desk.clock.advance(timedelta(seconds=1))
        desk.feed.beat()
        heartbeat = await reader.next()
    assert reader.told == {ONE: [1, 2, 3]}
    places = {int(place.account_id): place.account_seq for place in heartbeat.heartbeat.places}
    assert places == {FIRM: 0, ONE: 3}


async def test_one_that_joins_late_is_read_from_the_history_where_the_feed_begins_after_it() -> None:
    desk = desk_with(FIRM)
    async with desk.firm(FIRM, {}) as reader:
        await reader.next()
        desk.states.accounts[ONE] = 0
        desk.happen(2, ONE)
        desk.write_down()
        desk.feed.recent.clear()
        desk.happen(1, ONE)
        await until(reader, one=3)
    assert reader.told == {ONE: [1, 2, 3]}


async def test_it_resumes_each_account_where_it_was_and_tells_all_of_one_that_is_not_named() -> None:
    desk = desk_with(FIRM, ONE, TWO)
    for account, count in ((FIRM, 5), (ONE, 4), (TWO, 3)):
        desk.happen(count, account)
    async with desk.firm(FIRM, {FIRM: 3, ONE: 4}) as reader:
        heartbeat = await reader.next()
        await until(reader, firm=5, two=3)
    assert reader.told == {FIRM: [4, 5], TWO: [1, 2, 3]}
    assert {int(p.account_id): p.account_seq for p in heartbeat.heartbeat.places} == {FIRM: 3, ONE: 4, TWO: 0}


@pytest.mark.parametrize(
    "places", [{FIRM: 1}, {ONE: 1}, {TWO: 0}, {OTHER_FIRM: 0}, {OTHERS_ONE: 1}, {FIRM: 0, OTHERS_ONE: 0}]
)
async def test_a_place_ahead_and_one_in_an_account_that_is_not_the_firm_s_are_refused(
    places: dict[AccountId, int],
) -> None:
    desk = desk_with(FIRM, ONE)
    desk.happen(2, OTHERS_ONE)
    async with desk.firm(FIRM, places) as reader:
        with pytest.raises(ResumeUnknown) as refused:
            await reader.next()
    assert refused.value.metadata["epoch"] == str(EPOCH)


async def test_accounts_take_turns() -> None:
    desk = desk_with(FIRM, ONE)
    desk.happen(3 * MAX_EVENTS, FIRM)
    desk.happen(1, ONE)
    async with desk.firm(FIRM, {}) as reader:
        messages = [await reader.next() for _ in range(5)]
    assert [int(message.account_id) for message in messages[1:]] == [FIRM, ONE, FIRM, FIRM]
    assert reader.told == {FIRM: list(range(1, 3 * MAX_EVENTS + 1)), ONE: [1]}


async def test_a_reader_that_falls_behind_in_one_account_is_told_in_which() -> None:
    desk = desk_with(FIRM, ONE, max_bytes=1 << 30)
    async with desk.firm(FIRM) as reader:
        await reader.kinds(7)
        desk.happen(2, FIRM)
        desk.happen(EVENTS_PER_ACCOUNT + 1, ONE)
        await until(reader, firm=2)
        with pytest.raises(SlowConsumer) as refusal:
            await reader.next()
    assert refusal.value.metadata == {"account_id": str(ONE), "last_seq": "0"}


async def test_a_history_that_begins_later_is_told_with_its_account() -> None:
    desk = desk_with(FIRM, ONE)
    desk.states.accounts[ONE] = 40
    desk.happen(1, ONE)
    desk.write_down()
    desk.restart()
    async with desk.firm(FIRM, {ONE: 39}) as reader:
        await reader.next()
        with pytest.raises(HistoryBegins) as refusal:
            await reader.next()
    assert (refusal.value.metadata["account_id"], refusal.value.metadata["first_seq"]) == (str(ONE), "41")


async def test_silence_is_filled_and_a_void_feed_ends_it() -> None:
    desk = desk_with(FIRM, ONE)
    async with desk.firm(FIRM, {}) as reader:
        await reader.next()
        waiting = asyncio.ensure_future(reader.next())
        await asyncio.sleep(0)
        desk.clock.advance(timedelta(seconds=1))
        desk.feed.beat()
        assert (await waiting).WhichOneof("message") == "heartbeat"
        desk.feed.void()
        with pytest.raises(Unavailable):
            await reader.next()
    assert desk.feed.subscribers == 0


async def test_a_firm_that_the_engine_does_not_know_is_refused() -> None:
    async with desk_with().firm(STRANGER) as reader:
        with pytest.raises(RelayedRefusal):
            await reader.next()


@pytest.mark.parametrize("seed", range(20))
async def test_over_any_number_of_streams_the_union_is_the_history_of_each_account(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seeded test
    desk = desk_with(FIRM, max_bytes=random.choice([2_000, 1 << 20]))
    received: dict[AccountId, list[int]] = {}
    known = [FIRM]
    for _ in range(30):
        seen = {account: seqs[-1] for account, seqs in received.items()}
        async with desk.firm(FIRM, seen) as reader:
            for _ in range(random.randrange(1, 6)):
                if len(known) <= 3 and random.random() < 0.2:
                    known.append(subaccount(FIRM, len(known)))
                    desk.states.accounts[known[-1]] = 0
                desk.happen(random.randrange(1, 20), random.choice([*known, OTHER_FIRM, OTHERS_ONE]))
                desk.happen(1, random.choice(known))
                desk.write_down()
                try:
                    await reader.next()
                except SlowConsumer:
                    break
        for account, seqs in reader.told.items():
            received.setdefault(account, []).extend(seqs)
        if random.random() < 0.2:
            desk.restart()
    lasts = {account: desk.states.accounts[account] for account in known if desk.states.accounts[account]}
    seen = {account: seqs[-1] for account, seqs in received.items()}
    async with desk.firm(FIRM, seen) as reader:
        while any(max(seen.get(a, 0), (reader.told.get(a) or [0])[-1]) < last for a, last in lasts.items()):
            await reader.next()
    for account, seqs in reader.told.items():
        received.setdefault(account, []).extend(seqs)
    assert received == {account: list(range(1, last + 1)) for account, last in lasts.items()}
