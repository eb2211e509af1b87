"""The book against a list of changes read from the last to the first."""

from hypothesis import given
from hypothesis import strategies as st

from stack.demo.book import Book
from stack.demo.protocol import Level

prices = st.integers(1, 12)
levels = st.lists(st.tuples(prices, st.integers(0, 3)), max_size=6).map(tuple)
updates = st.lists(st.tuples(levels, levels), max_size=12)


def _latest(history: list[Level]) -> dict[int, int]:
    """The last word on each price, without the deleted ones."""
    prices_seen = {price for price, _ in history}
    last = {price: next(quantity for seen, quantity in reversed(history) if seen == price) for price in prices_seen}
    return {price: quantity for price, quantity in last.items() if quantity > 0}


@given(levels, levels, updates)
def test_the_last_word_on_each_price_counts(
    bids: tuple[Level, ...], asks: tuple[Level, ...], changes: list[tuple[tuple[Level, ...], tuple[Level, ...]]]
) -> None:
    book = Book()
    book.replace(bids, asks)
    for changed_bids, changed_asks in changes:
        book.change(changed_bids, changed_asks)
    assert dict(book.bids) == _latest([*bids, *(level for change, _ in changes for level in change)])
    assert dict(book.asks) == _latest([*asks, *(level for _, change in changes for level in change)])


@given(levels, levels, st.integers(0, 15))
def test_best_levels_are_sorted_and_cut(bids: tuple[Level, ...], asks: tuple[Level, ...], count: int) -> None:
    book = Book()
    book.change(bids, asks)
    assert book.best_bids(count) == sorted(book.bids.items(), reverse=True)[:count]
    assert book.best_asks(count) == sorted(book.asks.items())[:count]


def test_a_new_snapshot_leaves_nothing_of_the_old_book() -> None:
    book = Book()
    book.change(((5, 1),), ((6, 1),))
    book.replace((), ((9, 4),))
    assert dict(book.bids) == {}
    assert dict(book.asks) == {9: 4}


def test_deleting_an_unknown_level_does_nothing() -> None:
    book = Book()
    book.change(((5, 1),), ((6, 1),))
    book.change(((4, 0),), ((7, 0),))
    assert (dict(book.bids), dict(book.asks)) == ({5: 1}, {6: 1})


def test_an_empty_book_has_no_best_levels() -> None:
    assert Book().best_bids(3) == Book().best_asks(3) == []
