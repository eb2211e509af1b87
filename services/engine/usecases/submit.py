"""Give commands their place in the order of everything."""

from dataclasses import dataclass

from services.engine.ports import Pending, Shard
from services.engine.usecases.tell_time import EngineTime
from services.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch that has been matched, and when it had its turn, in nanoseconds since 1970."""

    pending: Pending
    sequenced_ns: int
    matched_ns: int


class Submit:
    """Sequences batches, each with one stamp of time."""

    def __init__(self, shard: Shard, time: EngineTime, clock: Clock) -> None:
        self._shard = shard
        self._time = time
        self._clock = clock

    def __call__(self, batch: bytes, allowed_kinds: int) -> Submitted:
        """Apply a serialized SubmitRequest; raises `ClockStepped`, `JournalDied`."""
        now_ns = self._time.now_ns()
        pending = self._shard.apply(batch, now_ns, allowed_kinds)
        return Submitted(pending, now_ns, self._clock.now_ns())
