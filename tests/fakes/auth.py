"""What auth's ports mean, in memory. Each passes the suite of tests/contract/auth, as the real adapter does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth.access_token import compact, signing_input
from services.auth.errors import EmailTaken
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
from services.kernel.entropy import SeededEntropy
from services.kernel.ids import AccountId, RequestId, SessionId, UserId
from services.kernel.refusal import Unavailable

FIRST_ACCOUNT_ID = 1001


@dataclass
class _Tables:
    """Everything a unit of work may change; a copy of it is what a unit of work changes."""

    credentials: dict[Email, Credentials] = field(default_factory=dict)
    subaccounts: dict[AccountId, Subaccount] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    tokens: dict[TokenDigest, RefreshToken] = field(default_factory=dict)
    events: list[UserEvent] = field(default_factory=list)
    openings: list[AccountOpening] = field(default_factory=list)
    revocations: list[SessionId] = field(default_factory=list)

    def copy(self) -> "_Tables":
        return _Tables(**{each.name: getattr(self, each.name).copy() for each in fields(self)})


class MemoryTransaction:
    """A unit of work on a copy of the tables."""

    def __init__(self, tables: _Tables, account_id: AccountId) -> None:
        self._tables = tables
        self._account_id = account_id

    async def insert_user(self, new: NewUser) -> User:
        if new.email in self._tables.credentials:
            raise EmailTaken
        user = User(new.user_id, self._account_id, new.email, new.scopes, new.create_time)
        self._tables.credentials[new.email] = Credentials(user, new.password_hash)
        return user

    async def lock_user(self, user_id: UserId) -> User | None:
        return _user(self._tables, user_id)

    async def insert_subaccount(self, made: Subaccount) -> None:
        self._tables.subaccounts[made.account_id] = made

    async def subaccount_by_request(self, user_id: UserId, request_id: RequestId) -> Subaccount | None:
        return next((each for each in _subaccounts(self._tables, user_id) if each.request_id == request_id), None)

    async def count_subaccounts(self, user_id: UserId) -> int:
        return len(_subaccounts(self._tables, user_id))

    async def insert_session(self, session: Session) -> None:
        self._tables.sessions[session.session_id] = session

    async def lock_session(self, session_id: SessionId) -> Session | None:
        return self._tables.sessions.get(session_id)

    async def end_session(self, session_id: SessionId, reason: SessionEndReason, time: datetime) -> None:
        self._tables.sessions[session_id] = replace(self._tables.sessions[session_id], end_reason=reason)

    async def insert_refresh_token(self, token: RefreshToken) -> None:
        self._tables.tokens[token.digest] = token

    async def refresh_token(self, digest: TokenDigest) -> RefreshToken | None:
        return self._tables.tokens.get(digest)

    async def spend_refresh_token(self, digest: TokenDigest, time: datetime) -> None:
        tokens = self._tables.tokens
        session_id = tokens[digest].session_id
        tokens[digest] = replace(tokens[digest], spent=True)
        for old in [t for t in tokens.values() if t.session_id == session_id and t.expire_time <= time]:
            del tokens[old.digest]

    async def announce(self, event: UserEvent) -> None:
        self._tables.events.append(event)

    async def request_revocation(self, session_id: SessionId) -> None:
        self._tables.revocations.append(session_id)

    async def request_opening(self, opening: AccountOpening) -> OpeningRequestId:
        self._tables.openings.append(opening)
        return OpeningRequestId(len(self._tables.openings))


class MemoryStore:
    """One unit of work at a time: the strictest order that locks on rows may lead to."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._next_account_id = FIRST_ACCOUNT_ID
        self._turn = asyncio.Lock()

    def transaction(self) -> AbstractAsyncContextManager[MemoryTransaction]:
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with self._turn:
            tables = self._tables.copy()
            account_id, self._next_account_id = self._next_account_id, self._next_account_id + 1
            yield MemoryTransaction(tables, AccountId(account_id))
            self._tables = tables

    async def credentials(self, email: Email) -> Credentials | None:
        return self._tables.credentials.get(email)

    async def user(self, user_id: UserId) -> User | None:
        return _user(self._tables, user_id)

    async def has_subaccount(self, user_id: UserId, account_id: AccountId) -> bool:
        return any(each.account_id == account_id for each in _subaccounts(self._tables, user_id))

    async def subaccounts(self, user_id: UserId, after: AccountId, limit: int) -> Sequence[Subaccount]:
        return [each for each in _subaccounts(self._tables, user_id) if each.account_id > after][:limit]

    async def session_of(self, digest: TokenDigest) -> Session | None:
        token = self._tables.tokens.get(digest)
        return self._tables.sessions[token.session_id] if token else None

    @property
    def events(self) -> Sequence[UserEvent]:
        return self._tables.events

    @property
    def revocations(self) -> Sequence[SessionId]:
        return self._tables.revocations

    @property
    def openings(self) -> Sequence[AccountOpening]:
        return self._tables.openings


def _user(tables: _Tables, user_id: UserId) -> User | None:
    return next((c.user for c in tables.credentials.values() if c.user.user_id == user_id), None)


def _subaccounts(tables: _Tables, user_id: UserId) -> list[Subaccount]:
    found = [each for each in tables.subaccounts.values() if each.user_id == user_id]
    return sorted(found, key=lambda each: each.account_id)


class MemoryOpenings:
    """An engine that opens what the store holds, unless it is down."""

    def __init__(self, store: MemoryStore) -> None:
        self.engine_is_up = True
        self._store = store

    async def opened(self, request: OpeningRequestId) -> bool:
        return self.engine_is_up and request <= len(self._store.openings)


class MemorySessions:
    """The marks, without an end."""

    def __init__(self) -> None:
        self._marks: dict[SessionId, bool] = {}

    async def keep(self, session_id: SessionId) -> None:
        self._marks.setdefault(session_id, True)

    async def revoke(self, session_id: SessionId) -> None:
        self._marks[session_id] = False

    async def is_live(self, session_id: SessionId) -> bool:
        return self._marks.get(session_id, True)


class MemorySigner:
    """Signs with keys of its own; `sealed` is a vault that does not answer."""

    def __init__(self) -> None:
        self.sealed = False
        self._entropy = SeededEntropy(7)
        self._keys: list[Ed25519PrivateKey] = []
        self.rotate()
        self.lead_passes()

    def rotate(self) -> None:
        self._keys.append(Ed25519PrivateKey.from_private_bytes(self._entropy.take(32)))

    def lead_passes(self) -> None:
        self._signing_version = len(self._keys)

    async def sign(self, claims: AccessClaims) -> str:
        self._check_sealed()
        signed = signing_input(claims, f"jwt-v{self._signing_version}")
        return compact(signed, self._keys[self._signing_version - 1].sign(signed.encode()))

    async def verification_keys(self) -> Sequence[VerificationKey]:
        self._check_sealed()
        return [
            VerificationKey(f"jwt-v{version}", key.public_key().public_bytes_raw())
            for version, key in enumerate(self._keys, start=1)
        ]

    def _check_sealed(self) -> None:
        if self.sealed:
            raise Unavailable("The vault does not answer; retry.")
