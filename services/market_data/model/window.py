"""The part of a book that a subscriber sees: its best levels, what changed between two views, and their checksum.

1. A level is (price, quantity) in integers at the instrument's scales; a quantity of 0 stands in changes only.
2. Bids stand high to low, asks low to high, in views and in changes alike.
3. Views hold no zero quantities and no price twice.
"""

import struct
import zlib
from dataclasses import dataclass

Level = tuple[int, int]
"""Price and quantity."""

CHECKSUM_DEPTH = 10
"""Levels a side under the checksum, whatever the depth."""

DEPTHS = (1, 10, 50, 200, 1_000)
"""Levels a side that a subscriber may ask for."""


@dataclass(frozen=True, slots=True)
class Window:
    """The best levels of both sides; or, as the outcome of `changes`, the levels to set, 0 deleting one."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.bids or self.asks)


def changes(before: Window, after: Window) -> Window:
    """Return the levels that turn `before` into `after`, among them those that crossed the edge of the view."""
    return Window(
        bids=tuple(sorted(_changed(before.bids, after.bids), reverse=True)),
        asks=tuple(sorted(_changed(before.asks, after.asks))),
    )


def _changed(before: tuple[Level, ...], after: tuple[Level, ...]) -> list[Level]:
    if before == after:
        return []
    prices = {price for price, _ in after}
    gone = [(price, 0) for price, _ in before if price not in prices]
    return gone + list(set(after).difference(before))


def checksum(window: Window) -> int:
    """Return the zlib CRC-32 over the top 10: asks low to high, then bids high to low.

    Each level counts as price, then quantity, in 64-bit big-endian two's complement.
    """
    levels = window.asks[:CHECKSUM_DEPTH] + window.bids[:CHECKSUM_DEPTH]
    numbers = [number for level in levels for number in level]
    return zlib.crc32(struct.pack(f">{len(numbers)}q", *numbers))
