"""Settings of orders, from the environment: `EXCHANGE_ENGINE_TARGET`, `EXCHANGE_POSTGRES_DSN`, and so on."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What this process is told."""

    engine_target: str
    """Address of the engine, host:port."""
    auth_target: str
    """Address of auth, host:port: its public keys verify tokens."""
    postgres_dsn: str = field(repr=False)
    """Database of the history, e.g. "postgresql://orders@127.0.0.1:5432/orders"."""
    redis_url: str
    """Where revoked sessions are told, e.g. "redis://127.0.0.1:6379/0"."""
    history_wait: timedelta = timedelta(seconds=2)
    """How long a read waits for the history to come as far as the engine was, at most; the call's deadline may be
    shorter."""
