"""Identifiers: a type for each kind, and where new ones come from.

Users, sessions and whatever a service names itself carry UUIDs of version 7, which sort by the time they were made.
Accounts are numbers that auth issues; orders, trades and sequence numbers are the engine's.
"""

from typing import NewType, Protocol
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.entropy import Entropy

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
AccountId = NewType("AccountId", int)
OrderId = NewType("OrderId", int)
ClientOrderId = NewType("ClientOrderId", str)
RequestId = NewType("RequestId", str)
TradeId = NewType("TradeId", int)
InstrumentId = NewType("InstrumentId", int)
AssetId = NewType("AssetId", int)
EngineSeq = NewType("EngineSeq", int)

_NS_PER_MS = 1_000_000


class Ids(Protocol):
    """Makes identifiers that nobody has used."""

    def new(self) -> UUID:
        """Make a fresh UUID of version 7."""
        ...


class Uuid7Ids:
    """UUIDs of version 7 (RFC 9562, 5.7): milliseconds, then the fraction of the millisecond, then 62 random bits.

    With a `ManualClock` and a `SeededEntropy` the sequence is the same on each run.
    """

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    def new(self) -> UUID:
        """Make a fresh UUID; those of one process and one clock sort by their making, to a quarter of a microsecond."""
        milliseconds, rest_ns = divmod(self._clock.now_ns(), _NS_PER_MS)
        fraction = (rest_ns << 12) // _NS_PER_MS
        random_bits = int.from_bytes(self._entropy.take(8), "big") >> 2
        return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_bits)
