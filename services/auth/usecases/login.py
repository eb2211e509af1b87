"""Starts a session for who knows the password."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.auth.errors import AccountNotFound, InvalidCredentials, LoginThrottled, ScopeNotGranted
from services.auth.model import (
    FIRM_SCOPES,
    Email,
    RefreshToken,
    Scope,
    Session,
    SessionStarted,
    TokenPair,
    User,
    UserEvent,
    email_of,
)
from services.auth.ports import LoginThrottle, PasswordHasher, Sessions, Store
from services.auth.usecases.issue_tokens import IssueTokens
from services.kernel.clock import Clock
from services.kernel.ids import AccountId, Ids, SessionId


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Who wants a session, from where, and what its tokens shall allow: all that the user may have if empty.

    `account_id` is the account that they shall act for: the user's own if None.
    """

    email: str
    password: str = field(repr=False)
    scopes: tuple[str, ...]
    client_address: str
    account_id: AccountId | None = None


@dataclass(frozen=True)
class Login:
    """Asks the throttle before and after the password.

    Before, so that a throttled client costs nothing; after, so that a guess which ran beside others finds out nothing
    once they have used up the attempts.
    """

    store: Store
    hasher: PasswordHasher
    throttle: LoginThrottle
    sessions: Sessions
    issue_tokens: IssueTokens
    clock: Clock
    ids: Ids

    async def __call__(self, attempt: LoginAttempt) -> tuple[User, TokenPair]:
        """Return the user and the first tokens.

        Raises `LoginThrottled`, `InvalidCredentials`, `AccountNotFound`, `ScopeNotGranted`.
        """
        user = await self._authenticated(email_of(attempt.email), attempt)
        account_id = await self._account(user, attempt.account_id)
        now, scopes = self.clock.now(), granted(user, account_id, attempt.scopes)
        session = Session(SessionId(self.ids.new()), user.user_id, account_id, scopes, start_time=now)
        pair, refresh_token = await self.issue_tokens(session, now)
        await self._begin(session, refresh_token, now)
        await self.sessions.keep(session.session_id)
        return user, pair

    async def _authenticated(self, email: Email, attempt: LoginAttempt) -> User:
        key = f"{email} {attempt.client_address}"
        await self._check_throttle(key)
        credentials = await self.store.credentials(email)
        password_hash = credentials.password_hash if credentials else None
        right = await self.hasher.verify(password_hash, attempt.password)
        await self._check_throttle(key)
        if credentials is None or not right:
            await self.throttle.failed(key)
            raise InvalidCredentials
        await self.throttle.succeeded(key)
        return credentials.user

    async def _check_throttle(self, key: str) -> None:
        if wait_ms := await self.throttle.wait_ms(key):
            raise LoginThrottled(wait_ms)

    async def _account(self, user: User, asked: AccountId | None) -> AccountId:
        if asked is None or asked == user.account_id:
            return user.account_id
        if not await self.store.has_subaccount(user.user_id, asked):
            raise AccountNotFound(asked)
        return asked

    async def _begin(self, session: Session, refresh_token: RefreshToken, now: datetime) -> None:
        started = SessionStarted(session.session_id, session.scopes)
        async with self.store.transaction() as transaction:
            await transaction.insert_session(session)
            await transaction.insert_refresh_token(refresh_token)
            await transaction.announce(UserEvent(now, session.user_id, session.account_id, started))


def granted(user: User, account_id: AccountId, asked: Sequence[str]) -> tuple[Scope, ...]:
    """Return the scopes that the session gets, sorted; raises `ScopeNotGranted` for one that it may not have."""
    own = account_id == user.account_id
    allowed = set(user.scopes) if own else set(user.scopes) - FIRM_SCOPES
    for scope in asked:
        if scope not in allowed:
            raise ScopeNotGranted(scope)
    return tuple(sorted(Scope(scope) for scope in asked or allowed))
