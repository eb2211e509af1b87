"""Give commands their place in the order of everything."""

from services.engine.ports import Pending, Shard
from services.engine.usecases.tell_time import EngineTime


class Submit:
    """Sequences batches, each with one stamp of time."""

    def __init__(self, shard: Shard, time: EngineTime) -> None:
        self._shard = shard
        self._time = time

    def __call__(self, batch: bytes, allowed_kinds: int) -> Pending:
        """Apply a serialized SubmitRequest; raises `ClockStepped`, `JournalDied`."""
        return self._shard.apply(batch, self._time.now_ns(), allowed_kinds)
