"""A bound on how many commands the demo sends.

A command that is sent again takes no second token: there is one a desk and a taker at most, and its backoff spaces it.
"""

import asyncio
from collections.abc import Callable

MAX_COMMANDS_PER_S = 45.0
BURST_COMMANDS = 10


class TokenBucket:
    """Lets `burst` commands through at once and `per_second` in the long run; who comes late waits in turn."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._counted_at = clock()

    def reserve_s(self) -> float:
        """Take the next token and give the seconds until it may be spent."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._per_second) - 1
        self._counted_at = now
        return max(0.0, -self._tokens / self._per_second)

    async def take(self) -> None:
        """Wait for the next token."""
        await asyncio.sleep(self.reserve_s())
