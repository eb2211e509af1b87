"""A book by level, and its views of the past."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.market_data.model.book import KEPT_CHANGES, Book, LevelChanged, OutOfStep, Side
from services.market_data.model.window import Window

edits = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(-8, 8), st.integers(0, 3)),
    max_size=60,
)


def change(seq: int, side: Side, price: int, quantity: int) -> LevelChanged:
    return LevelChanged(1, seq, side, price, quantity)


def naive(levels: dict[tuple[Side, int], int], depth: int) -> Window:
    bids = sorted(((p, q) for (s, p), q in levels.items() if s is Side.BUY and q), reverse=True)
    asks = sorted((p, q) for (s, p), q in levels.items() if s is Side.SELL and q)
    return Window(tuple(bids[:depth]), tuple(asks[:depth]))


def test_a_book_starts_from_a_snapshot() -> None:
    book = Book(7, [(Side.BUY, 10, 1), (Side.BUY, 11, 2), (Side.SELL, 13, 3), (Side.SELL, 12, 4)])
    assert (book.seq, book.window(10)) == (7, Window(bids=((11, 2), (10, 1)), asks=((12, 4), (13, 3))))


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_a_change_that_is_not_the_next_is_out_of_step(seq: int) -> None:
    book = Book(1)
    with pytest.raises(OutOfStep):
        book.apply(change(seq, Side.BUY, 1, 1))
    assert book.window(1) == Window()


def test_only_so_many_changes_are_kept() -> None:
    book = Book()
    for seq in range(1, KEPT_CHANGES + 3):
        book.apply(change(seq, Side.BUY, 1, seq))
    assert book.window_at(1, 1) is None
    assert book.window_at(2, 1) == Window(bids=((1, 2),))


def test_a_number_ahead_has_no_view() -> None:
    assert Book(5).window_at(6, 1) is None
    assert Book(5).window_at(5, 1) == Window()


@given(edits, st.integers(1, 6))
def test_every_view_of_the_past_is_what_it_was(changes: list[tuple[Side, int, int]], depth: int) -> None:
    book, levels = Book(), dict[tuple[Side, int], int]()
    history = [Window()]
    for seq, (side, price, quantity) in enumerate(changes, 1):
        book.apply(change(seq, side, price, quantity))
        levels[side, price] = quantity
        history.append(naive(levels, depth))
        assert book.window(depth) == history[-1]
    assert [book.window_at(seq, depth) for seq in range(len(history))] == history
