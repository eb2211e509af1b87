"""An instrument's book by price level, and its latest changes, so that a subscriber can go on where it stopped.

1. `seq` counts the changes of the book as the engine numbers them; each is the one after the last, or `OutOfStep`.
2. The last `KEPT_CHANGES` are kept with the quantity that each replaced: undoing them gives any view among them.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from services.market_data.model.window import Level, Window

KEPT_CHANGES = 10_000


class OutOfStep(Exception):  # noqa: N818 - named as what it says
    """The engine's events do not continue what is known: some were lost on the way."""


class Side(Enum):
    """A side of the book, or of the order that took."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """The quantity at a price of a book became `quantity`; 0: the level is gone."""

    instrument_id: int
    seq: int
    side: Side
    price: int
    quantity: int


class Ladder:
    """One side of a book: quantities by price, the best price first."""

    def __init__(self, side: Side) -> None:
        self._sign = -1 if side is Side.BUY else 1
        self._keys: list[int] = []
        """Prices times the sign, ascending: the best comes first on either side."""
        self._quantities: dict[int, int] = {}

    def put(self, price: int, quantity: int) -> int:
        """Set the quantity at a price, 0 to remove it; returns the quantity before."""
        before = self._quantities.get(price, 0)
        if quantity:
            self._quantities[price] = quantity
        else:
            self._quantities.pop(price, None)
        if not before and quantity:
            self._keys.insert(bisect_left(self._keys, self._sign * price), self._sign * price)
        elif before and not quantity:
            del self._keys[bisect_left(self._keys, self._sign * price)]
        return before

    def top(self, depth: int) -> tuple[Level, ...]:
        """Return the best levels."""
        return tuple((price, self._quantities[price]) for price in (self._sign * key for key in self._keys[:depth]))

    def top_with(self, depth: int, instead: dict[int, int]) -> tuple[Level, ...]:
        """Return the best levels as they are with the quantities of `instead` at its prices."""
        untouched = (level for level in self.top(depth + len(instead)) if level[0] not in instead)
        levels = [*untouched, *((price, quantity) for price, quantity in instead.items() if quantity)]
        return tuple(sorted(levels, key=lambda level: self._sign * level[0])[:depth])


class Book:
    """The levels of an instrument after change `seq`."""

    def __init__(self, seq: int = 0, levels: Iterable[tuple[Side, int, int]] = ()) -> None:
        """Start from the levels (side, price, quantity) of a snapshot."""
        self.seq = seq
        self._bids = Ladder(Side.BUY)
        self._asks = Ladder(Side.SELL)
        self._replaced: deque[tuple[Side, int, int]] = deque(maxlen=KEPT_CHANGES)
        """(side, price, quantity before) of the latest changes, the last of them number `seq`."""
        for side, price, quantity in levels:
            self._ladder(side).put(price, quantity)

    def apply(self, change: LevelChanged) -> None:
        """Take in the next change; raises `OutOfStep` if it is not the next."""
        if change.seq != self.seq + 1:
            raise OutOfStep(f"book {change.instrument_id}: change {change.seq} came after {self.seq}")
        before = self._ladder(change.side).put(change.price, change.quantity)
        self._replaced.append((change.side, change.price, before))
        self.seq = change.seq

    def window(self, depth: int) -> Window:
        """Return the best levels of both sides."""
        return Window(self._bids.top(depth), self._asks.top(depth))

    def window_at(self, seq: int, depth: int) -> Window | None:
        """Return the best levels as they were after change `seq`; None if that is ahead, or no longer kept."""
        undone = self.seq - seq
        if not 0 <= undone <= len(self._replaced):
            return None
        before: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        for side, price, quantity in islice(reversed(self._replaced), undone):
            before[side][price] = quantity
        return Window(self._bids.top_with(depth, before[Side.BUY]), self._asks.top_with(depth, before[Side.SELL]))

    def _ladder(self, side: Side) -> Ladder:
        return self._bids if side is Side.BUY else self._asks
