"""The service around a real engine and a real PostgreSQL, and a client of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest

from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import Clock
from services.kernel.refusal import Refusal
from services.orders.app import build
from services.orders.entry.app import build as build_entry
from services.orders.entry.settings import EntrySettings
from services.orders.settings import Settings
from services.runtime.authorization import SessionIsLive
from services.runtime.refusals import refusal_of
from services.runtime.run import Process, running
from tests.contract.orders.engines import Real
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE

PATIENCE_S = 20.0
SCOPES = "orders:read orders:write"


class Venue:
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

    @property
    def engine_settings(self) -> dict[str, Any]:
        """Give the settings of the engine's process, as keywords."""
        return self._engine.settings(self.engine_port)

    async def stop_engine(self) -> None:
        """Stop the engine; what it knows stays."""
        await self._running.aclose()

    @property
    def settings(self) -> dict[str, Any]:
        """Give the settings of an orders process, as keywords."""
        return {
            **self.mesh.process("orders"),
            "engine_target": f"127.0.0.1:{self.engine_port}",
            "auth_target": "127.0.0.1:1",
            "postgres_dsn": self.dsn,
            "redis_url": self._redis_url,
        }

    @asynccontextmanager
    async def orders(
        self,
        *,
        healthy: bool = True,
        entry: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        session_is_live: SessionIsLive | None = None,
        **settings: Any,
    ) -> AsyncIterator["Orders"]:
        """Run the service, and wait until it is healthy unless it cannot be; its keys are those of the mesh.

        With `entry`, settings of its process, order entry runs beside it.
        """

        async def with_keys_of_mesh(process: Process, own: Settings) -> None:
            process.clock = clock or process.clock
            await build(process, own)
            process.use_tokens(self.mesh.keys, session_is_live)

        async with (
            running("orders", Settings(**self.settings | settings), with_keys_of_mesh) as process,
            self.mesh.channel("edge", process.server.port) as channel,
            self.order_entry(entry) as beside,
        ):
            orders = Orders(self.mesh, process, channel, beside)
            if healthy:
                await orders.healthy()
            yield orders

    @asynccontextmanager
    async def order_entry(self, changed: Mapping[str, Any] | None) -> AsyncIterator["OrderEntry | None"]:
        """Run order entry alone, with these settings changed; None: do not."""

        async def with_keys_of_mesh(process: Process, own: EntrySettings) -> None:
            await build_entry(process, own)
            process.use_tokens(self.mesh.keys)

        if changed is None:
            yield None
            return
        settings = {**self.settings, **self.mesh.process("order_entry"), **changed}
        del settings["postgres_dsn"]
        async with (
            running("order_entry", EntrySettings(**settings), with_keys_of_mesh) as process,
            self.mesh.channel("edge", process.server.port) as channel,
        ):
            yield OrderEntry(process, channel)


@asynccontextmanager
async def process(name: str, settings: Mapping[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a service as a process of its own; kill it at the end if nobody did."""
    environment = {f"EXCHANGE_{field.upper()}": str(value) for field, value in settings.items()}
    python_path = os.pathsep.join(["gen/python", "."])
    async with program(
        (sys.executable, "-m", f"services.{name}"), environment | {"PYTHONPATH": python_path}
    ) as started:
        yield started


@asynccontextmanager
async def program(argv: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program, in this environment and ours; kill it at the end if nobody did."""
    started = await asyncio.create_subprocess_exec(
        *argv, env={**os.environ, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


@dataclass(frozen=True)
class OrderEntry:
    """The process that serves the streams, and a connection to it."""

    process: Process
    channel: grpc.aio.Channel

    async def drain(self) -> None:
        """Let it shut down as it does when it is told to stop."""
        await self.process.server.drain(timedelta(seconds=20), EntrySettings.stream_grace)

    def measured(self, name: str) -> float | None:
        """Read one of its figures."""
        return self.process.telemetry.registry.get_sample_value(name)

    def now_ns(self) -> int:
        return self.process.clock.now_ns()


class Orders:
    """A client of the service for any account."""

    def __init__(
        self, mesh: Mesh, process: Process, channel: grpc.aio.Channel, beside: OrderEntry | None = None
    ) -> None:
        self._mesh = mesh
        self._process = process
        self._beside = beside
        self.channel = channel
        self.stub = OrdersServiceStub(channel)

    @property
    def entry(self) -> OrderEntry:
        """Give the process of order entry, which must be running."""
        assert self._beside is not None
        return self._beside

    async def healthy(self) -> None:
        """Wait until every dependency answers."""
        await until_healthy(self._process, *([self._beside.process] if self._beside else []))

    def bearer(self, account: int = ALICE, scopes: str = SCOPES, **claims: Any) -> tuple[tuple[str, str], ...]:
        return self._mesh.bearer(account, scopes, **claims)

    async def place(self, account: int = ALICE, **changes: Any) -> pb.PlaceOrderResponse:
        return await self.stub.PlaceOrder(limit_order(**changes), metadata=self.bearer(account))

    async def cancel(self, account: int = ALICE, **target: str) -> pb.CancelOrderResponse:
        return await self.stub.CancelOrder(pb.CancelOrderRequest(**target), metadata=self.bearer(account))

    async def amend(self, account: int = ALICE, **changes: Any) -> pb.AmendOrderResponse:
        return await self.stub.AmendOrder(pb.AmendOrderRequest(**changes), metadata=self.bearer(account))

    async def mass_cancel(self, account: int = ALICE, **filters: Any) -> pb.MassCancelResponse:
        return await self.stub.MassCancel(pb.MassCancelRequest(**filters), metadata=self.bearer(account))

    async def cancel_all_after(self, account: int = ALICE, **guard: Any) -> pb.CancelAllAfterResponse:
        return await self.stub.CancelAllAfter(pb.CancelAllAfterRequest(**guard), metadata=self.bearer(account))

    async def trades(self, account: int = ALICE, **query: Any) -> pb.ListTradesResponse:
        return await self.stub.ListTrades(pb.ListTradesRequest(**query), metadata=self.bearer(account))

    async def get(self, account: int = ALICE, **target: Any) -> pb.GetOrderResponse:
        return await self.stub.GetOrder(pb.GetOrderRequest(**target), metadata=self.bearer(account))

    async def list(self, account: int = ALICE, **query: Any) -> pb.ListOrdersResponse:
        return await self.stub.ListOrders(pb.ListOrdersRequest(**query), metadata=self.bearer(account))


async def until_healthy(*processes: Process) -> None:
    """Wait until all that they depend on answers."""
    async with asyncio.timeout(PATIENCE_S):
        for health in (each.health for each in processes):
            await health.check_all()
            while health.faults:
                await health.check_all()


def limit_order(client_order_id: str = "one", **changes: Any) -> pb.PlaceOrderRequest:
    """Write an order to buy 0.5 BTC at 100.00; `changes` are fields of it."""
    fields: dict[str, Any] = {
        "instrument": "BTC-KK99",
        "side": t.SIDE_BUY,
        "type": t.ORDER_TYPE_LIMIT,
        "time_in_force": t.TIME_IN_FORCE_GTC,
        "price": "100",
        "quantity": "0.5",
    }
    return pb.PlaceOrderRequest(client_order_id=client_order_id, **fields | changes)


@asynccontextmanager
async def refused() -> AsyncIterator[list[Refusal]]:
    """Collect the refusal that the body must meet."""
    caught: list[Refusal] = []
    with pytest.raises(grpc.aio.AioRpcError) as error:
        yield caught
    caught.append(refusal_of(error.value))
