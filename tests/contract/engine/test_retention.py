"""What is old and not needed goes; a position in it is refused, and what is promised of an answer is a setting."""

from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from exchange.engine.v1.admin_service_pb2 import TakeSnapshotRequest
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.engine_service_pb2 import EventsRequest, GetStateRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from services.engine.app import build
from services.engine.model import Ack
from services.engine.settings import EngineSettings
from services.runtime.run import running
from tests.contract.engine.market import OPERATOR, ORDERS, open_market, submit
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh
from tests.unit.engine.samples import SELLER, order


async def test_a_position_that_is_not_retained_is_refused(mesh: Mesh, settings: EngineSettings) -> None:
    brief = replace(settings, keep=timedelta(0), event_segment_bytes=1 << 12)
    async with running("engine", brief, build) as process, mesh.channel(OPERATOR, process.server.port) as operator:
        await open_market(mesh, process.server.port)
        async with mesh.channel(ORDERS, process.server.port) as channel:
            for batch in range(3):
                await submit(channel, *(order(f"{batch}-{n}", SELLER, 5_000_000 + n) for n in range(100)))
                await AdminServiceStub(operator).TakeSnapshot(TakeSnapshotRequest())
            for position in (Position(), Position(epoch=1, engine_seq=50)):
                seen = await refused(EngineServiceStub(channel).Events(EventsRequest(after=position)).read())
                assert (seen.code, seen.reason) == (grpc.StatusCode.OUT_OF_RANGE, "POSITION_UNKNOWN")


@pytest.mark.parametrize("ack", Ack)
async def test_a_snapshot_is_that_of_the_core_at_work(mesh: Mesh, settings: EngineSettings, ack: Ack) -> None:
    for life in range(2):
        async with running("engine", replace(settings, ack=ack), build) as process:
            await open_market(mesh, process.server.port)
            async with mesh.channel(OPERATOR, process.server.port) as channel:
                state = await EngineServiceStub(channel).GetState(GetStateRequest(with_state_hash=True))
                snapshot = await AdminServiceStub(channel).TakeSnapshot(TakeSnapshotRequest())
                assert (snapshot.engine_seq, snapshot.state_hash) == (state.engine_seq, state.state_hash)
                assert state.epoch == 1
                assert state.snapshot_seq == (state.engine_seq - 5 if life else 0)
