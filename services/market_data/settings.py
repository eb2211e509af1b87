"""Settings of market_data, from the environment: `EXCHANGE_ENGINE_TARGET`, `EXCHANGE_PUBLISH_TICK`, and so on."""

from dataclasses import dataclass
from datetime import timedelta

from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What this process is told."""

    engine_target: str
    """Address of the engine, host:port."""
    max_subscribers: int = 2_000
    """Streams that this process serves at once; more are refused."""
    publish_tick: timedelta = timedelta(milliseconds=10)
    """A book's changes are gathered for this long, then told in one message."""
    earlier_commands: int = 20_000
    """How many commands before a snapshot are read for their trades, so that trade streams can be resumed."""
