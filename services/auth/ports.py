"""What the use cases need of the world outside, each with a contract suite that its fake passes as well.

Every method that leaves the process raises `Unavailable` where the part behind it does not answer in time, unless it
says that it copes.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.auth.model import (
    AccessClaims,
    AccountOpening,
    Credentials,
    Email,
    NewUser,
    OpeningRequestId,
    RefreshToken,
    Session,
    SessionEndReason,
    Subaccount,
    TokenDigest,
    User,
    UserEvent,
    VerificationKey,
)
from services.kernel.ids import AccountId, RequestId, SessionId, UserId


class Transaction(Protocol):
    """One unit of work: all of it is kept when the block ends, none of it when the block raises."""

    async def insert_user(self, new: NewUser) -> User:
        """Keep a user and issue the next account number; raises `EmailTaken`."""
        ...

    async def lock_user(self, user_id: UserId) -> User | None:
        """Return the user; until the block ends, whoever else locks it waits."""
        ...

    async def insert_subaccount(self, made: Subaccount) -> None:
        """Keep a sub-account of a user that was locked before."""
        ...

    async def subaccount_by_request(self, user_id: UserId, request_id: RequestId) -> Subaccount | None:
        """Return the sub-account that the request of a user, locked before, made."""
        ...

    async def count_subaccounts(self, user_id: UserId) -> int:
        """Return how many sub-accounts a user, locked before, has."""
        ...

    async def insert_session(self, session: Session) -> None:
        """Keep a session that has just begun."""
        ...

    async def lock_session(self, session_id: SessionId) -> Session | None:
        """Return the session; until the block ends, whoever else locks it waits."""
        ...

    async def end_session(self, session_id: SessionId, reason: SessionEndReason, time: datetime) -> None:
        """Mark a lasting session, locked before, as ended."""
        ...

    async def insert_refresh_token(self, token: RefreshToken) -> None:
        """Keep a token of a session that was inserted or locked before."""
        ...

    async def refresh_token(self, digest: TokenDigest) -> RefreshToken | None:
        """Return a token of a session that was locked before."""
        ...

    async def spend_refresh_token(self, digest: TokenDigest, time: datetime) -> None:
        """Mark a live token as spent, and forget the tokens of its session that expired before `time`."""
        ...

    async def announce(self, event: UserEvent) -> None:
        """Have the event published once the block has ended well, sooner or later."""
        ...

    async def request_revocation(self, session_id: SessionId) -> None:
        """Have every gate refuse the session once the block has ended well, sooner or later."""
        ...

    async def request_opening(self, opening: AccountOpening) -> OpeningRequestId:
        """Have the engine open the account once the block has ended well, sooner or later."""
        ...


class Store(Protocol):
    """What auth must not forget."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a unit of work; no other part of the exchange may be called inside."""
        ...

    async def credentials(self, email: Email) -> Credentials | None:
        """Return the user with this address, and the hash of the user's password."""
        ...

    async def user(self, user_id: UserId) -> User | None:
        """Return the user with this number."""
        ...

    async def session_of(self, digest: TokenDigest) -> Session | None:
        """Return the session that a refresh token belongs to, without locking it."""
        ...

    async def has_subaccount(self, user_id: UserId, account_id: AccountId) -> bool:
        """Tell whether the account is a sub-account of the user."""
        ...

    async def subaccounts(self, user_id: UserId, after: AccountId, limit: int) -> Sequence[Subaccount]:
        """Return the user's first sub-accounts with a number above `after`, in their order."""
        ...


class Openings(Protocol):
    """Account openings on their way to the engine."""

    async def opened(self, request: OpeningRequestId) -> bool:
        """Wait until the engine has opened the account; False if it has not while the call can wait.

        Copes with everything that is down: the request is kept, the account will be opened.
        """
        ...


class PasswordHasher(Protocol):
    """Turns passwords into what may be stored. Raises `LimitExceeded` when too many wait for their turn."""

    async def hash(self, password: str) -> str:
        """Return a salted hash that names its own parameters."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password made the hash; None takes as long and is never true."""
        ...


class Signer(Protocol):
    """Signs access tokens with a key that only the vault knows."""

    async def sign(self, claims: AccessClaims) -> str:
        """Return the claims as a JWT (EdDSA) in compact form, signed by the newest key that verifiers know of."""
        ...

    async def verification_keys(self) -> Sequence[VerificationKey]:
        """Return every key whose tokens may still live, the oldest first."""
        ...


class Sessions(Protocol):
    """What the gates of all services look at to refuse tokens of ended sessions at once.

    Both methods cope with a lost server: then tokens live until they expire, or until the revocation that was requested
    with the session's end arrives.
    """

    async def keep(self, session_id: SessionId) -> None:
        """Mark the session as lasting for as long as a refresh token lives from now on; one that has ended stays so."""
        ...

    async def revoke(self, session_id: SessionId) -> None:
        """Mark the session as ended, as long as an access token may live."""
        ...


class LoginThrottle(Protocol):
    """Counts failed logins by a key, over a window that starts with the first of them."""

    async def wait_ms(self, key: str) -> int:
        """Return how long until the key may try again; 0 if it may try now."""
        ...

    async def failed(self, key: str) -> None:
        """Count a failure."""
        ...

    async def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        ...
