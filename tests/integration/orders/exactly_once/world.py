"""Client, gateway and engine as they are in the field, each its own process, and the lines between them.

client --front--> gateway (services.orders) --back--> engine (services.engine)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from services.runtime import migrate
from services.runtime.run import ProcessSettings, running
from stack.ports import free_base_port
from tests.contract.orders.engines import CALLERS, open_market, operator
from tests.fakes.auth_keys import JWKS, AuthKeys
from tests.integration.orders.exactly_once.link import Link, linked
from tests.integration.orders.venue import process
from tests.mesh import Mesh

SMALL = {"journal_segment_bytes": 1 << 16, "event_segment_bytes": 1 << 18, "snapshot_every_commands": 200}
"""So that faults meet rotations and snapshots too."""


class Server:
    """A service as a process that can be killed and started again, on the same port and the same state."""

    def __init__(self, name: str, port: int, settings: dict[str, Any]) -> None:
        self.port = port
        self._name = name
        self._settings = settings
        self._running = AsyncExitStack()
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._child = await self._running.enter_async_context(process(self._name, self._settings))

    def kill(self) -> None:
        """End it as a crash would, now."""
        assert self._child is not None
        if self._child.returncode is None:
            self._child.kill()
        self._child, self._killed = None, self._child

    async def revive(self) -> None:
        """Start it again if it was killed."""
        if self._child is None:
            await self._killed.wait()
            await self.start()

    async def stop(self) -> None:
        await self._running.aclose()


class World:
    """The parts, and how to reach them."""

    def __init__(self, mesh: Mesh, gateway: Server, engine: Server, front: Link, back: Link) -> None:
        self.mesh = mesh
        self.gateway = gateway
        self.engine = engine
        self.front = front
        self.back = back

    async def heal(self) -> None:
        """Bring back all that is gone."""
        self.front.clear()
        self.back.clear()
        await self.engine.revive()
        await self.gateway.revive()


@asynccontextmanager
async def world_of(folder: Path, dsn: str, redis_url: str) -> AsyncIterator[World]:
    """Run everything, with a market that two funded accounts may trade in."""
    await migrate.apply(dsn, migrate.folder_of("orders"))
    callers = CALLERS | {"orders": {**CALLERS["orders"], "methods": [*CALLERS["orders"]["methods"], JWKS]}}
    mesh = Mesh(folder, callers)
    ports = free_base_port()
    engine_port, gateway_port = ports, ports + 1

    async with (
        running("auth", ProcessSettings(**mesh.process("auth")), AuthKeys(mesh).build) as auth,
        linked(gateway_port) as front,
        linked(engine_port) as back,
    ):
        engine_settings = mesh.process("engine") | {"listen_port": engine_port, "data_folder": folder / "engine"}
        gateway_settings = mesh.process("orders") | {
            "listen_port": gateway_port,
            "engine_target": f"127.0.0.1:{back.port}",
            "auth_target": f"127.0.0.1:{auth.server.port}",
            "postgres_dsn": dsn,
            "redis_url": redis_url,
            "history_wait": "30s",
        }
        engine = Server("engine", engine_port, engine_settings | SMALL)
        gateway = Server("orders", gateway_port, gateway_settings)
        try:
            await engine.start()
            async with operator(mesh, engine_port) as channel:
                await channel.channel_ready()
                await open_market(channel)
            await gateway.start()
            yield World(mesh, gateway, engine, front, back)
        finally:
            await gateway.stop()
            await engine.stop()


@asynccontextmanager
async def client_of(world: World) -> AsyncIterator[grpc.aio.Channel]:
    """Connect as a client does, over the front line."""
    async with world.mesh.channel("edge", world.front.port) as channel:
        yield channel
