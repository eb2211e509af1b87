"""The published procedure: what starts a book, what loses it, and what changes nothing."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.demo.book import Book
from stack.demo.protocol import DepthSnapshot, DepthUpdate, Dialect
from stack.demo.sync import MAX_BUFFERED_UPDATES, BookSync


@dataclass
class Seen:
    """What the listener was shown: the last id and the bids, or None for a loss."""

    shown: list[tuple[int, dict[int, int]] | None] = field(default_factory=list)

    def book_changed(self, symbol: str, book: Book, last_id: int) -> None:
        assert symbol == "X"
        self.shown.append((last_id, dict(book.bids)))

    def book_lost(self, symbol: str) -> None:
        assert symbol == "X"
        self.shown.append(None)

    @property
    def ids(self) -> list[int | None]:
        return [shown and shown[0] for shown in self.shown]


def _synced(dialect: Dialect) -> tuple[BookSync, Seen]:
    seen = Seen()
    return BookSync("X", dialect, seen), seen


def _spot(first_id: int, last_id: int, *bids: tuple[int, int]) -> DepthUpdate:
    return DepthUpdate("X", first_id, last_id, None, bids, ())


def _futures(previous_id: int, first_id: int, last_id: int, *bids: tuple[int, int]) -> DepthUpdate:
    return DepthUpdate("X", first_id, last_id, previous_id, bids, ())


def _snapshot(last_id: int, *bids: tuple[int, int]) -> DepthSnapshot:
    return DepthSnapshot("X", last_id, bids, ())


def test_spot_starts_with_the_update_that_follows_the_snapshot() -> None:
    sync, seen = _synced(Dialect.SPOT)
    for update in (_spot(1, 3), _spot(4, 6, (5, 1)), _spot(7, 9, (5, 2))):
        sync.offer(update)
    assert sync.load(_snapshot(6, (4, 8)))
    assert seen.shown == [(6, {4: 8}), (9, {4: 8, 5: 2})]


def test_spot_starts_with_an_update_that_spans_the_snapshot() -> None:
    sync, seen = _synced(Dialect.SPOT)
    sync.offer(_spot(4, 9, (5, 2)))
    assert sync.load(_snapshot(6))
    assert seen.ids == [6, 9]


def test_futures_start_with_the_update_that_spans_the_snapshot() -> None:
    sync, seen = _synced(Dialect.FUTURES)
    for update in (_futures(1, 2, 5), _futures(5, 8, 12), _futures(12, 20, 25)):
        sync.offer(update)
    assert sync.load(_snapshot(10))
    assert seen.ids == [10, 12, 25]


def test_futures_apply_the_update_that_ends_at_the_snapshot() -> None:
    sync, seen = _synced(Dialect.FUTURES)
    sync.offer(_futures(5, 8, 10, (5, 1)))
    assert sync.load(_snapshot(10, (5, 1)))
    sync.offer(_futures(10, 14, 15, (5, 0)))
    assert seen.shown == [(10, {5: 1}), (10, {5: 1}), (15, {})]


def test_futures_start_with_the_update_that_names_the_snapshot_as_the_one_before() -> None:
    sync, seen = _synced(Dialect.FUTURES)
    assert sync.load(_snapshot(10))
    sync.offer(_futures(10, 14, 15))
    assert seen.ids == [10, 15]


def test_a_quiet_symbol_starts_with_its_snapshot_alone() -> None:
    sync, seen = _synced(Dialect.SPOT)
    assert sync.needs_snapshot
    assert sync.load(_snapshot(6))
    sync.offer(_spot(7, 7))
    assert seen.ids == [6, 7]
    assert not sync.needs_snapshot


@pytest.mark.parametrize(
    ("dialect", "first"), [(Dialect.SPOT, _spot(8, 9)), (Dialect.FUTURES, _futures(7, 8, 9))], ids=["spot", "futures"]
)
def test_a_snapshot_from_before_the_buffer_is_refused(dialect: Dialect, first: DepthUpdate) -> None:
    sync, seen = _synced(dialect)
    sync.offer(first)
    assert not sync.load(_snapshot(6))
    assert sync.needs_snapshot
    assert seen.shown == []
    assert sync.load(_snapshot(8))
    assert seen.ids == [8, 9]


@pytest.mark.parametrize(
    ("dialect", "first", "after_gap"),
    [
        (Dialect.SPOT, _spot(7, 9, (5, 1)), _spot(11, 12, (5, 3))),
        (Dialect.FUTURES, _futures(5, 6, 9, (5, 1)), _futures(10, 11, 12, (5, 3))),
    ],
    ids=["spot", "futures"],
)
def test_a_gap_loses_the_book_until_a_new_snapshot(
    dialect: Dialect, first: DepthUpdate, after_gap: DepthUpdate
) -> None:
    sync, seen = _synced(dialect)
    assert sync.load(_snapshot(6))
    sync.offer(first)
    sync.offer(after_gap)
    assert sync.needs_snapshot
    assert not sync.load(_snapshot(6))
    assert sync.load(_snapshot(11, (4, 4)))
    assert seen.shown == [(6, {}), (9, {5: 1}), None, (11, {4: 4}), (12, {4: 4, 5: 3})]


def test_a_gap_inside_the_buffer_keeps_what_follows_it() -> None:
    sync, seen = _synced(Dialect.SPOT)
    for update in (_spot(1, 2), _spot(3, 4), _spot(7, 8), _spot(9, 9)):
        sync.offer(update)
    assert sync.load(_snapshot(2))
    assert sync.needs_snapshot
    assert sync.load(_snapshot(7))
    assert seen.ids == [2, 4, None, 7, 8, 9]


@pytest.mark.parametrize("dialect", Dialect)
def test_duplicates_and_late_arrivals_change_nothing(dialect: Dialect) -> None:
    sync, seen = _synced(dialect)
    one = DepthUpdate("X", 5, 7, 4, ((5, 1),), ())
    two = DepthUpdate("X", 8, 9, 7, ((5, 2),), ())
    sync.offer(one)
    assert sync.load(_snapshot(6))
    for update in (two, two, one, two):
        sync.offer(update)
    assert seen.ids == [6, 7, 9]


def test_a_reordered_pair_is_a_gap_and_the_late_one_repairs_nothing() -> None:
    sync, seen = _synced(Dialect.SPOT)
    assert sync.load(_snapshot(6))
    sync.offer(_spot(8, 8))
    sync.offer(_spot(7, 7))
    assert sync.needs_snapshot
    assert sync.load(_snapshot(8))
    assert seen.ids == [6, None, 8]


def test_a_lost_connection_is_told_once() -> None:
    sync, seen = _synced(Dialect.SPOT)
    sync.lose()
    assert sync.load(_snapshot(6))
    sync.lose()
    sync.lose()
    assert seen.ids == [6, None]


def test_the_buffer_drops_its_oldest_beyond_the_limit() -> None:
    sync, seen = _synced(Dialect.SPOT)
    for number in range(MAX_BUFFERED_UPDATES + 2):
        sync.offer(_spot(number + 1, number + 1))
    assert not sync.load(_snapshot(1))
    assert sync.load(_snapshot(2))
    assert seen.ids[-1] == MAX_BUFFERED_UPDATES + 2


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=20),
    st.lists(st.sampled_from(["send", "lose", "repeat", "snapshot"]), max_size=60),
    st.sampled_from(Dialect),
)
def test_whatever_is_lost_or_repeated_only_true_books_are_shown(
    changes: list[tuple[int, int, int]], fate: list[str], dialect: Dialect
) -> None:
    sync, seen = _synced(dialect)
    truth: dict[int, dict[int, int]] = {100: {}}
    last_id, updates = 100, []
    for span, price, quantity in changes:
        updates.append(DepthUpdate("X", last_id + 1, last_id + span, last_id, ((price, quantity),), ()))
        bids = truth[last_id] | {price: quantity}
        last_id += span
        truth[last_id] = {price: quantity for price, quantity in bids.items() if quantity}
    sent = 0
    for step in fate:
        if step == "snapshot":
            now = updates[sent - 1].last_id if sent else 100
            sync.load(_snapshot(now, *truth[now].items()))
        elif step == "repeat" and sent:
            sync.offer(updates[sent - 1])
        elif sent < len(updates):
            if step == "send":
                sync.offer(updates[sent])
            sent += 1
    for shown in seen.shown:
        assert shown is None or shown[1] == truth[shown[0]]
