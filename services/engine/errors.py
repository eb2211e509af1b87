"""Refusals of the engine's process. Those of the core itself travel in the answers, by their number."""

from services.kernel.refusal import Refusal, Unavailable


class ClockStepped(Refusal):
    """The wall clock cannot be trusted."""

    reason = "CLOCK_STEPPED"

    def __init__(self) -> None:
        super().__init__("The engine's clock has stepped; nothing is sequenced until an operator restarts the engine.")


class JournalDied(Unavailable):
    """The journal could not be written; whether the last commands took effect is unknown until the restart."""

    def __init__(self) -> None:
        super().__init__("The engine's journal has failed; retry with the same ids once the engine is back.")


class DiskFull(Unavailable):
    """There is no space for more commands; reads go on."""

    def __init__(self) -> None:
        super().__init__("The engine's disk is full; retry with the same ids once there is room.")


class SnapshotFailed(Unavailable):
    """The snapshot could not be written; the journal is not affected."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"The snapshot was not written: {cause}.")


class StateDiverged(Unavailable):
    """Two cores came to different states by the same commands; the engine stops, and its next start replays."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"The engine stops, its state cannot be trusted: {cause}.")


class PositionUnknown(Refusal):
    """The position is not one of this history."""

    reason = "POSITION_UNKNOWN"


class UnknownAccount(Refusal):
    """The engine has no such account."""

    reason = "UNKNOWN_ACCOUNT"

    def __init__(self, account_id: int) -> None:
        super().__init__(f"The engine has no account {account_id}; retry after a moment if it is new.")
