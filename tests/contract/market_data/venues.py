"""Engines to follow: the scripted one and the real one, each behind `EngineService` on a mesh."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from exchange.engine.v1.engine_service_pb2_grpc import add_EngineServiceServicer_to_server
from exchange.type.v1.order_pb2 import SIDE_BUY, SIDE_SELL
from services.engine.app import build as build_engine
from services.engine.settings import EngineSettings
from services.market_data.model.book import Side
from services.runtime.run import Process, ProcessSettings, running
from tests.contract.engine.market import CALLERS, ORDERS, open_market, submit
from tests.fakes.market_data_engine import ScriptedEngine, ScriptedService
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99, BUYER, SELLER, order

SYMBOL = BTC_KK99.symbol
MARKET_DATA = "market_data"
MESH_CALLERS = CALLERS | {MARKET_DATA: {"methods": ["/exchange.engine.v1.EngineService/Events"]}}


class Venue(Protocol):
    """An engine with one instrument, in which a test makes things happen."""

    port: int

    async def rest(self, side: Side, price: int, quantity: int) -> None:
        """Let an order rest that crosses nothing."""
        ...

    async def take(self, side: Side, price: int, quantity: int) -> None:
        """Let an order take that much of the best opposite level, which has it, and stands at that price."""
        ...


class Scripted:
    """The log written by hand."""

    def __init__(self, engine: ScriptedEngine, port: int) -> None:
        self.engine = engine
        self.port = port

    async def rest(self, side: Side, price: int, quantity: int) -> None:
        self._add(side, price, quantity)

    async def take(self, side: Side, price: int, quantity: int) -> None:
        self.engine.trade(SYMBOL, price, quantity, _WIRE[side])
        self._add(Side.SELL if side is Side.BUY else Side.BUY, price, -quantity)

    def _add(self, side: Side, price: int, quantity: int) -> None:
        before = self.engine.markets[SYMBOL].levels.get((_WIRE[side], price), 0)
        self.engine.put(SYMBOL, _WIRE[side], price, before + quantity)


class Real:
    """The engine itself; buyers and sellers are accounts with plenty of funds."""

    def __init__(self, mesh: Mesh, port: int) -> None:
        self._mesh = mesh
        self._numbers = itertools.count(1)
        self.port = port

    async def rest(self, side: Side, price: int, quantity: int) -> None:
        account = BUYER if side is Side.BUY else SELLER
        async with self._mesh.channel(ORDERS, self.port) as channel:
            answer = await submit(channel, order(f"order-{next(self._numbers)}", account, price, quantity))
        assert not answer.results[0].reason

    async def take(self, side: Side, price: int, quantity: int) -> None:
        await self.rest(side, price, quantity)


_WIRE = {Side.BUY: SIDE_BUY, Side.SELL: SIDE_SELL}


@asynccontextmanager
async def scripted(mesh: Mesh, port: int = 0, engine: ScriptedEngine | None = None) -> AsyncIterator[Scripted]:
    log = engine or ScriptedEngine()

    async def build(process: Process, own: ProcessSettings) -> None:
        process.server.add(add_EngineServiceServicer_to_server, ScriptedService(log))

    own = ProcessSettings(**mesh.process("engine") | {"listen_port": port})
    async with running("engine", own, build) as process:
        yield Scripted(log, process.server.port)


@asynccontextmanager
async def real(mesh: Mesh, folder: Path) -> AsyncIterator[Real]:
    own = EngineSettings(**mesh.process("engine"), data_folder=folder, journal_segment_bytes=1 << 20)
    async with running("engine", own, build_engine) as process:
        await open_market(mesh, process.server.port)
        yield Real(mesh, process.server.port)
