"""The engine and the gateway as processes of their own, to be killed."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.integration.orders.venue import Venue, process


class Parts:
    """The engine and the gateway, as processes that can be killed and started again on their ports."""

    def __init__(self, venue: Venue, orders_port: int, auth_port: int) -> None:
        self.venue = venue
        self.orders_port = orders_port
        self._settings: dict[str, dict[str, Any]] = {
            "engine": venue.engine_settings,
            "orders": venue.settings | {"listen_port": orders_port, "auth_target": f"127.0.0.1:{auth_port}"},
        }
        self._running: dict[str, Any] = {}

    async def start(self, name: str) -> None:
        self._running[name] = process(name, self._settings[name])
        self._running[f"{name} itself"] = await self._running[name].__aenter__()

    async def kill(self, name: str) -> None:
        """Kill with SIGKILL, and wait until it is gone."""
        await self._running.pop(name).__aexit__(None, None, None)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["Parts"]:
        await self.start("engine")
        await self.start("orders")
        try:
            yield self
        finally:
            for name in ("orders", "engine"):
                await self.kill(name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
