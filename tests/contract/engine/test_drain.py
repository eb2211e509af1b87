"""A drain answers what was read, tells the streams, and leaves a snapshot."""

import asyncio
from contextlib import AsyncExitStack

import grpc

from exchange.engine.v1.engine_service_pb2 import SubmitRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.engine import _core
from services.engine.app import build
from services.engine.settings import EngineSettings
from services.runtime.run import running
from tests.contract.engine.market import ORDERS, open_market
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh
from tests.unit.engine.samples import SELLER, order

BATCHES = 50


async def test_a_drain_answers_what_was_read_and_leaves_a_snapshot(mesh: Mesh, settings: EngineSettings) -> None:
    async with asyncio.timeout(60), AsyncExitStack() as client:
        async with running("engine", settings, build) as engine:
            await open_market(mesh, engine.server.port)
            channel = await client.enter_async_context(mesh.channel(ORDERS, engine.server.port))
            stream = EngineServiceStub(channel).Submit()
            for n in range(BATCHES):
                await stream.write(SubmitRequest(commands=[order(f"o{n}", SELLER, 5_000_000)]))
            answers = [await stream.read()]
            left = asyncio.create_task(_to_the_end(stream, answers))
        seen = await refused(left)
    assert (seen.code, seen.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    again = _core.Engine(folder=str(settings.data_folder))
    state = again.state()
    again.close()
    assert state.snapshot_seq == state.engine_seq
    assert state.engine_seq == 5 + len(answers)


async def _to_the_end(stream: "grpc.aio.StreamStreamCall[SubmitRequest, object]", answers: list[object]) -> None:
    while True:
        answers.append(await stream.read())
