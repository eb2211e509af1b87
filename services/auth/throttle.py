"""Counts failed logins: in Redis for all replicas together, in memory for one while Redis is lost."""

import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.auth.ports import LoginThrottle
from services.kernel.clock import Clock

MAX_KEYS_IN_MEMORY = 10_000

_NS_PER_MS = 1_000_000

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How many failures a key may have within a window that starts with the first."""

    failures: int
    window: timedelta


class MemoryThrottle:
    """The counts of one process, of the keys that failed last."""

    def __init__(self, clock: Clock, limits: ThrottleLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._failures: dict[str, tuple[int, int]] = {}

    async def wait_ms(self, key: str) -> int:
        """Return the rest of the window once the key has used up its failures, else 0."""
        count, left_ms = self._count(key)
        return left_ms if count >= self._limits.failures else 0

    async def failed(self, key: str) -> None:
        """Count a failure; at MAX_KEYS_IN_MEMORY the oldest window is forgotten."""
        count, _ = self._count(key)
        started_ns = self._failures[key][1] if count else self._clock.monotonic_ns()
        if key not in self._failures and len(self._failures) >= MAX_KEYS_IN_MEMORY:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (count + 1, started_ns)

    async def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def _count(self, key: str) -> tuple[int, int]:
        """Return failures and milliseconds left of the window, both 0 once it is over."""
        count, started_ns = self._failures.get(key, (0, 0))
        window_ms = self._limits.window // timedelta(milliseconds=1)
        left_ms = window_ms - (self._clock.monotonic_ns() - started_ns) // _NS_PER_MS
        if count and left_ms > 0:
            return count, left_ms
        self._failures.pop(key, None)
        return 0, 0


class RedisThrottle:
    """The counts of all replicas; keys are hashed, so that Redis holds no e-mail addresses."""

    def __init__(self, redis: Redis, limits: ThrottleLimits, without_redis: LoginThrottle) -> None:
        self._redis = redis
        self._limits = limits
        self._without_redis = without_redis

    async def wait_ms(self, key: str) -> int:
        """Return the rest of the window once the key has used up its failures, else 0."""
        look = self._redis.pipeline(transaction=True)
        look.get(_name(key))
        look.pttl(_name(key))
        answer = await _attempt(look.execute())
        if answer is None:
            return await self._without_redis.wait_ms(key)
        failures, left_ms = answer
        return max(left_ms, 1) if int(failures or 0) >= self._limits.failures else 0

    async def failed(self, key: str) -> None:
        """Count a failure."""
        count = self._redis.pipeline(transaction=True)
        count.set(_name(key), 0, px=self._limits.window, nx=True)
        count.incr(_name(key))
        if await _attempt(count.execute()) is None:
            await self._without_redis.failed(key)

    async def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        await _attempt(self._redis.delete(_name(key)))
        await self._without_redis.succeeded(key)


def _name(key: str) -> str:
    return f"login_failures:{hashlib.sha256(key.encode()).hexdigest()}"


async def _attempt(work: Awaitable[T]) -> T | None:
    try:
        return await work
    except RedisError as error:
        _log.warning("throttle_without_redis", error=str(error))
        return None
