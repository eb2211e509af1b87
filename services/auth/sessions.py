"""Sessions in Redis, where the gates of all services look: `session:<session id>` is "live" or "revoked".

1. A revoked session never turns live again: a mark that stands is prolonged, not replaced, unless it is revoked.
2. Every mark has an end: a live one with the refresh token, a revoked one with the last access token.
3. A failure of Redis is logged and goes no further. Revocations come again through the outbox, until Redis takes them
   or the last access token of the session has expired.
"""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.auth.model import TokenLifetimes
from services.kernel.clock import Clock
from services.kernel.ids import SessionId
from services.runtime.outbox import Row
from services.runtime.sessions import REVOKED, key_of

LIVE = b"live"

_log = structlog.get_logger(__name__)


class RedisSessions:
    """Writes what `services.runtime.sessions` reads."""

    def __init__(self, redis: Redis, lifetimes: TokenLifetimes, clock: Clock) -> None:
        self._redis = redis
        self._lifetimes = lifetimes
        self._clock = clock

    async def keep(self, session_id: SessionId) -> None:
        """Mark the session as live for the lifetime of a refresh token, unless it was revoked."""
        key = key_of(session_id)
        marks = self._redis.pipeline(transaction=True)
        marks.set(key, LIVE, px=self._lifetimes.refresh, nx=True)
        marks.pexpire(key, self._lifetimes.refresh)
        await _attempt(marks.execute())

    async def revoke(self, session_id: SessionId) -> None:
        """Mark the session as revoked for the lifetime of an access token."""
        await _attempt(self._mark_revoked(session_id))

    async def deliver(self, row: Row) -> None:
        """Revoke a session that the outbox names; raises RedisError while that matters and cannot be done."""
        if self._clock.now() - row.created_at < self._lifetimes.access:
            await self._mark_revoked(SessionId(UUID(bytes=row.payload)))

    async def _mark_revoked(self, session_id: SessionId) -> None:
        await self._redis.set(key_of(session_id), REVOKED, px=self._lifetimes.access)


async def _attempt(work: Awaitable[Any]) -> None:
    try:
        await work
    except RedisError as error:
        _log.warning("session_unmarked", error=str(error))
