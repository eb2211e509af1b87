"""The window of recent private events: without a gap for each account, within its bounds for each and for all."""

from random import Random

import pytest

from services.kernel.ids import AccountId
from services.orders.usecases.recent_events import BYTES_BESIDE, EVENTS_PER_ACCOUNT, OutOfStep, RecentEvents
from tests.unit.orders.account_desk import private_event
from tests.unit.orders.samples import ALICE, BOB

SIZE = len(private_event(1).content) + BYTES_BESIDE


def filled(recent: RecentEvents, account_id: AccountId, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        recent.append(private_event(seq, account_id=account_id))


def seqs(recent: RecentEvents, account_id: AccountId, after: int, limit: int = 100) -> list[int] | None:
    events = recent.after(account_id, after, limit)
    return None if events is None else [event.account_seq for event in events]


def test_it_gives_what_follows_a_number() -> None:
    recent = RecentEvents(1 << 20)
    filled(recent, ALICE, 5, 9)
    assert seqs(recent, ALICE, 6) == [7, 8, 9]
    assert seqs(recent, ALICE, 4, limit=2) == [5, 6]
    assert seqs(recent, ALICE, 3) is None
    assert seqs(recent, ALICE, 9) is None
    assert seqs(recent, BOB, 0) is None


def test_an_event_that_is_not_the_next_is_out_of_step() -> None:
    recent = RecentEvents(1 << 20)
    filled(recent, ALICE, 1, 2)
    for seq in (2, 4):
        with pytest.raises(OutOfStep):
            recent.append(private_event(seq))


def test_the_oldest_of_all_go_first() -> None:
    recent = RecentEvents(4 * SIZE)
    filled(recent, ALICE, 1, 2)
    filled(recent, BOB, 1, 3)
    assert seqs(recent, ALICE, 0) is None
    assert seqs(recent, ALICE, 1) == [2]
    filled(recent, BOB, 4, 4)
    assert seqs(recent, ALICE, 1) is None
    assert seqs(recent, BOB, 0) == [1, 2, 3, 4]


def test_an_account_keeps_only_so_many() -> None:
    recent = RecentEvents(1 << 30)
    filled(recent, ALICE, 1, EVENTS_PER_ACCOUNT + 3)
    assert seqs(recent, ALICE, 2) is None
    assert seqs(recent, ALICE, 3, limit=1) == [4]


def test_what_is_kept_is_always_the_latest_within_the_bounds() -> None:
    random, recent = Random(5), RecentEvents(50 * SIZE)  # noqa: S311 - a seeded test
    last = dict.fromkeys(map(AccountId, range(1, 6)), 0)
    for _ in range(2_000):
        account_id = random.choice(list(last))
        for _ in range(random.choice([1, 1, 30])):
            last[account_id] += 1
            filled(recent, account_id, last[account_id], last[account_id])
        assert recent.bytes_kept <= 50 * SIZE
    kept = {account_id: len(recent._events.get(account_id, ())) for account_id in last}
    assert sum(kept.values()) * BYTES_BESIDE < recent.bytes_kept
    for account_id, count in kept.items():
        assert seqs(recent, account_id, last[account_id] - count) == (
            list(range(last[account_id] - count + 1, last[account_id] + 1)) or None
        )


def test_an_account_s_own_limit_does_not_cost_it_newer_events_later() -> None:
    recent = RecentEvents(1 << 30)
    filled(recent, ALICE, 1, EVENTS_PER_ACCOUNT + 100)
    filled(recent, BOB, 1, EVENTS_PER_ACCOUNT)
    recent._max_bytes = recent.bytes_kept - 1
    filled(recent, AccountId(5), 1, 1)
    assert seqs(recent, ALICE, 100, limit=1) is None
    assert seqs(recent, ALICE, 102, limit=1) == [103]
