"""Which comes first at a client behind the edge, the fill on its private stream or the public trade, and by how much.

Workload: TRADES times, a seller's order and a buyer's that takes it, by gRPC through Envoy, each pair once the one
before has been told on both streams, or, in the second run, as soon as it is answered. The buyer follows its account
and the instrument's trades on one connection of its own, and stamps what comes off it. All processes are as they are
deployed, on this machine; nobody else trades.

    PYTHONPATH=gen/python:. python -m bench.account_stream.first
"""

# ruff: noqa: T201 - a command line

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from exchange.market_data.v1.market_data_service_pb2 import StreamTradesRequest
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from exchange.orders.v1.account_stream_pb2 import StreamAccountRequest
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from stack.authority import authority_of
from stack.inventory import local_stack
from stack.ports import free_base_port
from stack.site import Site
from tests.e2e.clients.grpc_client import GrpcClient
from tests.e2e.trader import Trader

TRADES = 2_000
INSTRUMENT, QUANTITY, PRICE = "SOL-KK99", "0.100", "20.00"


async def play(site: Site) -> None:
    """Run the workload both ways, and print the outcomes."""
    edge, authority = f"localhost:{site.port('edge')}", authority_of(site).certificate
    async with AsyncExitStack() as opened:
        clients = [GrpcClient(edge, authority) for _ in range(3)]
        for client in clients:
            opened.push_async_callback(client.close)
        seller = await Trader(clients[0]).join(SOL="1000")
        buyer = await Trader(clients[1]).join(KK99="100000")
        private, public = Stamps(), Stamps()
        token = buyer.client.token
        account = OrdersServiceStub(clients[2].channel).StreamAccount(
            StreamAccountRequest(), metadata=(("authorization", f"Bearer {token}"),)
        )
        trades = MarketDataServiceStub(clients[2].channel).StreamTrades(StreamTradesRequest(instrument=INSTRUMENT))
        await account.read()
        await trades.read()
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(private.fills(account)), group.create_task(public.trades(trades))]
            for waits, name in ((True, "one after the other"), (False, "without a pause")):
                report(name, await trade(seller, buyer, private, public, waits=waits), private.at, public.at)
            for reader in readers:
                reader.cancel()


async def trade(seller: Trader, buyer: Trader, private: "Stamps", public: "Stamps", *, waits: bool) -> Sequence[str]:
    """Let the two trade; return the numbers of their trades once both streams have told all of them."""
    before = len(private.at)
    for due in range(1, TRADES + 1):
        await seller.place(INSTRUMENT, "SELL", QUANTITY, PRICE)
        await buyer.place(INSTRUMENT, "BUY", QUANTITY, PRICE)
        if waits:
            await asyncio.gather(private.have(before + due), public.have(before + due))
    await asyncio.gather(private.have(before + TRADES), public.have(before + TRADES))
    return list(private.at)[before:]


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

    async def have(self, count: int) -> None:
        """Wait until so many trades were told."""
        while len(self.at) < count:
            await self._news.wait()
            self._news.clear()

    def _stamp(self, trade_id: str, now_ns: int) -> None:
        self.at.setdefault(trade_id, now_ns)
        self._news.set()


def report(name: str, trades: Sequence[str], private: dict[str, int], public: dict[str, int]) -> None:
    """Print how often the private fill came after the public trade, and by how much; how far ahead it was otherwise."""
    ahead = [(public[trade] - private[trade]) / 1e6 for trade in trades]
    late = [-each for each in ahead if each < 0]
    print(f"{name}: {len(ahead)} trades; the private fill came after the public trade {len(late)} times")
    _print("private ahead of public", [each for each in ahead if each >= 0])
    _print("private behind public", late)


def _print(name: str, values: Sequence[float]) -> None:
    if len(values) > 1:
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        print(f"  {name}: p50 {cuts[49]:.2f} p90 {cuts[89]:.2f} p99 {cuts[98]:.2f} most {max(values):.2f} ms")
    else:
        print(f"  {name}: {values}")


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as data,
        local_stack(Path(data) / "stack", free_base_port(), parts=("instruments", "envoy")) as stack,
    ):
        asyncio.run(play(stack.site))
