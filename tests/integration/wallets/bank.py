"""Wallets around a real engine and a real PostgreSQL, and a client of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import grpc

from exchange.wallets.v1 import sandbox_service_pb2, wallets_service_pb2
from exchange.wallets.v1.sandbox_service_pb2_grpc import SandboxServiceStub
from exchange.wallets.v1.wallets_service_pb2_grpc import WalletsServiceStub
from services.runtime.run import Process, running
from services.wallets.app import build
from services.wallets.settings import Settings
from tests.contract.orders.engines import Real
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE

PATIENCE_S = 20.0
SCOPES = "sandbox:fund wallets:read"


class Bank:
    """An engine that can be stopped and started, and what the service needs to know of the rest."""

    def __init__(self, mesh: Mesh, engine: Real, dsn: str, redis_url: str) -> None:
        self.mesh = mesh
        self.dsn = dsn
        self.engine_port = 0
        self._engine = engine
        self._redis_url = redis_url
        self._running = AsyncExitStack()

    async def start_engine(self) -> None:
        """Start the engine, each time on the same port."""
        process = await self._running.enter_async_context(self._engine.running(self.engine_port))
        self.engine_port = process.server.port

    async def stop_engine(self) -> None:
        """Stop the engine; what it knows stays."""
        await self._running.aclose()

    @property
    def engine_settings(self) -> dict[str, Any]:
        """Give the settings of the engine's process, as keywords."""
        return self._engine.settings(self.engine_port)

    @property
    def settings(self) -> dict[str, Any]:
        """Give the settings of a wallets process, as keywords."""
        return {
            **self.mesh.process("wallets"),
            "engine_target": f"127.0.0.1:{self.engine_port}",
            "auth_target": "127.0.0.1:1",
            "postgres_dsn": self.dsn,
            "redis_url": self._redis_url,
        }

    @asynccontextmanager
    async def wallets(self, *, healthy: bool = True) -> AsyncIterator["Wallets"]:
        """Run the service, and wait until it is healthy unless it cannot be; its keys are those of the mesh."""

        async def with_keys_of_mesh(process: Process, own: Settings) -> None:
            await build(process, own)
            process.use_tokens(self.mesh.keys)

        async with (
            running("wallets", Settings(**self.settings, sandbox=True), with_keys_of_mesh) as process,
            self.mesh.channel("edge", process.server.port) as channel,
        ):
            wallets = Wallets(self.mesh, process, channel)
            if healthy:
                await wallets.healthy()
            yield wallets

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Connect to the ledger's tables."""
        connection = await asyncpg.connect(self.dsn)
        try:
            yield connection
        finally:
            await connection.close()


class Wallets:
    """A client of the service for any account."""

    def __init__(self, mesh: Mesh, process: Process, channel: grpc.aio.Channel) -> None:
        self._mesh = mesh
        self._process = process
        self._sandbox = SandboxServiceStub(channel)
        self._wallets = WalletsServiceStub(channel)

    async def healthy(self) -> None:
        """Wait until every dependency answers."""
        async with asyncio.timeout(PATIENCE_S):
            await self._process.health.check_all()
            while self._process.health.faults:
                await self._process.health.check_all()

    async def fund(
        self,
        request_id: str,
        account: int = ALICE,
        asset: str = "KK99",
        amount: str = "100",
        timeout_s: float | None = None,
    ) -> sandbox_service_pb2.FundResponse:
        request = sandbox_service_pb2.FundRequest(request_id=request_id, asset=asset, amount=amount)
        return await self._sandbox.Fund(request, metadata=self._mesh.bearer(account, SCOPES), timeout=timeout_s)

    async def balances(self, account: int = ALICE) -> dict[str, tuple[str, str, str, str]]:
        """Give available, held, in transit and total by asset."""
        request = wallets_service_pb2.ListBalancesRequest()
        answer = await self._wallets.ListBalances(request, metadata=self._mesh.bearer(account, SCOPES))
        return {row.asset: (row.available, row.held, row.in_transit, row.total) for row in answer.balances}


def free(amount: str) -> tuple[str, str, str, str]:
    """Give the balance of who may trade with all of an amount of KK99."""
    return amount, "0.000000", "0.000000", amount


async def until(database: asyncpg.Connection, sql: str, *arguments: object) -> None:
    """Ask again and again until the query finds something."""
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval(sql, *arguments) is None:
            pass
