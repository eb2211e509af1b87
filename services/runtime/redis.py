"""The Redis client: short timeouts, one more attempt for a connection that went stale, health."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

MAX_CONNECTIONS = 32


@asynccontextmanager
async def connect(url: str, *, limit: timedelta = timedelta(milliseconds=250)) -> AsyncIterator[Redis]:
    """Open a client for `url`, such as redis://127.0.0.1:6379/0; it connects when first used.

    `limit` bounds both connecting and each answer; beyond it callers see redis.exceptions.RedisError.
    """
    seconds = limit.total_seconds()
    client = Redis.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), retries=1),
    )
    try:
        yield client
    finally:
        await client.aclose()


async def check(client: Redis) -> None:
    """Raise RedisError unless the server answers."""
    await client.ping()
