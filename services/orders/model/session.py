"""Trading sessions, to which cancel-on-disconnect binds, as their owners ask for them and as the engine takes them."""

from dataclasses import dataclass

from services.kernel.ids import AccountId
from services.orders.model.words import DisconnectScope

DEFAULT_GRACE_MS = 5_000
DEFAULT_HEARTBEAT_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """A session as its owner asks for it; without a number, one is drawn."""

    account_id: AccountId
    session_id: int | None
    scope: DisconnectScope
    grace_ms: int = DEFAULT_GRACE_MS
    heartbeat_timeout_ms: int = DEFAULT_HEARTBEAT_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as the engine opens it, by a gateway, on a connection."""

    account_id: AccountId
    session_id: int
    gateway_id: int
    connection_id: int
    scope: DisconnectScope
    grace_ms: int
    heartbeat_timeout_ms: int
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is open. Its epoch, the number of the command that opened it, names this connection of it."""

    account_id: AccountId
    session_id: int
    epoch: int
    grace_ms: int
    heartbeat_timeout_ms: int
