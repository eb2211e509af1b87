"""How long to wait before the next attempt: longer each time, never more than a limit, never in step with others."""

from datetime import timedelta

from services.kernel.clock import Clock
from services.kernel.entropy import Entropy

FIRST = timedelta(milliseconds=50)
LONGEST = timedelta(seconds=2)


class Backoff:
    """Doubles from FIRST to LONGEST, and takes a random part between half and all of it."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._next = FIRST

    async def pause(self) -> None:
        """Wait before the next attempt."""
        wait, self._next = self._next, min(self._next * 2, LONGEST)
        share = 0.5 + self._entropy.take(1)[0] / 512
        await self._clock.sleep(wait * share)

    def reset(self) -> None:
        """Start over after a success."""
        self._next = FIRST
