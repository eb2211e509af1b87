"""Users, sessions and refresh tokens in PostgreSQL, and the outbox beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import asyncpg

from services.auth import statements
from services.auth.convert import opening_message, user_event_message
from services.auth.errors import EmailTaken
from services.auth.model import (
    AccountOpening,
    Credentials,
    Email,
    NewUser,
    OpeningRequestId,
    RefreshToken,
    Scope,
    Session,
    SessionEndReason,
    Subaccount,
    TokenDigest,
    User,
    UserEvent,
)
from services.kernel.ids import AccountId, RequestId, SessionId, UserId
from services.runtime import outbox, postgres
from services.runtime.postgres import Connection, Pool

USER_EVENTS = "user-events"
"""Destination in the outbox, and topic, of what others may want to know of users."""
ENGINE = "engine"
"""Destination in the outbox of account openings."""
REVOCATIONS = "sessions"
"""Destination in the outbox of sessions to revoke: their 16 octets."""

EMAIL_CONSTRAINT = "users_email_uq"


class PostgresTransaction:
    """One unit of work on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert_user(self, new: NewUser) -> User:
        """Keep a user and issue the next account number; raises `EmailTaken`."""
        try:
            row = await self._connection.fetchrow(
                statements.INSERT_USER, new.user_id, new.email, new.password_hash, new.scopes, new.create_time
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != EMAIL_CONSTRAINT:
                raise
            raise EmailTaken from error
        assert row is not None
        return _user(row)

    async def insert_session(self, session: Session) -> None:
        """Keep a session that has just begun."""
        begun = await self._connection.execute(
            statements.INSERT_SESSION,
            session.session_id,
            session.user_id,
            session.scopes,
            session.start_time,
            session.account_id,
        )
        assert begun == "INSERT 0 1", begun

    async def lock_user(self, user_id: UserId) -> User | None:
        """Return the user; until the block ends, whoever else locks it waits."""
        row = await self._connection.fetchrow(statements.LOCK_USER, user_id)
        return _user(row) if row else None

    async def insert_subaccount(self, made: Subaccount) -> None:
        """Keep a sub-account of a user that was locked before."""
        await self._connection.execute(
            statements.INSERT_SUBACCOUNT, made.account_id, made.user_id, made.request_id, made.label, made.create_time
        )

    async def subaccount_by_request(self, user_id: UserId, request_id: RequestId) -> Subaccount | None:
        """Return the sub-account that the request of a user, locked before, made."""
        row = await self._connection.fetchrow(statements.SUBACCOUNT_BY_REQUEST, user_id, request_id)
        return _subaccount(row) if row else None

    async def count_subaccounts(self, user_id: UserId) -> int:
        """Return how many sub-accounts a user, locked before, has."""
        count: int = await self._connection.fetchval(statements.COUNT_SUBACCOUNTS, user_id)
        return count

    async def lock_session(self, session_id: SessionId) -> Session | None:
        """Return the session; until the block ends, whoever else locks it waits."""
        row = await self._connection.fetchrow(statements.LOCK_SESSION, session_id)
        return _session(row) if row else None

    async def end_session(self, session_id: SessionId, reason: SessionEndReason, time: datetime) -> None:
        """Mark a lasting session, locked before, as ended."""
        ended = await self._connection.execute(statements.END_SESSION, session_id, reason.value, time)
        assert ended == "UPDATE 1", ended

    async def insert_refresh_token(self, token: RefreshToken) -> None:
        """Keep a token of a session that was inserted or locked before."""
        await self._connection.execute(statements.INSERT_REFRESH, token.digest, token.session_id, token.expire_time)

    async def refresh_token(self, digest: TokenDigest) -> RefreshToken | None:
        """Return a token of a session that was locked before."""
        row = await self._connection.fetchrow(statements.REFRESH_BY_DIGEST, digest)
        return _refresh_token(row) if row else None

    async def spend_refresh_token(self, digest: TokenDigest, time: datetime) -> None:
        """Mark a live token as spent, and forget the tokens of its session that expired before `time`."""
        session_id = await self._connection.fetchval(statements.SPEND_REFRESH, digest, time)
        assert session_id is not None
        await self._connection.execute(statements.DELETE_EXPIRED, session_id, time)

    async def announce(self, event: UserEvent) -> None:
        """Have the event published once the block has ended well; its id is that of its row in the outbox."""
        outbox_id = await outbox.next_id(self._connection)
        payload = user_event_message(event, f"auth:{outbox_id}").SerializeToString()
        await outbox.add(self._connection, USER_EVENTS, str(event.account_id), payload, outbox_id=outbox_id)

    async def request_revocation(self, session_id: SessionId) -> None:
        """Have every gate refuse the session once the block has ended well."""
        await outbox.add(self._connection, REVOCATIONS, str(session_id), session_id.bytes)

    async def request_opening(self, opening: AccountOpening) -> OpeningRequestId:
        """Have the engine open the account once the block has ended well."""
        payload = opening_message(opening).SerializeToString()
        return OpeningRequestId(await outbox.add(self._connection, ENGINE, str(opening.account_id), payload))


class PostgresStore:
    """Auth's database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def transaction(self) -> AbstractAsyncContextManager[PostgresTransaction]:
        """Begin a unit of work."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[PostgresTransaction]:
        async with postgres.transaction(self._pool) as connection:
            yield PostgresTransaction(connection)

    async def credentials(self, email: Email) -> Credentials | None:
        """Return the user with this address, and the hash of the user's password."""
        if "\x00" in email:  # PostgreSQL has no text with it, so nobody has such an address
            return None
        row = await self._row(statements.CREDENTIALS_BY_EMAIL, email)
        return Credentials(_user(row), row["password_hash"]) if row else None

    async def user(self, user_id: UserId) -> User | None:
        """Return the user with this number."""
        row = await self._row(statements.USER_BY_ID, user_id)
        return _user(row) if row else None

    async def session_of(self, digest: TokenDigest) -> Session | None:
        """Return the session that a refresh token belongs to, without locking it."""
        row = await self._row(statements.SESSION_BY_DIGEST, digest)
        return _session(row) if row else None

    async def has_subaccount(self, user_id: UserId, account_id: AccountId) -> bool:
        """Tell whether the account is a sub-account of the user."""
        async with postgres.connection(self._pool) as connection:
            return bool(await connection.fetchval(statements.HAS_SUBACCOUNT, user_id, account_id))

    async def subaccounts(self, user_id: UserId, after: AccountId, limit: int) -> Sequence[Subaccount]:
        """Return the user's first sub-accounts with a number above `after`, in their order."""
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(statements.SUBACCOUNTS, user_id, after, limit)
        return [_subaccount(row) for row in rows]

    async def _row(self, query: str, key: object) -> asyncpg.Record | None:
        async with postgres.connection(self._pool) as connection:
            return await connection.fetchrow(query, key)


def _user(row: asyncpg.Record) -> User:
    return User(
        user_id=UserId(row["user_id"]),
        account_id=AccountId(row["account_id"]),
        email=Email(row["email"]),
        scopes=_scopes(row),
        create_time=row["create_time"],
    )


def _subaccount(row: asyncpg.Record) -> Subaccount:
    return Subaccount(
        account_id=AccountId(row["account_id"]),
        user_id=UserId(row["user_id"]),
        request_id=RequestId(row["request_id"]),
        label=row["label"],
        create_time=row["create_time"],
    )


def _session(row: asyncpg.Record) -> Session:
    return Session(
        session_id=SessionId(row["session_id"]),
        user_id=UserId(row["user_id"]),
        account_id=AccountId(row["account_id"]),
        scopes=_scopes(row),
        start_time=row["start_time"],
        end_reason=SessionEndReason(row["end_reason"]) if row["end_reason"] else None,
    )


def _refresh_token(row: asyncpg.Record) -> RefreshToken:
    return RefreshToken(
        digest=TokenDigest(row["digest"]),
        session_id=SessionId(row["session_id"]),
        expire_time=row["expire_time"],
        spent=row["spend_time"] is not None,
    )


def _scopes(row: asyncpg.Record) -> tuple[Scope, ...]:
    return tuple(Scope(scope) for scope in row["scopes"])
