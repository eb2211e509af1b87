import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stack.launcher import Stack


def test_writes_survive_an_orderly_restart(stack: Stack, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("session", "kept")

    stack.restart("redis")

    with redis.Redis.from_url(redis_url) as client:
        assert client.get("session") == b"kept"


def test_a_login_needs_the_password(stack: Stack, redis_url: str) -> None:
    port = stack.site.port("redis")
    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
