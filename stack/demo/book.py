"""A local book: the quantity at each price, for both sides.

Invariants: 1. every stored quantity is positive; 2. a price is stored once a side; 3. prices and quantities are
integers in the feed's units. Deliberately absent: any check that the sides do not cross. The feed's word is taken.
"""

import heapq
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from stack.demo.protocol import DepthSnapshot, DepthUpdate, Level


class Book:
    """Both sides of one symbol, changed only by whole messages of the feed."""

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

    def replace(self, snapshot: DepthSnapshot) -> None:
        """Forget everything and take over the snapshot."""
        self._bids.clear()
        self._asks.clear()
        _set_levels(self._bids, snapshot.bids)
        _set_levels(self._asks, snapshot.asks)

    def apply(self, update: DepthUpdate) -> None:
        """Set the quantities of the update; the delete of a price that is not there is normal, and does nothing."""
        _set_levels(self._bids, update.bids)
        _set_levels(self._asks, update.asks)

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
