"""Revoked sessions through a real Redis, and without one."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from redis.exceptions import RedisError

from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, SessionId, UserId
from services.runtime import redis as redis_client
from services.runtime.call import Caller
from services.runtime.sessions import REVOKED, SILENCE, SessionCheck, key_of

CALLER = Caller(UserId(UUID(int=1)), AccountId(1), frozenset(), SessionId(UUID(int=2)))


async def test_only_a_revoked_session_is_dead(redis_url: str) -> None:
    async with redis_client.connect(redis_url) as redis:
        sessions = SessionCheck(redis, ManualClock())
        assert await sessions.is_live(CALLER)
        await redis.set(key_of(CALLER.session_id), b"active")
        assert await sessions.is_live(CALLER)
        await redis.set(key_of(CALLER.session_id), REVOKED, px=timedelta(minutes=15))
        assert not await sessions.is_live(CALLER)
        await redis_client.check(redis)


async def test_without_redis_tokens_alone_decide_and_it_is_left_alone_for_a_while() -> None:
    visits: list[int] = []

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as broken:
        port = broken.sockets[0].getsockname()[1]
        async with redis_client.connect(f"redis://127.0.0.1:{port}/0") as redis:
            clock = ManualClock()
            sessions = SessionCheck(redis, clock)
            assert await sessions.is_live(CALLER)
            visited = len(visits)
            assert await sessions.is_live(CALLER)
            assert len(visits) == visited > 0
            clock.advance(SILENCE)
            assert await sessions.is_live(CALLER)
            assert len(visits) > visited
            with pytest.raises(RedisError):
                await redis_client.check(redis)
