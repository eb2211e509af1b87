"""What the relay is told at its start."""

from dataclasses import dataclass
from pathlib import Path

from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class RelaySettings(ProcessSettings):
    """`position_file` says how far Kafka has acknowledged; without it the relay starts at the beginning of the log."""

    engine_target: str
    """Engine, host:port."""
    kafka_servers: str
    """Brokers, host:port separated by commas."""
    registry_url: str
    """Schema registry with the Confluent API."""
    position_file: Path
    engine_server_name: str = "localhost"
    """DNS name in the engine's certificate."""
