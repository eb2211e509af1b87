"""Users, their sessions and tokens, as auth thinks of them.

1. A session has one family of refresh tokens: each token buys the next, once. The family ends with its session.
2. A session ends once, for one reason, and never begins again.
3. Passwords and tokens in clear are never part of a `repr`, so they cannot slip into a log.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NewType

from services.kernel.ids import AccountId, RequestId, SessionId, UserId

Email = NewType("Email", str)
"""An e-mail address in lower case."""
Scope = NewType("Scope", str)
"""What a token allows, such as `orders:write`."""
TokenDigest = NewType("TokenDigest", bytes)
"""SHA-256 of a refresh token: what is stored of it."""
OpeningRequestId = NewType("OpeningRequestId", int)
"""A request to open an account, on its way to the engine."""

FIRM_SCOPES = frozenset({Scope("drop_copy:read"), Scope("subaccounts:read"), Scope("subaccounts:write")})
"""What concerns all accounts of a firm: not for a session of one sub-account, so that it never sees beside itself."""

DEFAULT_SCOPES = (
    Scope("account:read"),
    Scope("drop_copy:read"),
    Scope("orders:read"),
    Scope("orders:write"),
    Scope("sandbox:fund"),
    Scope("subaccounts:read"),
    Scope("subaccounts:write"),
    Scope("wallets:read"),
)
"""What a new user may do."""


def email_of(text: str) -> Email:
    """Return the address in the one form that is stored and compared."""
    return Email(text.lower())


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in, a person or a firm, with the trading account that came with the registration."""

    user_id: UserId
    account_id: AccountId
    email: Email
    scopes: tuple[Scope, ...]
    create_time: datetime


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user before the store has issued the account number."""

    user_id: UserId
    email: Email
    password_hash: str = field(repr=False)
    scopes: tuple[Scope, ...]
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and the hash that the user's password must match."""

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subaccount:
    """An account of a user beside the user's own, made by a request that is kept for good."""

    account_id: AccountId
    user_id: UserId
    request_id: RequestId
    label: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """A trading account as the engine shall open it; fees in millionths of the notional.

    Accounts of one self-trade group never trade with each other: all of a firm's are in that of the firm's own.
    """

    account_id: AccountId
    taker_fee_ppm: int
    maker_fee_ppm: int
    self_trade_group_id: AccountId


class SessionEndReason(Enum):
    """Why a session ended; the value is what the store keeps."""

    LOGOUT = "LOGOUT"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105 - a reason, no password


@dataclass(frozen=True, slots=True)
class Session:
    """A login and everything refreshed from it, for one account; `end_reason` is None while it lasts."""

    session_id: SessionId
    user_id: UserId
    account_id: AccountId
    scopes: tuple[Scope, ...]
    start_time: datetime
    end_reason: SessionEndReason | None = None


class RefreshTokenState(Enum):
    """What a refresh token is good for now."""

    LIVE = auto()
    SPENT = auto()
    EXPIRED = auto()
    REVOKED = auto()


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of a session's family."""

    digest: TokenDigest
    session_id: SessionId
    expire_time: datetime
    spent: bool = False

    def state(self, session: Session, now: datetime) -> RefreshTokenState:
        """Tell what the token is good for; a spent one of a lasting session is a theft until proved otherwise."""
        assert session.session_id == self.session_id
        if session.end_reason is not None:
            return RefreshTokenState.REVOKED
        if now >= self.expire_time:
            return RefreshTokenState.EXPIRED
        return RefreshTokenState.SPENT if self.spent else RefreshTokenState.LIVE


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says."""

    user_id: UserId
    account_id: AccountId
    session_id: SessionId
    scopes: tuple[Scope, ...]
    issue_time: datetime
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login or a refresh gives."""

    access_token: str = field(repr=False)
    access_expire_time: datetime
    refresh_token: str = field(repr=False)
    refresh_expire_time: datetime
    scopes: tuple[Scope, ...]
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """How long tokens live; a refresh starts both anew."""

    access: timedelta
    refresh: timedelta


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public Ed25519 key of 32 bytes that verifies access tokens, under the id in their header."""

    key_id: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """A user came into being."""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session began."""

    session_id: SessionId
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session ended."""

    session_id: SessionId
    reason: SessionEndReason


@dataclass(frozen=True, slots=True)
class SubaccountCreated:
    """A user made a sub-account."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class UserEvent:
    """Something others may want to know of a user; carries no secrets, no addresses and no labels."""

    time: datetime
    user_id: UserId
    account_id: AccountId
    what: UserRegistered | SessionStarted | SessionEnded | SubaccountCreated
