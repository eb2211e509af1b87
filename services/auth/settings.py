"""Settings of auth, from the environment: `EXCHANGE_POSTGRES_DSN`, `EXCHANGE_ACCESS_TOKEN_LIFETIME`, and so on.

Durations are written as 250ms, 30s, 15m or 2h.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from services.auth.hasher import HashCost
from services.auth.model import TokenLifetimes
from services.auth.throttle import ThrottleLimits
from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What this process is told."""

    postgres_dsn: str = field(repr=False)
    """Database of auth, migrated before the start."""
    redis_url: str = field(repr=False)
    """Where sessions and failed logins are shared with other processes, such as redis://127.0.0.1:6379/0."""
    vault_url: str
    """Vault or OpenBao, such as http://127.0.0.1:8200."""
    vault_role_id: str
    """AppRole of auth: it may sign with the key below and read its public half."""
    vault_secret_id: str = field(repr=False)
    """Secret of the AppRole."""
    vault_signing_key: str = "jwt"
    """Transit key, Ed25519, that signs access tokens."""
    engine_target: str
    """Address of the engine, host:port."""
    engine_server_name: str = "localhost"
    """DNS name in the engine's certificate."""
    kafka_servers: str
    """Brokers, host:port separated by commas."""
    registry_url: str
    """Schema registry with the Confluent API."""
    access_token_lifetime: timedelta = timedelta(minutes=15)
    """How long an access token lives."""
    refresh_token_lifetime: timedelta = timedelta(days=7)
    """How long a refresh token lives, and with it a session that nobody refreshes."""
    signing_key_lead: timedelta = timedelta(minutes=10)
    """How long a rotated key is published before it signs: as long as any gate keeps the key set in its cache."""
    login_failures: int = 5
    """Wrong passwords for one e-mail address from one network address before it has to wait."""
    login_window: timedelta = timedelta(minutes=15)
    """How long failures are remembered, from the first one on."""
    hash_passes: int = 3
    """Argon2id: passes over the memory."""
    hash_memory_kib: int = 65_536
    """Argon2id: memory of one hash in KiB; two hashes run at once."""
    hash_lanes: int = 4
    """Argon2id: threads of one hash."""

    @property
    def lifetimes(self) -> TokenLifetimes:
        """How long tokens live."""
        return TokenLifetimes(self.access_token_lifetime, self.refresh_token_lifetime)

    @property
    def throttle_limits(self) -> ThrottleLimits:
        """How many logins may fail."""
        return ThrottleLimits(self.login_failures, self.login_window)

    @property
    def hash_cost(self) -> HashCost:
        """What one password hash costs."""
        return HashCost(self.hash_passes, self.hash_memory_kib, self.hash_lanes)
