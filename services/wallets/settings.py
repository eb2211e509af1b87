"""Settings of wallets, from the environment: `EXCHANGE_POSTGRES_DSN`, `EXCHANGE_ENGINE_TARGET`, and so on."""

from dataclasses import dataclass

from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What this process is told."""

    postgres_dsn: str
    """The ledger's own database, migrated."""
    redis_url: str
    """Where auth marks revoked sessions."""
    auth_target: str
    """Address of auth, host:port."""
    engine_target: str
    """Address of the engine, host:port."""
    sandbox: bool = False
    """Serve SandboxService: play money, for the local stack only."""
