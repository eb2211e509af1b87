"""What every store of auth promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.auth.errors import EmailTaken
from services.auth.model import (
    DEFAULT_SCOPES,
    Email,
    NewUser,
    RefreshToken,
    Session,
    SessionEndReason,
    Subaccount,
    TokenDigest,
    User,
)
from services.auth.ports import Store
from services.kernel.clock import ManualClock
from services.kernel.firm import subaccount
from services.kernel.ids import AccountId, RequestId, SessionId, UserId
from tests.contract.auth.databases import postgres_store
from tests.fakes.auth import MemoryStore

NOW = ManualClock().now()
MINUTE = timedelta(minutes=1)
ADA, BOB = Email("ada@example.com"), Email("bob@example.com")
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
SESSION, OTHER_SESSION = SessionId(UUID(int=101)), SessionId(UUID(int=102))


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[Store]:
    if dsn is None:
        yield MemoryStore()
        return
    async with postgres_store(dsn) as store:
        yield store


def new_user(number: int, email: Email) -> NewUser:
    return NewUser(UserId(UUID(int=number)), email, HASH, DEFAULT_SCOPES, NOW)


def token(name: str, expires_in: timedelta = MINUTE, session_id: SessionId = SESSION) -> RefreshToken:
    return RefreshToken(TokenDigest(hashlib.sha256(name.encode()).digest()), session_id, NOW + expires_in)


async def registered(store: Store, number: int = 1, email: Email = ADA) -> User:
    async with store.transaction() as transaction:
        return await transaction.insert_user(new_user(number, email))


async def logged_in(store: Store, *tokens: RefreshToken, session_id: SessionId = SESSION) -> Session:
    user = await store.user(UserId(UUID(int=1))) or await registered(store)
    session = Session(session_id, user.user_id, user.account_id, DEFAULT_SCOPES[:2], NOW)
    async with store.transaction() as transaction:
        await transaction.insert_session(session)
        for each in tokens:
            await transaction.insert_refresh_token(each)
    return session


async def read_token(store: Store, digest: TokenDigest) -> RefreshToken | None:
    async with store.transaction() as transaction:
        return await transaction.refresh_token(digest)


async def test_accounts_are_numbered_from_1001(store: Store) -> None:
    ada, bob = await registered(store), await registered(store, 2, BOB)
    assert (ada.account_id, bob.account_id) == (1001, 1002)
    assert (ada.email, ada.scopes, ada.create_time) == (ADA, DEFAULT_SCOPES, NOW)


async def test_users_are_found_by_number_and_address(store: Store) -> None:
    ada = await registered(store)
    assert await store.user(ada.user_id) == ada
    credentials = await store.credentials(ADA)
    assert credentials is not None
    assert (credentials.user, credentials.password_hash) == (ada, HASH)


@pytest.mark.parametrize("email", ["bob@example.com", "", "ada@example.com\x00", "\x00", "ada@example.com\ud7ff"])
async def test_an_address_that_nobody_has_finds_nobody(store: Store, email: str) -> None:
    await registered(store)
    assert await store.credentials(Email(email)) is None
    assert await store.user(UserId(UUID(int=2))) is None


async def test_an_address_is_taken_once(store: Store) -> None:
    await registered(store)
    with pytest.raises(EmailTaken):
        await registered(store, 2)
    assert await store.user(UserId(UUID(int=2))) is None


async def test_a_block_that_raises_keeps_nothing(store: Store) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.insert_user(new_user(1, ADA))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await store.credentials(ADA) is None


async def test_a_token_leads_to_its_session(store: Store) -> None:
    session = await logged_in(store, token("a"))
    assert await store.session_of(token("a").digest) == session
    assert await store.session_of(token("b").digest) is None
    assert await read_token(store, token("a").digest) == token("a")
    assert await read_token(store, token("b").digest) is None


async def test_a_token_is_spent(store: Store) -> None:
    await logged_in(store, token("a"), token("b"))
    async with store.transaction() as transaction:
        await transaction.lock_session(SESSION)
        await transaction.spend_refresh_token(token("a").digest, NOW)
    spent, fresh = await read_token(store, token("a").digest), await read_token(store, token("b").digest)
    assert spent is not None
    assert fresh is not None
    assert (spent.spent, fresh.spent) == (True, False)


async def test_spending_forgets_expired_tokens_of_the_same_session(store: Store) -> None:
    await logged_in(store, token("old"), token("new", 2 * MINUTE))
    await logged_in(store, token("other", session_id=OTHER_SESSION), session_id=OTHER_SESSION)
    async with store.transaction() as transaction:
        await transaction.lock_session(SESSION)
        await transaction.spend_refresh_token(token("new").digest, NOW + MINUTE)
    assert await read_token(store, token("old").digest) is None
    assert await read_token(store, token("new").digest) is not None
    assert await read_token(store, token("other").digest) is not None


async def test_a_session_ends_with_its_reason(store: Store) -> None:
    await logged_in(store, token("a"))
    async with store.transaction() as transaction:
        await transaction.lock_session(SESSION)
        await transaction.end_session(SESSION, SessionEndReason.LOGOUT, NOW)
    session = await store.session_of(token("a").digest)
    assert session is not None
    assert session.end_reason is SessionEndReason.LOGOUT


async def test_who_locks_a_session_second_sees_what_the_first_did(store: Store) -> None:
    await logged_in(store, token("a"))
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with store.transaction() as transaction:
            await transaction.lock_session(SESSION)
            locked.set()
            await go_on.wait()
            await transaction.spend_refresh_token(token("a").digest, NOW)
            await transaction.end_session(SESSION, SessionEndReason.REFRESH_TOKEN_REUSED, NOW)

    async def second() -> tuple[Session | None, RefreshToken | None]:
        async with store.transaction() as transaction:
            return await transaction.lock_session(SESSION), await transaction.refresh_token(token("a").digest)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(first())
        await locked.wait()
        seen = group.create_task(second())
        go_on.set()
    session, spent = seen.result()
    assert session is not None
    assert session.end_reason is SessionEndReason.REFRESH_TOKEN_REUSED
    assert spent is not None
    assert spent.spent


async def test_an_unknown_session_cannot_be_locked(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.lock_session(SESSION) is None


def made(user: User, number: int) -> Subaccount:
    account_id = subaccount(user.account_id, number)
    return Subaccount(account_id, user.user_id, RequestId(f"request-{number}"), f"Desk {number}", NOW)


async def with_subaccounts(store: Store, user: User, count: int) -> list[Subaccount]:
    kept = [made(user, number) for number in range(1, count + 1)]
    async with store.transaction() as transaction:
        assert await transaction.lock_user(user.user_id) == user
        for each in kept:
            await transaction.insert_subaccount(each)
    return kept


async def test_sub_accounts_are_found_by_request_by_owner_and_in_their_order(store: Store) -> None:
    ada, bob = await registered(store), await registered(store, 2, BOB)
    first, second, third = await with_subaccounts(store, ada, 3)
    async with store.transaction() as transaction:
        assert await transaction.lock_user(UserId(UUID(int=3))) is None
        assert await transaction.subaccount_by_request(ada.user_id, second.request_id) == second
        assert await transaction.subaccount_by_request(bob.user_id, second.request_id) is None
        assert await transaction.count_subaccounts(ada.user_id) == 3
        assert await transaction.count_subaccounts(bob.user_id) == 0
    assert await store.subaccounts(ada.user_id, AccountId(0), 2) == [first, second]
    assert await store.subaccounts(ada.user_id, second.account_id, 2) == [third]
    assert await store.subaccounts(bob.user_id, AccountId(0), 2) == []
    assert await store.has_subaccount(ada.user_id, third.account_id)
    assert not await store.has_subaccount(ada.user_id, ada.account_id)
    assert not await store.has_subaccount(bob.user_id, third.account_id)


async def test_a_session_keeps_the_account_that_it_acts_for(store: Store) -> None:
    ada = await registered(store)
    (desk,) = await with_subaccounts(store, ada, 1)
    own = await logged_in(store, token("own"))
    session = Session(OTHER_SESSION, ada.user_id, desk.account_id, DEFAULT_SCOPES[:1], NOW)
    async with store.transaction() as transaction:
        await transaction.insert_session(session)
        await transaction.insert_refresh_token(token("desk", session_id=OTHER_SESSION))
    assert await store.session_of(token("desk").digest) == session
    assert await store.session_of(token("own").digest) == own
    async with store.transaction() as transaction:
        assert await transaction.lock_session(OTHER_SESSION) == session


async def test_who_locks_a_user_second_counts_what_the_first_made(store: Store) -> None:
    ada = await registered(store)

    async def make() -> int:
        async with store.transaction() as transaction:
            await transaction.lock_user(ada.user_id)
            count = await transaction.count_subaccounts(ada.user_id)
            await transaction.insert_subaccount(made(ada, count + 1))
            return count

    async with asyncio.timeout(30):
        counts = await asyncio.gather(*(make() for _ in range(5)))
    assert sorted(counts) == list(range(5))
