"""Which comes first at a client, the fill on its private stream or the public trade, and how long after the order.

Workload: TRADES pairs of orders that trade in one instrument, each pair once the one before has been told on both
streams. One client follows its account at orders and the trades at market_data, over mutual TLS, no edge between. Four
processes: the engine with its journal on disk, orders and market_data as they are deployed, and this one, which enters
the orders straight into the engine and stamps what comes off both sockets.

    PYTHONPATH=gen/python:. python -m bench.account_stream.first
"""

# ruff: noqa: T201 - a command line

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from exchange.market_data.v1.market_data_service_pb2 import StreamTradesRequest
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from exchange.orders.v1.account_stream_pb2 import StreamAccountRequest
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from services.runtime import migrate
from services.runtime.run import ProcessSettings, running
from stack import postgres
from stack import redis as redis_server
from stack.inventory import local_stack
from stack.ports import free_base_port
from tests.contract.orders.engines import CALLERS, Real, open_market, operator
from tests.integration.orders.test_account_stream_survives import GET_JWKS, Keys, free_port
from tests.integration.orders.test_projection import market
from tests.integration.orders.venue import SCOPES, Venue, process
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE

TRADES = 2_000
ENGINE = "/exchange.engine.v1.EngineService/*"


async def play(folder: Path, dsn: str, redis_url: str) -> None:
    """Run the workload and print the outcome."""
    await migrate.apply(dsn, migrate.folder_of("orders"))
    orders = {**CALLERS["orders"], "methods": [ENGINE, GET_JWKS]}
    mesh = Mesh(folder, CALLERS | {"orders": orders, "market_data": {"methods": [ENGINE]}})
    venue = Venue(mesh, Real(mesh, folder / "engine"), dsn, redis_url)
    await venue.start_engine()
    async with operator(mesh, venue.engine_port) as channel:
        await open_market(channel)
    await venue.stop_engine()
    async with AsyncExitStack() as parts:
        keys = await parts.enter_async_context(
            running("auth", ProcessSettings(**mesh.process("auth")), Keys(mesh).serve)
        )
        await parts.enter_async_context(process("engine", venue.engine_settings))
        ports = {"orders": free_port(), "market_data": free_port()}
        own = venue.settings | {"listen_port": ports["orders"], "auth_target": f"127.0.0.1:{keys.server.port}"}
        await parts.enter_async_context(process("orders", own))
        public = mesh.process("market_data") | {
            "listen_port": ports["market_data"],
            "engine_target": f"127.0.0.1:{venue.engine_port}",
        }
        await parts.enter_async_context(process("market_data", public))
        channels = {name: await parts.enter_async_context(mesh.channel("edge", port)) for name, port in ports.items()}
        await measure(venue, mesh, channels)


async def measure(venue: Venue, mesh: Mesh, channels: dict[str, Any]) -> None:
    """Trade, and compare when both streams told."""
    for channel in channels.values():
        await channel.channel_ready()
    trades = await first_word(
        lambda: MarketDataServiceStub(channels["market_data"]).StreamTrades(StreamTradesRequest(instrument="BTC-KK99"))
    )
    account = await first_word(
        lambda: OrdersServiceStub(channels["orders"]).StreamAccount(
            StreamAccountRequest(), metadata=mesh.bearer(ALICE, SCOPES)
        )
    )
    private, public, sent = Stamps(), Stamps(), dict[str, int]()
    async with market(venue) as trading, asyncio.TaskGroup() as group:
        readers = [group.create_task(private.fills(account)), group.create_task(public.trades(trades))]
        await trading.channel.channel_ready()
        for _ in range(TRADES):
            began, before = time.monotonic_ns(), len(private.at)
            await trading.trade(1)
            while len(private.at) == before or private.at.keys() != public.at.keys():
                await private.told_or(public)
            sent.update(dict.fromkeys(list(private.at)[before:], began))
        for reader in readers:
            reader.cancel()
    report(sent, private.at, public.at)


class Stamps:
    """When each trade was told on one stream."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self._news = asyncio.Event()

    async def fills(self, stream: Any) -> None:
        """Stamp what a private stream tells, for ever."""
        while True:
            message = await stream.read()
            now_ns = time.monotonic_ns()
            for event in message.events.events:
                if event.order_update.HasField("fill"):
                    self._stamp(event.order_update.fill.trade_id, now_ns)

    async def trades(self, stream: Any) -> None:
        """Stamp what the stream of trades tells, for ever."""
        while True:
            message = await stream.read()
            now_ns = time.monotonic_ns()
            for trade in message.trades:
                self._stamp(trade.trade_id, now_ns)

    async def told_or(self, other: "Stamps") -> None:
        """Wait until one of the two streams has told something."""
        waits = [asyncio.ensure_future(each._news.wait()) for each in (self, other)]  # noqa: SLF001 - its own kind
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each, wait in zip((self, other), waits, strict=True):
            wait.cancel()
            each._news.clear()  # noqa: SLF001 - its own kind

    def _stamp(self, trade_id: str, now_ns: int) -> None:
        self.at.setdefault(trade_id, now_ns)
        self._news.set()


async def first_word(follow: Any) -> Any:
    """Open a stream until one begins; services take a moment to hear of the engine."""
    while True:
        stream = follow()
        try:
            await stream.read()
        except Exception:  # noqa: S112 - not ready yet
            continue
        return stream


def report(sent: dict[str, int], private: dict[str, int], public: dict[str, int]) -> None:
    """Print the percentiles in milliseconds."""
    ahead = [(public[trade] - private[trade]) / 1e6 for trade in sent]
    print(f"{len(ahead)} trades; the private fill came first {sum(each >= 0 for each in ahead)} times")
    for name, values in {
        "order to private fill": [(private[trade] - began) / 1e6 for trade, began in sent.items()],
        "order to public trade": [(public[trade] - began) / 1e6 for trade, began in sent.items()],
        "private ahead of public": ahead,
    }.items():
        cuts = statistics.quantiles(values, n=1_000)
        print(f"{name}: p1 {cuts[9]:.2f} p50 {cuts[499]:.2f} p90 {cuts[899]:.2f} p99 {cuts[989]:.2f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data, local_stack(Path(data) / "stack", free_base_port(), parts=()) as stack:
        stack.start("postgres", "redis")
        dsn = postgres.ensure_database(stack.site, "bench")
        (Path(data) / "mesh").mkdir()
        asyncio.run(play(Path(data) / "mesh", dsn, redis_server.url(stack.site)))
