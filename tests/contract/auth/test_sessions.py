"""What the marks of sessions promise: those in memory, and those in Redis as every service's gate reads them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from redis.exceptions import RedisError

from services.auth.model import TokenLifetimes
from services.auth.ports import Sessions
from services.auth.sessions import RedisSessions
from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, SessionId, UserId
from services.runtime import redis
from services.runtime.call import Caller
from services.runtime.outbox import Row
from services.runtime.sessions import REVOKED, SessionCheck, key_of
from tests.fakes.auth import MemorySessions

LIFETIMES = TokenLifetimes(access=timedelta(minutes=15), refresh=timedelta(days=7))
NOWHERE = "redis://127.0.0.1:1/0"
SESSION, OTHER_SESSION = SessionId(UUID(int=1)), SessionId(UUID(int=2))


@dataclass
class Marks:
    sessions: Sessions
    is_live: Callable[[SessionId], Awaitable[bool]]


@pytest.fixture(params=["memory", "redis"])
async def marks(request: pytest.FixtureRequest) -> AsyncIterator[Marks]:
    if request.param == "memory":
        fake = MemorySessions()
        yield Marks(fake, fake.is_live)
        return
    async with redis.connect(request.getfixturevalue("redis_url")) as client:
        check = SessionCheck(client, ManualClock())

        async def is_live(session_id: SessionId) -> bool:
            return await check.is_live(Caller(UserId(UUID(int=9)), AccountId(1001), frozenset(), session_id))

        yield Marks(RedisSessions(client, LIFETIMES, ManualClock()), is_live)


async def test_a_session_lives_until_it_is_revoked(marks: Marks) -> None:
    await marks.sessions.keep(SESSION)
    assert await marks.is_live(SESSION)
    await marks.sessions.revoke(SESSION)
    assert not await marks.is_live(SESSION)


async def test_a_session_without_a_mark_lives(marks: Marks) -> None:
    await marks.sessions.revoke(OTHER_SESSION)
    assert await marks.is_live(SESSION)


async def test_a_revoked_session_stays_revoked(marks: Marks) -> None:
    await marks.sessions.keep(SESSION)
    await marks.sessions.revoke(SESSION)
    await marks.sessions.keep(SESSION)
    await marks.sessions.revoke(SESSION)
    assert not await marks.is_live(SESSION)


async def test_marks_in_redis_end(redis_url: str) -> None:
    async with redis.connect(redis_url) as client:
        sessions = RedisSessions(client, LIFETIMES, ManualClock())
        await sessions.keep(SESSION)
        assert await client.pttl(key_of(SESSION)) > LIFETIMES.access / timedelta(milliseconds=1)
        await sessions.revoke(SESSION)
        assert 0 < await client.pttl(key_of(SESSION)) <= LIFETIMES.access / timedelta(milliseconds=1)


def revocation(clock: ManualClock) -> Row:
    return Row(outbox_id=1, key=str(SESSION), payload=SESSION.bytes, trace_context={}, created_at=clock.now())


async def test_a_revocation_comes_again_through_the_outbox(redis_url: str) -> None:
    clock = ManualClock()
    async with redis.connect(redis_url) as client:
        await RedisSessions(client, LIFETIMES, clock).deliver(revocation(clock))
        assert await client.get(key_of(SESSION)) == REVOKED
        assert 0 < await client.pttl(key_of(SESSION)) <= LIFETIMES.access / timedelta(milliseconds=1)


async def test_a_revocation_waits_for_redis_as_long_as_tokens_live() -> None:
    clock = ManualClock()
    row = revocation(clock)
    async with redis.connect(NOWHERE) as client:
        sessions = RedisSessions(client, LIFETIMES, clock)
        with pytest.raises(RedisError):
            await sessions.deliver(row)
        clock.advance(LIFETIMES.access)
        await sessions.deliver(row)


async def test_a_lost_redis_goes_no_further() -> None:
    async with redis.connect(NOWHERE) as client:
        sessions = RedisSessions(client, LIFETIMES, ManualClock())
        await sessions.keep(SESSION)
        await sessions.revoke(SESSION)
