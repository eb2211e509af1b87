"""Engines to test orders with: the one in memory and the real one, each behind the engine's contract on a mesh."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1 import command_pb2
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.engine.v1.instrument_pb2 import Instrument
from services.engine.app import build as build_engine
from services.engine.settings import EngineSettings
from services.runtime.run import Process, ProcessSettings, running
from tests.fakes.engine import EngineFake
from tests.fakes.engine_server import serving
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE, BOB, BTC, BTC_KK99, KK99

OPERATOR = "operator"
COMMANDS = [
    "place_order",
    "cancel_order",
    "amend_order",
    "mass_cancel",
    "cancel_all_after",
    "open_session",
    "keep_gateway",
    "end_session",
]
CALLERS = {
    "orders": {"methods": ["/exchange.engine.v1.EngineService/*"], "commands": COMMANDS},
    "order_entry": {
        "methods": ["/exchange.engine.v1.EngineService/*"],
        "commands": [*COMMANDS, "place_order_group", "place_orders"],
    },
    OPERATOR: {
        "methods": ["/exchange.engine.v1.EngineService/*", "/exchange.engine.v1.AdminService/*"],
        "commands": ["transfer_in"],
    },
}


class InMemory:
    """The engine in memory; what it knows outlives its process."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._engine = EngineFake()

    def running(self, port: int = 0) -> AbstractAsyncContextManager[Process]:
        own = ProcessSettings(**self._mesh.process("engine") | {"listen_port": port})
        return running("engine", own, serving(self._engine))


class Real:
    """The real engine; what it knows is in its folder."""

    def __init__(self, mesh: Mesh, folder: Path) -> None:
        self._mesh = mesh
        self._folder = folder

    def settings(self, port: int) -> dict[str, Any]:
        """Give the settings of its process, as keywords."""
        return self._mesh.process("engine") | {"listen_port": port, "data_folder": self._folder}

    def running(self, port: int = 0) -> AbstractAsyncContextManager[Process]:
        return running("engine", EngineSettings(**self.settings(port)), build_engine)


Engine = InMemory | Real


def engine_of(kind: str, mesh: Mesh, folder: Path) -> Engine:
    """Give an engine with nothing in it; `kind` is "memory" or "real"."""
    return InMemory(mesh) if kind == "memory" else Real(mesh, folder / "engine")


@asynccontextmanager
async def operator(mesh: Mesh, port: int) -> AsyncIterator[grpc.aio.Channel]:
    """Connect to an engine as the one who may list, open and fund."""
    async with mesh.channel(OPERATOR, port) as channel:
        yield channel


async def list_instrument(channel: grpc.aio.Channel, instrument: Instrument) -> None:
    await AdminServiceStub(channel).CreateInstrument(admin.CreateInstrumentRequest(instrument=instrument))


async def open_market(channel: grpc.aio.Channel) -> None:
    """List BTC-KK99, open two accounts, and give each 1,000,000 KK99 and 1,000 BTC."""
    await list_instrument(channel, BTC_KK99)
    for account in (ALICE, BOB):
        opened = admin.OpenAccountRequest(account_id=account, taker_fee_ppm=1_000, maker_fee_ppm=500)
        await AdminServiceStub(channel).OpenAccount(opened)
    funds = [(account, asset) for account in (ALICE, BOB) for asset in ((KK99, 10**12), (BTC, 10**11))]
    transfers = [
        command_pb2.TransferIn(transfer_seq=seq, account_id=account, asset_id=asset.asset_id, amount=amount)
        for seq, (account, (asset, amount)) in enumerate(funds, start=1)
    ]
    stream = EngineServiceStub(channel).Submit()
    await stream.write(SubmitRequest(commands=[command_pb2.Command(transfer_in=transfer) for transfer in transfers]))
    answer = await stream.read()
    assert isinstance(answer, SubmitResponse)
    assert not any(result.reason for result in answer.results)
    stream.cancel()
