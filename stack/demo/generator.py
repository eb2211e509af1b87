"""Seeded sessions without an end, in either dialect: what the demo plays when it does not follow the live exchange.

The texts are what Binance sends, so nothing behind the socket can tell the difference: diff depth each 100 ms,
trades as they happen, the best bid and offer when they change, deletes of unknown levels now and then.
"""

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.kernel.money import text_of
from stack.demo.market_model import MarketModel, ModelTrade, Turn
from stack.demo.protocol import FEED_SCALE, Dialect
from stack.demo.session import Frame

TURN_MS = 100
SESSION_START_MS = 1_700_000_000_000
_UNKNOWN_DELETE_EVERY = 64
_FIRST_ID = 1_000_000


@dataclass(frozen=True)
class SeedListing:
    """A symbol to generate: its grid in units of the feed's scale, and what is usual in its market."""

    symbol: str
    price_step: int
    quantity_step: int
    start_price: int
    typical_lots: int


@dataclass(frozen=True)
class GeneratedSession:
    """A market of several symbols; equal seeds give equal sessions, byte for byte."""

    dialect: Dialect
    listings: tuple[SeedListing, ...]
    seed: int

    def snapshots(self, symbol: str) -> Sequence[str]:
        """Return the book before the first frame."""
        return [self._venue_book(listing).snapshot() for listing in self.listings if listing.symbol == symbol]

    def frames(self) -> Iterator[Frame]:
        """Yield every turn of every symbol, for ever."""
        books = [self._venue_book(listing) for listing in self.listings]
        for turn in itertools.count(1):
            for offset, book in enumerate(books):
                yield from book.turn(SESSION_START_MS + turn * TURN_MS + offset)

    def _venue_book(self, listing: SeedListing) -> "_VenueBook":
        # A simulation wants numbers that repeat, not numbers that nobody can guess.
        entropy = random.Random(f"{self.seed}:{listing.symbol}")  # noqa: S311
        return _VenueBook(self.dialect, listing, entropy)


class _VenueBook:
    """One symbol as the venue speaks of it: the model's turns, with ids, as frames."""

    def __init__(self, dialect: Dialect, listing: SeedListing, entropy: random.Random) -> None:
        self._dialect = dialect
        self._listing = listing
        self._entropy = entropy
        self._model = MarketModel(listing.start_price // listing.price_step, listing.typical_lots, entropy)
        self._last_id = _FIRST_ID
        self._trade_id = 0
        self._best: object = None

    def snapshot(self) -> str:
        bids = sorted(self._model.bids.items(), reverse=True)
        asks = sorted(self._model.asks.items())
        return _text({"lastUpdateId": self._last_id, "bids": self._levels(bids), "asks": self._levels(asks)})

    def turn(self, time_ms: int) -> Iterator[Frame]:
        turn = self._model.turn()
        for trade in turn.trades:
            yield self._frame("aggTrade", time_ms, self._trade(trade, time_ms))
        if self._entropy.randrange(_UNKNOWN_DELETE_EVERY) == 0:
            turn.asks[2 * max(self._model.asks)] = 0
        if turn.bids or turn.asks:
            yield self._frame("depth@100ms", time_ms, self._update(turn, time_ms))
        best = self._best_levels()
        if best != self._best:
            self._best = best
            yield self._frame("bookTicker", time_ms, best | {"u": self._last_id, "E": time_ms})

    def _update(self, turn: Turn, time_ms: int) -> dict[str, object]:
        previous_id = self._last_id
        # Futures number the updates of all symbols together, so a symbol sees holes that are none.
        skipped = self._entropy.randrange(5) if self._dialect is Dialect.FUTURES else 0
        first_id = previous_id + 1 + skipped
        self._last_id = first_id + len(turn.bids) + len(turn.asks) - 1
        ids = {"U": first_id, "u": self._last_id}
        if self._dialect is Dialect.FUTURES:
            ids["pu"] = previous_id
        sides = {"b": self._levels(turn.bids.items()), "a": self._levels(turn.asks.items())}
        return {"e": "depthUpdate", "E": time_ms, "s": self._listing.symbol} | ids | sides

    def _trade(self, trade: ModelTrade, time_ms: int) -> dict[str, object]:
        self._trade_id += 1
        price, quantity = self._level(trade.step, trade.lots)
        return {
            "e": "aggTrade", "E": time_ms, "s": self._listing.symbol, "a": self._trade_id, "p": price, "q": quantity,
            "f": self._trade_id, "l": self._trade_id, "T": time_ms, "m": trade.buyer_is_maker, "M": True,
        }  # fmt: skip

    def _best_levels(self) -> dict[str, object]:
        bid, ask = max(self._model.bids), min(self._model.asks)
        (bid_price, bid_quantity) = self._level(bid, self._model.bids[bid])
        (ask_price, ask_quantity) = self._level(ask, self._model.asks[ask])
        names: dict[str, object] = {"e": "bookTicker", "s": self._listing.symbol}
        return names | {"b": bid_price, "B": bid_quantity, "a": ask_price, "A": ask_quantity}

    def _levels(self, levels: Iterable[tuple[int, int]]) -> list[list[str]]:
        return [self._level(step, lots) for step, lots in levels]

    def _level(self, step: int, lots: int) -> list[str]:
        price, quantity = step * self._listing.price_step, lots * self._listing.quantity_step
        return [text_of(price, FEED_SCALE), text_of(quantity, FEED_SCALE)]

    def _frame(self, kind: str, time_ms: int, data: Mapping[str, object]) -> Frame:
        stream = f"{self._listing.symbol.lower()}@{kind}"
        return Frame(time_ms / 1000, stream, _text({"stream": stream, "data": data}))


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
