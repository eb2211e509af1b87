"""Mirroring a book with few commands, and never into oneself."""

from hypothesis import given
from hypothesis import strategies as st

from stack.demo.book import Book
from stack.demo.instruments import INSTRUMENTS
from stack.demo.protocol import Level
from stack.demo.quotes import (
    MAX_STALE_QUOTES,
    Cancel,
    LiveQuote,
    Place,
    Quote,
    Side,
    mirrored,
    next_action,
    sized_down,
)

BTC = INSTRUMENTS[0]
WHOLE = 10**8


def _book(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> Book:
    book = Book()
    book.replace(bids, asks)
    return book


def _live(side: Side, price: int, lots: int = 10) -> LiveQuote:
    return LiveQuote(f"{side.name}-{price}-{lots}", side, price, lots)


def _buy(price: int, lots: int = 10) -> Quote:
    return Quote(Side.BUY, price, lots)


def _sell(price: int, lots: int = 10) -> Quote:
    return Quote(Side.SELL, price, lots)


def test_a_level_becomes_a_smaller_quote_on_our_grid() -> None:
    book = _book(((60_000 * WHOLE, WHOLE),), ((60_002 * WHOLE, 2 * WHOLE),))
    assert mirrored(book, BTC, 10) == [_buy(6_000_000, 1_000), _sell(6_000_200, 2_000)]


def test_a_finer_grid_is_rounded_away_from_the_market_and_merged() -> None:
    base = 60_000 * WHOLE
    bids = ((base + WHOLE, WHOLE), (base + WHOLE // 10, WHOLE))
    asks = ((base + 2 * WHOLE + 1, WHOLE), (base + 4 * WHOLE, WHOLE))
    assert mirrored(_book(bids, asks), BTC, 10) == [_buy(6_000_000, 2_000), _sell(6_000_400, 2_000)]


def test_only_so_many_steps_are_mirrored() -> None:
    bids = tuple(((60_000 - 2 * step) * WHOLE, WHOLE) for step in range(5))
    assert [quote.price for quote in mirrored(_book(bids, ()), BTC, 3)] == [6_000_000, 5_999_800, 5_999_600]


def test_a_crossed_or_locked_feed_is_not_mirrored() -> None:
    price = 60_000 * WHOLE
    assert mirrored(_book(((price, WHOLE),), ((price, WHOLE),)), BTC, 10) == []


def test_one_empty_side_leaves_the_other_quoted() -> None:
    assert mirrored(_book((), ((60_000 * WHOLE, WHOLE),)), BTC, 10) == [_sell(6_000_000, 1_000)]


def test_sizes_are_bounded_at_both_ends() -> None:
    assert sized_down(10**18, 6_000_000, BTC) == BTC.max_lots
    assert sized_down(1, 6_000_000, BTC) == 1
    assert sized_down(1, 100, BTC) == 10_000  # 1 KK99 at a price of 1


def test_nothing_to_do_when_the_market_is_mirrored() -> None:
    assert next_action([_buy(99), _sell(101)], [_live(Side.BUY, 99), _live(Side.SELL, 101)]) is None


def test_a_size_may_drift_before_it_is_replaced() -> None:
    assert next_action([_buy(99, 10)], [_live(Side.BUY, 99, 5)]) is None
    assert next_action([_buy(99, 10)], [_live(Side.BUY, 99, 20)]) is None
    assert next_action([_buy(99, 10)], [_live(Side.BUY, 99, 4)]) == Cancel(_live(Side.BUY, 99, 4))


def test_the_most_exposed_quote_is_cancelled_first() -> None:
    live = [_live(Side.BUY, 100), _live(Side.BUY, 103), _live(Side.SELL, 106)]
    assert next_action([_buy(99), _sell(105)], live) == Cancel(_live(Side.BUY, 103))


def test_the_nearest_missing_level_is_placed_before_far_quotes_are_cleared() -> None:
    live = [_live(Side.BUY, 80)]
    assert next_action([_buy(98), _buy(99), _sell(105)], live) == Place(_buy(99))


def test_too_many_far_quotes_are_cleared_before_anything_is_placed() -> None:
    live = [_live(Side.BUY, 80 + number) for number in range(MAX_STALE_QUOTES + 1)]
    assert isinstance(next_action([_buy(99)], live), Cancel)


def test_a_second_quote_at_a_price_is_one_too_many() -> None:
    first, second = LiveQuote("1", Side.BUY, 99, 10), LiveQuote("2", Side.BUY, 99, 10)
    assert next_action([_buy(99)], [first, second]) == Cancel(second)


def test_without_a_book_every_quote_goes() -> None:
    assert isinstance(next_action([], [_live(Side.BUY, 99)]), Cancel)
    assert next_action([], []) is None


sides_apart = st.integers(50, 60).flatmap(
    lambda middle: st.tuples(
        st.dictionaries(st.integers(40, middle), st.integers(1, 9), max_size=6),
        st.dictionaries(st.integers(middle + 1, 70), st.integers(1, 9), max_size=6),
    )
)
any_live = st.lists(st.tuples(st.sampled_from(Side), st.integers(40, 70), st.integers(1, 20)), max_size=15)


@given(sides_apart, any_live)
def test_any_live_quotes_are_led_to_the_wanted_ones_without_meeting(
    wanted_sides: tuple[dict[int, int], dict[int, int]], start: list[tuple[Side, int, int]]
) -> None:
    bids, asks = wanted_sides
    wanted = [_buy(price, bids[price]) for price in sorted(bids, reverse=True)]
    wanted += [_sell(price, asks[price]) for price in sorted(asks)]
    live = {str(number): LiveQuote(str(number), *quote) for number, quote in enumerate(start)}
    commands = 0
    while (action := next_action(wanted, live.values())) is not None:
        commands += 1
        assert commands <= len(start) + len(wanted)
        if isinstance(action, Cancel):
            del live[action.quote.order_id]
        else:
            quote = action.quote
            opposite = [other.price for other in live.values() if other.side is not quote.side]
            assert all((quote.price < price) if quote.side is Side.BUY else (quote.price > price) for price in opposite)
            live[f"new-{commands}"] = LiveQuote(f"new-{commands}", quote.side, quote.price, quote.lots)
    assert sorted((quote.side.name, quote.price) for quote in live.values()) == sorted(
        (quote.side.name, quote.price) for quote in wanted
    )
