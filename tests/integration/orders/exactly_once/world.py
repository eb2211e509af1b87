"""Client, edge, gateways and engine as they are in the field, each its own process, and the lines between them.

client --outer--> edge (Envoy) --front--> gateway --back--> engine (services.engine)

Of gateways there are two: services.orders answers calls, services.orders.entry serves streams.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.runtime import migrate
from services.runtime.backoff import Backoff
from services.runtime.run import ProcessSettings, running
from services.runtime.tls import Identity
from stack.authority import authority_of
from stack.envoy import Envoy
from stack.ports import free_base_port, is_listening
from stack.site import Site
from tests.contract.orders.engines import CALLERS, open_market, operator
from tests.fakes.auth_keys import JWKS, AuthKeys
from tests.integration.orders.exactly_once.link import Link, linked
from tests.integration.orders.venue import process, program
from tests.mesh import Mesh

SMALL = {"journal_segment_bytes": 1 << 18, "event_segment_bytes": 1 << 18, "snapshot_every_commands": 200}
"""So that faults meet rotations and snapshots too."""

Launch = Callable[[], AbstractAsyncContextManager[asyncio.subprocess.Process]]


class Server:
    """A process that can be killed and started again, on the same port and the same state."""

    def __init__(self, port: int, launch: Launch) -> None:
        self.port = port
        self._launch = launch
        self._running = AsyncExitStack()
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self._child = await self._running.enter_async_context(self._launch())
        while not is_listening(self.port):
            await Backoff(SystemClock(), SystemEntropy()).pause()

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


@dataclass(frozen=True)
class Gateway:
    """A process that takes orders, and the lines that lead to it and from it."""

    server: Server
    front: Link
    back: Link


@dataclass(frozen=True)
class World:
    """The parts, and how to reach them."""

    mesh: Mesh
    outer: Link
    edge: Server
    orders: Gateway
    entry: Gateway
    engine: Server

    async def heal(self) -> None:
        """Bring back all that is gone."""
        for line in (self.outer, *(each for way in self._gateways for each in (way.front, way.back))):
            line.clear()
        for server in (self.engine, *(way.server for way in self._gateways), self.edge):
            await server.revive()

    @property
    def _gateways(self) -> tuple[Gateway, Gateway]:
        return self.orders, self.entry


class SiteMesh(Mesh):
    """A mesh whose certificates are those of a stack, as its edge takes no others."""

    def __init__(self, site: Site, callers: dict[str, Any]) -> None:
        super().__init__(site.folder("mesh"), callers)
        self._site = site

    def identity(self, name: str) -> Identity:
        """Give the certificate of a process."""
        issued = authority_of(self._site).process(name)
        return Identity(issued.authority, issued.certificate, issued.key)


@asynccontextmanager
async def world_of(folder: Path, dsn: str, redis_url: str) -> AsyncIterator[World]:
    """Run everything, with a market that two funded accounts may trade in."""
    await migrate.apply(dsn, migrate.folder_of("orders"))
    with_keys = {name: {**CALLERS[name], "methods": [*CALLERS[name]["methods"], JWKS]} for name in GATEWAYS}
    site = Site(folder / "site", free_base_port())
    mesh = SiteMesh(site, CALLERS | with_keys)
    auth = ProcessSettings(**mesh.process("auth") | {"listen_port": site.port("auth")})
    async with AsyncExitStack() as parts:
        await parts.enter_async_context(running("auth", auth, AuthKeys(mesh).build))
        engine = Server(site.port("engine"), _engine(mesh, site, folder / "engine"))
        await _started(parts, engine)
        async with operator(mesh, engine.port) as channel:
            await open_market(channel)
        told = {"auth_target": site.address("auth"), "redis_url": redis_url}
        orders = await _gateway(parts, mesh, site, "orders", told | {"postgres_dsn": dsn, "history_wait": "30s"})
        entry = await _gateway(parts, mesh, site, "order_entry", told)
        edge = await _started(parts, Server(site.port("edge"), _edge(site)))
        outer = await parts.enter_async_context(linked(edge.port))
        yield World(mesh, outer, edge, orders, entry, engine)


GATEWAYS = {"orders": "orders", "order_entry": "orders.entry"}
"""What is run for each, of the modules in services."""


def _engine(mesh: Mesh, site: Site, data: Path) -> Launch:
    settings = mesh.process("engine") | {"listen_port": site.port("engine"), "data_folder": data}
    return lambda: process("engine", settings | SMALL)


def _edge(site: Site) -> Launch:
    envoy = Envoy(site, needs=())
    envoy.prepare()
    return lambda: program(envoy.command().argv, {})


async def _gateway(parts: AsyncExitStack, mesh: Mesh, site: Site, name: str, told: dict[str, Any]) -> Gateway:
    """Start a gateway, its lines where the edge and it look for those that they lead to."""
    port = site.metrics_port(name)  # which nobody asks here: its own is the line's
    front = await parts.enter_async_context(linked(port, site.port(name)))
    back = await parts.enter_async_context(linked(site.port("engine")))
    own = {"listen_port": port, "engine_target": f"127.0.0.1:{back.port}"}
    server = Server(port, lambda: process(GATEWAYS[name], mesh.process(name) | told | own))
    return Gateway(await _started(parts, server), front, back)


async def _started(parts: AsyncExitStack, server: Server) -> Server:
    parts.push_async_callback(server.stop)
    await server.start()
    return server


@asynccontextmanager
async def client_of(world: World) -> AsyncIterator[grpc.aio.Channel]:
    """Connect as a client does, over the outer line."""
    async with world.mesh.channel("edge", world.outer.port) as channel:
        yield channel
