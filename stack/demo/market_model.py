"""A random market for one symbol, on integers: the order flow behind a generated session.

The book is a ladder of price steps around a fair price: bids at and below it, asks above. Each turn
1. the fair price may move a step, because a taker sweeps the best level in its way;
2. a small taker may hit the best level;
3. a level near the top may change its size;
4. the ladder is filled up around the new price and cut at its far ends.
The fair price is drawn back to where it began, so a market that runs for days stays in sight of it.
"""

import random
from dataclasses import dataclass, field

LADDER_STEPS = 40
_CHURNED_STEPS = 15
_CHURN_PERCENT = 30
_MOVE_PERCENT = 8
_SMALL_TAKER_PERCENT = 12
_PULL_STEPS = 400
"""At this distance from the start every move leads back."""


@dataclass(frozen=True)
class ModelTrade:
    """A taker's execution at one step of the ladder."""

    step: int
    lots: int
    buyer_is_maker: bool


@dataclass
class Turn:
    """What one turn did: new absolute lots by step, a side each, and the trades in order."""

    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    trades: list[ModelTrade] = field(default_factory=list)


class MarketModel:
    """The ladder of one symbol, advanced turn by turn; equal seeds give equal markets.

    Invariants: every bid is at most `fair`, every ask above it; both sides have LADDER_STEPS levels between turns.
    """

    def __init__(self, start: int, typical_lots: int, entropy: random.Random) -> None:
        if start <= LADDER_STEPS + _PULL_STEPS:
            raise ValueError("the price could reach zero")
        self._start = self._fair = start
        self._typical_lots = typical_lots
        self._entropy = entropy
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._fill(Turn())

    def turn(self) -> Turn:
        """Advance by one turn."""
        turn = Turn()
        self._move(turn)
        if self._chance(_SMALL_TAKER_PERCENT):
            self._small_taker(turn)
        self._churn(turn)
        self._fill(turn)
        return turn

    def _move(self, turn: Turn) -> None:
        if not self._chance(_MOVE_PERCENT):
            return
        up = self._entropy.randrange(2 * _PULL_STEPS) >= _PULL_STEPS + self._fair - self._start
        if up:
            self._fair += 1
            self._take(turn, self._fair, self.asks[self._fair], buy=True)
        else:
            self._take(turn, self._fair, self.bids[self._fair], buy=False)
            self._fair -= 1

    def _small_taker(self, turn: Turn) -> None:
        buy = self._chance(50)
        step = self._fair + 1 if buy else self._fair
        resting = (self.asks if buy else self.bids).get(step, 0)
        # Less than the level, so that only a move changes the best price.
        if resting > 1:
            self._take(turn, step, self._entropy.randrange(1, min(resting, self._typical_lots + 1)), buy)

    def _take(self, turn: Turn, step: int, lots: int, buy: bool) -> None:
        side, changes = (self.asks, turn.asks) if buy else (self.bids, turn.bids)
        self._set(side, changes, step, side[step] - lots)
        turn.trades.append(ModelTrade(step, lots, buyer_is_maker=not buy))

    def _churn(self, turn: Turn) -> None:
        if not self._chance(_CHURN_PERCENT):
            return
        distance = self._entropy.randrange(_CHURNED_STEPS)
        if self._chance(50):
            self._set(self.bids, turn.bids, self._fair - distance, self._lots(distance))
        else:
            self._set(self.asks, turn.asks, self._fair + 1 + distance, self._lots(distance))

    def _fill(self, turn: Turn) -> None:
        for distance in range(LADDER_STEPS):
            bid, ask = self._fair - distance, self._fair + 1 + distance
            if bid not in self.bids:
                self._set(self.bids, turn.bids, bid, self._lots(distance))
            if ask not in self.asks:
                self._set(self.asks, turn.asks, ask, self._lots(distance))
        for bid in [step for step in self.bids if step <= self._fair - LADDER_STEPS]:
            self._set(self.bids, turn.bids, bid, 0)
        for ask in [step for step in self.asks if step > self._fair + LADDER_STEPS]:
            self._set(self.asks, turn.asks, ask, 0)

    def _lots(self, distance: int) -> int:
        """Draw a size: larger away from the top, with a long tail."""
        typical = self._typical_lots * (4 + min(distance, 12)) // 4
        return 1 + self._entropy.randrange(typical) * self._entropy.choice((1, 1, 1, 2, 4))

    def _chance(self, percent: int) -> bool:
        return self._entropy.randrange(100) < percent

    @staticmethod
    def _set(side: dict[int, int], changes: dict[int, int], step: int, lots: int) -> None:
        changes[step] = lots
        if lots:
            side[step] = lots
        else:
            del side[step]
