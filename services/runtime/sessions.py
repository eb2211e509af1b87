"""Revoked sessions, told through Redis: auth marks them, every service asks.

auth keeps `session:<session id>` and sets it to "revoked" for as long as an access token may live. With Redis lost,
tokens alone decide: a revoked session then lives until its access token expires.
"""

from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.kernel.clock import Clock, ns_of
from services.kernel.ids import SessionId
from services.runtime.call import Caller

REVOKED = b"revoked"
SILENCE = timedelta(seconds=1)
"""How long Redis is left alone after it failed, so that its loss does not slow each call."""

_log = structlog.get_logger(__name__)


def key_of(session_id: SessionId) -> str:
    """Return the key that tells about a session."""
    return f"session:{session_id}"


class SessionCheck:
    """Asks Redis whether a session was revoked."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._silent_until_ns = 0

    async def is_live(self, caller: Caller) -> bool:
        """Tell whether the caller's session still stands; True when Redis does not answer."""
        if self._clock.monotonic_ns() < self._silent_until_ns:
            return True
        try:
            return bool(await self._redis.get(key_of(caller.session_id)) != REVOKED)
        except RedisError as error:
            self._silent_until_ns = self._clock.monotonic_ns() + ns_of(SILENCE)
            _log.warning("sessions_unchecked", error=str(error))
            return True
