"""Views of a book, what changed between them, and their checksum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.market_data.model.window import Level, Window, changes, checksum

Levels = dict[int, int]

levels = st.dictionaries(st.integers(-20, 20), st.integers(1, 5), max_size=30)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(), 0),
        (Window(bids=((45_000, 7), (44_999, 1)), asks=((45_001, 10), (45_002, 5))), 1_518_234_344),
        (Window(bids=((-3_764, 4),), asks=((-3_763, 2),)), 351_136_951),
    ],
)
def test_the_checksum_is_that_of_the_published_vectors(window: Window, expected: int) -> None:
    assert checksum(window) == expected


def test_the_checksum_covers_ten_levels_a_side() -> None:
    ten = Window(tuple((-price, 1) for price in range(10)), tuple((price, 1) for price in range(1, 11)))
    more = Window((*ten.bids, (-11, 1)), (*ten.asks, (12, 1)))
    assert checksum(more) == checksum(ten)


def test_a_level_pushed_over_the_edge_is_deleted_and_one_that_comes_back_is_added() -> None:
    narrow, pushed = Window(asks=((2, 5), (3, 5))), Window(asks=((1, 5), (2, 5)))
    assert changes(narrow, pushed) == Window(asks=((1, 5), (3, 0)))
    assert changes(pushed, narrow) == Window(asks=((1, 0), (3, 5)))


def test_changes_stand_best_first_on_either_side() -> None:
    changed = changes(Window(), Window(bids=((9, 1), (8, 1)), asks=((10, 1), (11, 1))))
    assert changed == Window(bids=((9, 1), (8, 1)), asks=((10, 1), (11, 1)))


def test_nothing_changed_is_false() -> None:
    same = Window(bids=((1, 1),))
    assert not changes(same, same)


def applied(before: tuple[Level, ...], changed: tuple[Level, ...]) -> Levels:
    return {price: quantity for price, quantity in {**dict(before), **dict(changed)}.items() if quantity}


@given(levels, levels)
def test_changes_applied_to_the_view_before_give_the_view_after(before: Levels, after: Levels) -> None:
    old = Window(bids=tuple(sorted(before.items(), reverse=True)), asks=tuple(sorted(before.items())))
    new = Window(bids=tuple(sorted(after.items(), reverse=True)), asks=tuple(sorted(after.items())))
    changed = changes(old, new)
    assert applied(old.bids, changed.bids) == dict(new.bids)
    assert applied(old.asks, changed.asks) == dict(new.asks)
