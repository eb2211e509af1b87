"""What every login throttle promises: the one in memory, and the one in Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.auth.ports import LoginThrottle
from services.auth.throttle import MemoryThrottle, RedisThrottle, ThrottleLimits
from services.kernel.clock import ManualClock
from services.runtime import redis

LIMITS = ThrottleLimits(failures=3, window=timedelta(milliseconds=500))
KEY, OTHER_KEY = "ada@example.com 192.0.2.1", "ada@example.com 192.0.2.2"


@dataclass
class Throttled:
    throttle: LoginThrottle
    lapse: Callable[[], Awaitable[None]]
    """Lets the window of KEY pass."""


@pytest.fixture(params=["memory", "redis", "redis lost"])
async def throttled(request: pytest.FixtureRequest) -> AsyncIterator[Throttled]:
    clock = ManualClock()
    in_memory = MemoryThrottle(clock, LIMITS)

    async def advance() -> None:
        clock.advance(LIMITS.window)

    if request.param == "memory":
        yield Throttled(in_memory, advance)
    elif request.param == "redis lost":
        async with redis.connect("redis://127.0.0.1:1/0") as client:
            yield Throttled(RedisThrottle(client, LIMITS, in_memory), advance)
    else:
        async with redis.connect(request.getfixturevalue("redis_url")) as client:
            throttle = RedisThrottle(client, LIMITS, in_memory)

            async def until_free() -> None:
                async with asyncio.timeout(10):
                    while await throttle.wait_ms(KEY):
                        pass

            yield Throttled(throttle, until_free)


async def fail(throttle: LoginThrottle, key: str, times: int) -> None:
    for _ in range(times):
        await throttle.failed(key)


async def test_a_key_is_free_until_it_used_up_its_failures(throttled: Throttled) -> None:
    await fail(throttled.throttle, KEY, 2)
    assert await throttled.throttle.wait_ms(KEY) == 0
    await fail(throttled.throttle, KEY, 1)
    assert 0 < await throttled.throttle.wait_ms(KEY) <= 500


async def test_keys_are_counted_apart(throttled: Throttled) -> None:
    await fail(throttled.throttle, KEY, 3)
    assert await throttled.throttle.wait_ms(OTHER_KEY) == 0


async def test_the_window_ends(throttled: Throttled) -> None:
    await fail(throttled.throttle, KEY, 3)
    await throttled.lapse()
    assert await throttled.throttle.wait_ms(KEY) == 0
    await fail(throttled.throttle, KEY, 1)
    assert await throttled.throttle.wait_ms(KEY) == 0


async def test_success_forgets_failures(throttled: Throttled) -> None:
    await fail(throttled.throttle, KEY, 2)
    await throttled.throttle.succeeded(KEY)
    await fail(throttled.throttle, KEY, 2)
    assert await throttled.throttle.wait_ms(KEY) == 0
