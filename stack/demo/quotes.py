"""Which quotes mirror a book, and which single command brings the live ones nearer to them. Pure.

1. One order mirrors one level: at most one live quote is kept at a price of a side.
2. Cancels of dangerous quotes come first, the worst first: those at or through the best price wanted now, on which
   the market would trade against the maker.
3. Then the missing levels, nearest to the market first; then the quotes that no level asks for any more.
4. A quote is placed only where no live quote of the other side stands at or through its price, so the maker never
   meets itself.
A level's size may drift to half or double before its quote is replaced: commands are few, so they go where they show.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from stack.demo.book import Book
from stack.demo.instruments import DemoInstrument
from stack.demo.protocol import Level

MAX_STALE_QUOTES = 6
"""More quotes than this that no level asks for are cleared before anything is placed."""
MAX_FEED_LEVELS = 500
"""How deep a side of the feed's book is looked into."""
SIZE_DIVISOR = 10
"""A quote is this much smaller than the level it mirrors."""


class Side(Enum):
    """Which way an order trades; the sign turns prices so that higher is always nearer to the market."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """Give the other side."""
        return Side(-self.value)


@dataclass(frozen=True, slots=True)
class Quote:
    """A wanted order: price in ticks, quantity in lots."""

    side: Side
    price: int
    lots: int


@dataclass(frozen=True, slots=True)
class LiveQuote:
    """An open order of the maker: price in ticks, open quantity in lots."""

    order_id: str
    side: Side
    price: int
    lots: int


@dataclass(frozen=True, slots=True)
class Place:
    """Enter this quote."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take this one out."""

    quote: LiveQuote


def mirrored(book: Book, instrument: DemoInstrument, levels: int) -> list[Quote]:
    """Give the quotes that mirror the top of a feed's book, each side best first; none if the sides would cross.

    The feed's levels are gathered at `levels` prices a side, a quote step apart, so a book that moves by a fine tick
    leaves most quotes where they are.
    """
    bids = _side_quotes(book.best_bids(MAX_FEED_LEVELS), Side.BUY, instrument)[:levels]
    asks = _side_quotes(book.best_asks(MAX_FEED_LEVELS), Side.SELL, instrument)[:levels]
    if bids and asks and bids[0].price >= asks[0].price:
        return []
    return bids + asks


def sized_down(feed_quantity: int, price: int, instrument: DemoInstrument) -> int:
    """Give the lots to trade for a quantity of the feed: scaled down, bounded by the instrument at both ends."""
    lots = feed_quantity // (SIZE_DIVISOR * instrument.feed_quantity_unit)
    return max(instrument.min_lots(price), min(lots, instrument.max_lots))


def next_action(wanted: Sequence[Quote], live: Collection[LiveQuote]) -> Place | Cancel | None:
    """Give the most urgent command, None if the live quotes mirror the wanted ones."""
    kept, stale = _split(wanted, live)
    best = {side: max((_nearness(quote) for quote in wanted if quote.side is side), default=None) for side in Side}
    worst_first = sorted(stale, key=lambda quote: _exposure(quote, best[quote.side]), reverse=True)
    if worst_first and (len(stale) > MAX_STALE_QUOTES or _exposure(worst_first[0], best[worst_first[0].side]) >= 0):
        return Cancel(worst_first[0])
    taken = {(quote.side, quote.price): quote for quote in stale}
    missing = [quote for quote in wanted if (quote.side, quote.price) not in kept and not _meets(quote, live)]
    if missing:
        nearest = max(missing, key=lambda quote: _exposure(quote, best[quote.side]))
        in_its_place = taken.get((nearest.side, nearest.price))
        return Cancel(in_its_place) if in_its_place else Place(nearest)
    return Cancel(worst_first[-1]) if worst_first else None


def _side_quotes(levels: Collection[Level], side: Side, instrument: DemoInstrument) -> list[Quote]:
    total: dict[int, int] = {}
    feed_step = instrument.quote_step * instrument.feed_price_unit
    for feed_price, feed_quantity in levels:
        # Away from the market, so gathering alone never makes two sides cross.
        price = side.value * (side.value * feed_price // feed_step) * instrument.quote_step
        total[price] = total.get(price, 0) + feed_quantity
    return [
        Quote(side, price, sized_down(quantity, price, instrument)) for price, quantity in total.items() if price > 0
    ]


def _split(
    wanted: Collection[Quote], live: Collection[LiveQuote]
) -> tuple[dict[tuple[Side, int], LiveQuote], list[LiveQuote]]:
    """Divide the live quotes into those that mirror a wanted one, by side and price, and the stale rest."""
    lots = {(quote.side, quote.price): quote.lots for quote in wanted}
    kept: dict[tuple[Side, int], LiveQuote] = {}
    stale: list[LiveQuote] = []
    for quote in live:
        key = quote.side, quote.price
        if key not in kept and lots.get(key, 0) <= 2 * quote.lots and quote.lots <= 2 * lots.get(key, 0):
            kept[key] = quote
        else:
            stale.append(quote)
    return kept, stale


def _nearness(quote: Quote | LiveQuote) -> int:
    return quote.side.value * quote.price


def _exposure(quote: Quote | LiveQuote, best: int | None) -> int:
    """Tell how far a quote stands before the best price wanted on its side; a side that wants nothing exposes all."""
    return 0 if best is None else _nearness(quote) - best


def _meets(quote: Quote, live: Collection[LiveQuote]) -> bool:
    return any(other.side is quote.side.opposite and _nearness(quote) >= -_nearness(other) for other in live)
