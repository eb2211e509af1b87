"""The engine in memory behind the engine's contract, for services that talk to it over the mesh."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin_pb
from exchange.engine.v1 import command_pb2
from exchange.engine.v1 import engine_service_pb2 as pb
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceServicer, add_AdminServiceServicer_to_server
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceServicer, add_EngineServiceServicer_to_server
from services.kernel.clock import Clock
from services.kernel.refusal import RelayedRefusal
from services.runtime.run import Build, Process, ProcessSettings
from tests.fakes.engine import EngineFake

SHARD, EPOCH = 0, 1
BLOCKS_AT_ONCE = 100
HEARTBEAT_S = 1.0

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


def serving(engine: EngineFake) -> Build[ProcessSettings]:
    """Return what builds a process that serves this engine; the engine outlives the process."""

    async def build(process: Process, own: ProcessSettings) -> None:
        shard = _Shard(engine, process.clock)
        process.server.add(add_EngineServiceServicer_to_server, _EngineServer(shard))
        process.server.add(add_AdminServiceServicer_to_server, _AdminServer(shard))

    return build


class _Shard:
    def __init__(self, engine: EngineFake, clock: Clock) -> None:
        self.engine = engine
        self._clock = clock
        self.moved = asyncio.Condition()

    async def apply(self, commands: list[command_pb2.Command]) -> list[command_pb2.CommandResult]:
        self.engine.now_ns = self._clock.now_ns()
        results = [self.engine.apply(command) for command in commands]
        async with self.moved:
            self.moved.notify_all()
        return results


class _EngineServer(EngineServiceServicer):
    def __init__(self, shard: _Shard) -> None:
        self._shard = shard
        self._engine = shard.engine

    async def Submit(  # noqa: N802
        self, requests: AsyncIterator[pb.SubmitRequest], context: Context
    ) -> AsyncIterator[pb.SubmitResponse]:
        async for request in requests:
            yield pb.SubmitResponse(results=await self._shard.apply(list(request.commands)))

    async def Events(  # noqa: N802
        self, request: pb.EventsRequest, context: Context
    ) -> AsyncIterator[pb.EventsResponse]:
        told = request.after.engine_seq
        if request.HasField("snapshot"):
            snapshot = self._engine.snapshot()
            told = snapshot.engine_seq
            yield self._response(snapshot=snapshot)
        if told > self._engine.engine_seq:
            raise RelayedRefusal("POSITION_UNKNOWN", "The position lies ahead; start from a snapshot.")
        while True:
            blocks = self._engine.blocks[told : told + BLOCKS_AT_ONCE]
            yield self._response(blocks=blocks)
            told += len(blocks)
            await self._news(told)

    async def GetState(self, request: pb.GetStateRequest, context: Context) -> pb.GetStateResponse:  # noqa: N802
        seq = self._engine.engine_seq
        return pb.GetStateResponse(shard=SHARD, epoch=EPOCH, engine_seq=seq, durable_seq=seq)

    def _response(self, **content: Any) -> pb.EventsResponse:
        return pb.EventsResponse(shard=SHARD, epoch=EPOCH, durable_seq=self._engine.engine_seq, **content)

    async def _news(self, told: int) -> None:
        try:
            async with asyncio.timeout(HEARTBEAT_S), self._shard.moved:
                await self._shard.moved.wait_for(lambda: self._engine.engine_seq > told)
        except TimeoutError:
            return


class _AdminServer(AdminServiceServicer):
    def __init__(self, shard: _Shard) -> None:
        self._shard = shard

    async def OpenAccount(  # noqa: N802
        self, request: admin_pb.OpenAccountRequest, context: Context
    ) -> admin_pb.OpenAccountResponse:
        opened = command_pb2.OpenAccount(
            account_id=request.account_id,
            taker_fee_ppm=request.taker_fee_ppm,
            maker_fee_ppm=request.maker_fee_ppm,
        )
        [result] = await self._shard.apply([command_pb2.Command(open_account=opened)])
        return admin_pb.OpenAccountResponse(engine_seq=result.engine_seq)

    async def CreateInstrument(  # noqa: N802
        self, request: admin_pb.CreateInstrumentRequest, context: Context
    ) -> admin_pb.CreateInstrumentResponse:
        created = command_pb2.CreateInstrument(instrument=request.instrument)
        [result] = await self._shard.apply([command_pb2.Command(create_instrument=created)])
        return admin_pb.CreateInstrumentResponse(engine_seq=result.engine_seq)

    async def TakeSnapshot(  # noqa: N802
        self, request: admin_pb.TakeSnapshotRequest, context: Context
    ) -> admin_pb.TakeSnapshotResponse:
        return admin_pb.TakeSnapshotResponse(engine_seq=self._shard.engine.engine_seq)
