"""A scripted engine, market_data and a client, each at its end of a real connection; both can be restarted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Generic, TypeVar

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from exchange.market_data.v1 import market_data_service_pb2 as contract
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from services.market_data.app import build
from services.market_data.settings import Settings
from services.runtime.run import Process, running
from tests.contract.market_data.venues import scripted
from tests.fakes.market_data_client import BookClient, TradeClient
from tests.fakes.market_data_engine import ScriptedEngine
from tests.mesh import Mesh

BTC = "BTC-KK99"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
LIMIT_S = 60
"""How long any single condition may take to come true."""


class Stage:
    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.engine = ScriptedEngine()
        self.process: Process
        self._engine_open, self._service_open = AsyncExitStack(), AsyncExitStack()
        self._engine_port = 0

    async def start_engine(self) -> None:
        venue = await self._engine_open.enter_async_context(scripted(self.mesh, self._engine_port, self.engine))
        self._engine_port = venue.port

    async def stop_engine(self) -> None:
        self.engine.cut()
        await self._engine_open.aclose()

    async def start_service(self, **changed: Any) -> None:
        own = Settings(
            **self.mesh.process("market_data") | changed,
            engine_target=f"127.0.0.1:{self._engine_port}",
            publish_tick=timedelta(milliseconds=2),
        )
        self.process = await self._service_open.enter_async_context(running("market_data", own, build))
        self.channel = await self._service_open.enter_async_context(self.edge())

    async def stop_service(self) -> None:
        await self._service_open.aclose()

    @asynccontextmanager
    async def edge(self, options: Sequence[tuple[str, int]] = ()) -> AsyncIterator[grpc.aio.Channel]:
        """Connect as the edge does."""
        credentials = self.mesh.identity("edge").channel_credentials()
        address = f"localhost:{self.process.server.port}"
        async with grpc.aio.secure_channel(address, credentials, options) as channel:
            yield channel

    @property
    def api(self) -> MarketDataServiceStub:
        return MarketDataServiceStub(self.channel)

    def measure(self, name: str) -> float:
        value = self.process.telemetry.registry.get_sample_value(f"exchange_market_data_{name}")
        assert value is not None
        return value

    async def health(self, wanted: int) -> None:
        """Wait until the service says of itself what is wanted."""
        watch = HealthStub(self.channel).Watch(HealthCheckRequest())
        async with asyncio.timeout(LIMIT_S):
            async for answer in watch:
                if answer.status == wanted:
                    break
        watch.cancel()

    async def close(self) -> None:
        await self.stop_service()
        await self.stop_engine()


@asynccontextmanager
async def stage(mesh: Mesh) -> AsyncIterator[Stage]:
    running_stage = Stage(mesh)
    await running_stage.start_engine()
    await running_stage.start_service()
    try:
        await running_stage.health(SERVING)
        yield running_stage
    finally:
        await running_stage.close()


Client = TypeVar("Client", BookClient, TradeClient)


class Reader(Generic[Client]):
    """A stream and the client that takes it in, message by message, when a test says so."""

    def __init__(self, call: Any, client: Client) -> None:
        self.client = client
        self._call = call
        self._messages = aiter(call)

    async def until(self, condition: Callable[[Client], bool]) -> None:
        """Read until the condition is true; raises what ends the stream."""
        async with asyncio.timeout(LIMIT_S):
            while not condition(self.client):
                self.client.take(await anext(self._messages))

    def cancel(self) -> None:
        self._call.cancel()


def book_reader(
    api: MarketDataServiceStub, depth: int = 10, client: BookClient | None = None, *, resume: bool = False
) -> Reader[BookClient]:
    """Open a stream of the book; with `resume` the client goes on where it stands."""
    reader = client or BookClient()
    place = reader.resume() if resume else None
    return Reader(api.StreamBook(contract.StreamBookRequest(instrument=BTC, depth=depth, resume=place)), reader)


def trade_reader(api: MarketDataServiceStub, client: TradeClient | None = None) -> Reader[TradeClient]:
    """Open a stream of trades; a client that has some goes on where it stands."""
    reader = client or TradeClient()
    return Reader(api.StreamTrades(contract.StreamTradesRequest(instrument=BTC, resume=reader.resume())), reader)
