"""Settings of orders, from the environment: `EXCHANGE_ENGINE_TARGET`, `EXCHANGE_POSTGRES_DSN`, and so on."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.orders.model.rates import Rate, RateLimits, Token
from services.runtime.run import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class GatewaySettings(ProcessSettings):
    """What every process is told by which accounts give commands."""

    engine_target: str
    """Address of the engine, host:port."""
    auth_target: str
    """Address of auth, host:port: its public keys verify tokens."""
    redis_url: str
    """Where revoked sessions are told and rates are counted, e.g. "redis://127.0.0.1:6379/0"."""
    account_orders_per_s: int = 200_000
    """Orders that an account may enter or amend a second; of a batch each item counts."""
    account_cancels_per_s: int = 200_000
    """Cancels of an account a second; they are counted apart from all else."""
    account_messages_per_s: int = 4_000
    """All other requests of an account a second, batches counted once."""
    key_orders_per_s: int = 100_000
    """The same for each key of an account, that is for each session it logged in to."""
    key_cancels_per_s: int = 100_000
    """The same."""
    key_messages_per_s: int = 2_000
    """The same."""
    rate_burst: timedelta = timedelta(seconds=2)
    """How long a rate may be saved up by those who did not use it."""
    gateways: int = 2
    """Processes that share the rates, those of orders and of order entry together: while Redis is lost, each lets
    through its part."""

    @property
    def rate_limits(self) -> RateLimits:
        """How often accounts and keys may ask."""
        return RateLimits(
            account=self._rates(self.account_orders_per_s, self.account_cancels_per_s, self.account_messages_per_s),
            key=self._rates(self.key_orders_per_s, self.key_cancels_per_s, self.key_messages_per_s),
        )

    def _rates(self, orders: int, cancels: int, messages: int) -> dict[Token, Rate]:
        per_s = {Token.ORDERS: orders, Token.CANCELS: cancels, Token.MESSAGES: messages}
        return {token: Rate(rate, max(int(rate * self.rate_burst.total_seconds()), 1)) for token, rate in per_s.items()}


@dataclass(frozen=True, kw_only=True)
class Settings(GatewaySettings):
    """What this process is told."""

    postgres_dsn: str = field(repr=False)
    """Database of the history, e.g. "postgresql://orders@127.0.0.1:5432/orders"."""
    history_wait: timedelta = timedelta(seconds=2)
    """How long a read waits for the history to come as far as the engine was, at most; the call's deadline may be
    shorter."""
    max_account_streams: int = 2_000
    """Private streams that this process serves at once; more are refused."""
    recent_events_bytes: int = 256 * 1024 * 1024
    """How much of the latest private events this process keeps; what is older comes from the history."""
