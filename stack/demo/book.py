"""A local book: the quantity at each price, for both sides.

Invariants: 1. every stored quantity is positive; 2. a price is stored once a side; 3. prices and quantities are
integers, in the units of whoever tells them. Deliberately absent: any check that the sides do not cross. The teller's
word is taken.
"""

import heapq
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from stack.demo.protocol import Level


class Book:
    """Both sides of one symbol, changed only by whole messages."""

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    @property
    def bids(self) -> Mapping[int, int]:
        """Quantity by price, in no order."""
        return MappingProxyType(self._bids)

    @property
    def asks(self) -> Mapping[int, int]:
        """Quantity by price, in no order."""
        return MappingProxyType(self._asks)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forget everything and take over the levels of a snapshot."""
        self._bids.clear()
        self._asks.clear()
        self.change(bids, asks)

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set the quantities of an update; the delete of a price that is not there is normal, and does nothing."""
        _set_levels(self._bids, bids)
        _set_levels(self._asks, asks)

    def best_bids(self, count: int) -> list[Level]:
        """Return the `count` highest bids, best first; fewer if the side is shorter."""
        return heapq.nlargest(count, self._bids.items())

    def best_asks(self, count: int) -> list[Level]:
        """Return the `count` lowest asks, best first; fewer if the side is shorter."""
        return heapq.nsmallest(count, self._asks.items())


def _set_levels(side: dict[int, int], levels: Iterable[Level]) -> None:
    for price, quantity in levels:
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
