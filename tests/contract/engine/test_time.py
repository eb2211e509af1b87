"""Time acts by itself in a quiet market; a stepped clock stops sequencing, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.engine_service_pb2 import EventsRequest, GetStateRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.error.v1 import reason_pb2
from exchange.event.v1.event_pb2 import Position
from exchange.type.v1.order_pb2 import ORDER_END_REASON_TOO_OLD
from services.engine.app import build
from services.engine.settings import EngineSettings
from services.kernel.clock import ManualClock
from services.runtime.run import Process, running
from tests.contract.engine.market import OPERATOR, ORDERS, account, open_market, submit
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh
from tests.unit.engine.samples import SELLER, order


@asynccontextmanager
async def engine_with(clock: ManualClock, settings: EngineSettings, mesh: Mesh) -> AsyncIterator[Process]:
    async def build_with_clock(process: Process, own: EngineSettings) -> None:
        process.clock = clock
        await build(process, own)

    async with running("engine", settings, build_with_clock) as process:
        await open_market(mesh, process.server.port)
        yield process


async def test_a_stepped_clock_stops_sequencing_and_nothing_else(mesh: Mesh, settings: EngineSettings) -> None:
    clock = ManualClock(time.time_ns())
    async with engine_with(clock, settings, mesh) as engine:
        clock.step(timedelta(seconds=6))
        async with mesh.channel(ORDERS, engine.server.port) as channel:
            answer = await submit(channel, order("o", SELLER, 5_000_000))
            assert (answer.reason, len(answer.results)) == (reason_pb2.REASON_CLOCK_STEPPED, 0)
            state = await EngineServiceStub(channel).GetState(GetStateRequest())
            assert state.engine_seq == 5
            assert (await account(channel, SELLER)).engine_seq == 5
        async with mesh.channel(OPERATOR, engine.server.port) as channel:
            seen = await refused(AdminServiceStub(channel).OpenAccount(admin.OpenAccountRequest(account_id=9)))
            assert (seen.code, seen.reason) == (grpc.StatusCode.UNAVAILABLE, "CLOCK_STEPPED")
        await engine.health.check_all()
        assert list(engine.health.faults) == ["clock"]


async def test_what_is_due_happens_although_nobody_sends_a_command(mesh: Mesh, settings: EngineSettings) -> None:
    clock = ManualClock(time.time_ns())
    async with (
        engine_with(clock, settings, mesh) as engine,
        mesh.channel(ORDERS, engine.server.port) as channel,
        asyncio.timeout(30),
    ):
        placed = (await submit(channel, order("old", SELLER, 5_000_000))).results[0]
        clock.advance(timedelta(days=90))
        stream = EngineServiceStub(channel).Events(EventsRequest(after=Position(epoch=1, engine_seq=placed.engine_seq)))
        while not (response := await stream.read()).blocks:
            pass
        ended = response.blocks[0].events[0].order_updated.order
        assert (ended.client_order_id, ended.end_reason) == ("old", ORDER_END_REASON_TOO_OLD)
        assert not (await account(channel, SELLER)).open_orders
        stream.cancel()
