"""Engine time: the wall clock as long as it can be trusted."""

from services.engine.errors import ClockStepped
from services.kernel.clock import Clock

STEP_LIMIT_NS = 5_000_000_000


class EngineTime:
    """Stamps batches. Once the clocks have departed from each other it refuses for good: an operator looks first."""

    def __init__(self, clock: Clock, not_before_ns: int) -> None:
        self._clock = clock
        self._offset_ns = clock.now_ns() - clock.monotonic_ns()
        self._stepped = clock.now_ns() < not_before_ns - STEP_LIMIT_NS

    def now_ns(self) -> int:
        """Return nanoseconds since 1970; raises `ClockStepped`."""
        now_ns = self._clock.now_ns()
        departed_ns = now_ns - self._clock.monotonic_ns() - self._offset_ns
        if self._stepped or abs(departed_ns) > STEP_LIMIT_NS:
            self._stepped = True
            raise ClockStepped
        return now_ns
