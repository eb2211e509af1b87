"""Refusals of market_data."""

from services.kernel.refusal import Refusal, Unavailable


class ResumeUnknown(Refusal):
    """The position to resume from is of another epoch, ahead of the stream, or (trades) no longer kept."""

    reason = "RESUME_UNKNOWN"

    def __init__(self, epoch: int, seq: int) -> None:
        super().__init__(
            "The stream cannot go on from this position; subscribe without `resume`.",
            metadata={"epoch": str(epoch), "seq": str(seq)},
        )


class SlowConsumer(Refusal):
    """A stream that may not skip was read too slowly."""

    reason = "SLOW_CONSUMER"

    def __init__(self, last_seq: int) -> None:
        super().__init__(
            f"Trades came faster than they were read; read faster, and resume after trade {last_seq}.",
            metadata={"last_seq": str(last_seq)},
        )


class NotLive(Unavailable):
    """The mirror does not follow the engine right now."""

    def __init__(self) -> None:
        super().__init__("Market data does not follow the engine right now; retry shortly.", retry_after_ms=1_000)


class PositionUnknown(Refusal):
    """The engine does not keep the position that was to be resumed from."""

    reason = "POSITION_UNKNOWN"
