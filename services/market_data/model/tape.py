"""An instrument's trades: how many there were, and the latest of them.

1. `seq` numbers the trades as the engine does, contiguous from 1; each trade is the one after the last, or `OutOfStep`.
2. The last `KEPT_TRADES` are kept, without a hole.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.market_data.model.book import OutOfStep, Side

KEPT_TRADES = 10_000


@dataclass(frozen=True, slots=True)
class Trade:
    """Two orders traded; integers are at the instrument's scales, time is the engine's, nanoseconds since 1970."""

    instrument_id: int
    trade_id: int
    seq: int
    price: int
    quantity: int
    taker_side: Side
    time_ns: int


class Tape:
    """The trades of an instrument up to number `seq`."""

    def __init__(self, seq: int = 0, earlier: Iterable[Trade] = ()) -> None:
        """Start after trade `seq`; of the `earlier` ones, in order, those that end there without a hole are kept."""
        self.seq = seq
        self._trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        for trade in reversed([trade for trade in earlier if trade.seq <= seq]):
            if len(self._trades) == KEPT_TRADES or trade.seq != seq - len(self._trades):
                break
            self._trades.appendleft(trade)

    def append(self, trade: Trade) -> None:
        """Take in the next trade; raises `OutOfStep` if it is not the next."""
        if trade.seq != self.seq + 1:
            raise OutOfStep(f"trades of {trade.instrument_id}: number {trade.seq} came after {self.seq}")
        self._trades.append(trade)
        self.seq = trade.seq

    def since(self, seq: int, limit: int) -> Sequence[Trade] | None:
        """Return the first trades after number `seq`; None if that is ahead, or they are no longer all kept."""
        count = self.seq - seq
        if not 0 <= count <= len(self._trades):
            return None
        return [self._trades[place] for place in range(-count, min(limit - count, 0))]
