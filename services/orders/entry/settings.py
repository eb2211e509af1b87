"""Settings of order entry, from the environment: `EXCHANGE_ENGINE_TARGET`, `EXCHANGE_ROOM_BYTES`, and so on."""

from dataclasses import dataclass
from datetime import timedelta

from services.orders.settings import GatewaySettings


@dataclass(frozen=True, kw_only=True)
class EntrySettings(GatewaySettings):
    """What this process is told."""

    room_bytes: int = 256 * 1024 * 1024
    """How much memory the batches of all streams may take on their way, at least eight times a message."""
    max_calls: int = 20_000
    """Streams that are open at once, most of them idle."""
    grace: timedelta = timedelta(seconds=15)
    stream_grace: timedelta = timedelta(seconds=12)
    """Clients are told of a drain, and take their sessions elsewhere meanwhile."""
