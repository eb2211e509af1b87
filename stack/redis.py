"""Redis 7: sessions and rate limits, kept in an append-only file."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stack.part import Command
from stack.site import Site, required

PROGRAM = "redis-server"


class Redis:
    """The server process."""

    name = "redis"
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self._site = site

    def ports(self) -> Mapping[str, int]:
        """Name the one client port."""
        return {"clients": self._site.port("redis")}

    def prepare(self) -> None:
        """Check that the program is there."""
        required(Path(shutil.which(PROGRAM) or PROGRAM), "Redis 7")

    def command(self) -> Command:
        """Listen on loopback with a password; every second of writes is on disk."""
        options = {
            "port": str(self._site.port("redis")),
            "bind": "127.0.0.1",
            "dir": str(self._site.folder("redis")),
            "requirepass": self._site.secret("redis"),
            "appendonly": "yes",
            "save": "",
        }
        return Command((PROGRAM, *(word for name, value in options.items() for word in (f"--{name}", value))))

    def ready(self) -> bool:
        """Tell whether it answers PING: its append-only file is loaded."""
        try:
            with redis.Redis.from_url(url(self._site), retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Name host and port."""
        return self._site.address("redis")


def url(site: Site) -> str:
    """Give the URL clients connect with, password included."""
    return f"redis://:{site.secret('redis')}@{site.address('redis')}/0"
