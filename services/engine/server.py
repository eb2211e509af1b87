"""The faces of the engine. Submit passes bytes on as they are; the other methods read messages.

One inline call per batch; a writer per stream releases the answers in order, each once it is durable.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import grpc

from exchange.engine.v1 import admin_service_pb2, admin_service_pb2_grpc, engine_service_pb2, engine_service_pb2_grpc
from exchange.engine.v1.command_pb2 import Command
from services.engine import convert
from services.engine.errors import ClockStepped, UnknownAccount
from services.engine.ports import Pending, Shard
from services.engine.usecases.follow import Follow
from services.engine.usecases.submit import Submit
from services.kernel.refusal import Refusal
from services.runtime import call
from services.runtime.refusals import Draining

UNANSWERED_BATCHES = 64
"""Most batches of a stream that wait for their answer to be taken; beyond it the stream is not read."""

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


@dataclass(frozen=True)
class UseCases:
    """What the engine's process can do."""

    submit: Submit
    follow: Follow


class EngineServicer(engine_service_pb2_grpc.EngineServiceServicer):
    """One method per RPC; `raw` serves those that pass bytes on."""

    def __init__(self, use_cases: UseCases, shard: Shard, kinds_of: Callable[[str], int]) -> None:
        self._do = use_cases
        self._shard = shard
        self._kinds_of = kinds_of

    @property
    def raw(self) -> dict[str, Handler]:
        """The handlers whose answers are bytes already; only Submit reads bytes too."""
        service = engine_service_pb2
        return {
            "Submit": grpc.stream_stream_rpc_method_handler(self.Submit),
            "Events": grpc.unary_stream_rpc_method_handler(self.Events, service.EventsRequest.FromString),
            "Query": grpc.unary_unary_rpc_method_handler(self.Query, service.QueryRequest.FromString),
        }

    async def Submit(  # type: ignore[override] # bytes in, bytes out
        self, requests: AsyncIterator[bytes], context: Context
    ) -> None:
        """Answer batches in their order; at a drain stop reading and finish what was read."""
        answers = _Answers()
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(requests, answers, self._kinds_of(call.peer())))
                drain = group.create_task(_stop_at_drain(reader))
                await answers.write(context)
                drain.cancel()
        except* Refusal as refused:
            raise _only(refused) from None
        if reader.cancelled():
            raise Draining("The engine is shutting down; open the stream again, with the same ids.")

    async def Events(  # type: ignore[override] # answers are ready bytes
        self, request: engine_service_pb2.EventsRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """Serve the event log."""
        follow, manner = self._do.follow, convert.manner_of(request)
        place = convert.place_of(request.after) if request.HasField("after") else None
        async for response in follow.snapshot(manner) if place is None else follow.after(place, manner):
            yield response

    async def Query(  # type: ignore[override] # the answer is ready bytes
        self, request: engine_service_pb2.QueryRequest, context: Context
    ) -> bytes:
        """Tell an account's state, once it is durable."""
        found = self._shard.query(request.account_id)
        if found is None:
            raise UnknownAccount(request.account_id)
        await found.durable
        return found.content

    async def GetState(
        self, request: engine_service_pb2.GetStateRequest, context: Context
    ) -> engine_service_pb2.GetStateResponse:
        """Tell how far the shard is."""
        return convert.state_message(await self._shard.state(with_hash=request.with_state_hash))

    async def _read(self, requests: AsyncIterator[bytes], answers: "_Answers", kinds: int) -> None:
        try:
            async for batch in requests:
                await answers.room()
                answers.add(self._applied(batch, kinds))
        finally:
            answers.end()

    def _applied(self, batch: bytes, kinds: int) -> Pending:
        try:
            submitted = self._do.submit(batch, kinds)
            return replace(submitted.pending, content=submitted.pending.content + convert.times_of(submitted))
        except ClockStepped as refusal:
            return Pending(convert.refused_batch(refusal), self._shard.until_durable(0))


class AdminServicer(admin_service_pb2_grpc.AdminServiceServicer):
    """What operators and other services change; each call is a command in the journal."""

    def __init__(self, submit: Submit, shard: Shard) -> None:
        self._submit = submit
        self._shard = shard

    async def OpenAccount(
        self, request: admin_service_pb2.OpenAccountRequest, context: Context
    ) -> admin_service_pb2.OpenAccountResponse:
        """Make an account known."""
        engine_seq = await self._command(convert.open_account_batch(request))
        return admin_service_pb2.OpenAccountResponse(engine_seq=engine_seq)

    async def CreateInstrument(
        self, request: admin_service_pb2.CreateInstrumentRequest, context: Context
    ) -> admin_service_pb2.CreateInstrumentResponse:
        """List an instrument."""
        engine_seq = await self._command(convert.create_instrument_batch(request))
        return admin_service_pb2.CreateInstrumentResponse(engine_seq=engine_seq)

    async def UpdateInstrument(
        self, request: admin_service_pb2.UpdateInstrumentRequest, context: Context
    ) -> admin_service_pb2.UpdateInstrumentResponse:
        """Change an instrument."""
        engine_seq = await self._command(convert.batch(Command(update_instrument=request.update)))
        return admin_service_pb2.UpdateInstrumentResponse(engine_seq=engine_seq)

    async def SetPhase(
        self, request: admin_service_pb2.SetPhaseRequest, context: Context
    ) -> admin_service_pb2.SetPhaseResponse:
        """Change what may happen in a market."""
        engine_seq = await self._command(convert.batch(Command(set_phase=request.phase)))
        return admin_service_pb2.SetPhaseResponse(engine_seq=engine_seq)

    async def SetMarkPrice(
        self, request: admin_service_pb2.SetMarkPriceRequest, context: Context
    ) -> admin_service_pb2.SetMarkPriceResponse:
        """State an instrument's prices from outside."""
        engine_seq = await self._command(convert.batch(Command(set_mark_price=request.prices)))
        return admin_service_pb2.SetMarkPriceResponse(engine_seq=engine_seq)

    async def SetAccount(
        self, request: admin_service_pb2.SetAccountRequest, context: Context
    ) -> admin_service_pb2.SetAccountResponse:
        """Change an account."""
        engine_seq = await self._command(convert.batch(Command(set_account=request.account)))
        return admin_service_pb2.SetAccountResponse(engine_seq=engine_seq)

    async def SetMarginParameters(
        self, request: admin_service_pb2.SetMarginParametersRequest, context: Context
    ) -> admin_service_pb2.SetMarginParametersResponse:
        """State what margin an instrument asks."""
        engine_seq = await self._command(convert.batch(Command(set_margin_parameters=request.parameters)))
        return admin_service_pb2.SetMarginParametersResponse(engine_seq=engine_seq)

    async def SetFeeSchedule(
        self, request: admin_service_pb2.SetFeeScheduleRequest, context: Context
    ) -> admin_service_pb2.SetFeeScheduleResponse:
        """State the fees of a schedule."""
        engine_seq = await self._command(convert.batch(Command(set_fee_schedule=request.schedule)))
        return admin_service_pb2.SetFeeScheduleResponse(engine_seq=engine_seq)

    async def SettleFuture(
        self, request: admin_service_pb2.SettleFutureRequest, context: Context
    ) -> admin_service_pb2.SettleFutureResponse:
        """Pay variation margin on a future."""
        engine_seq = await self._command(convert.batch(Command(settle_future=request.settlement)))
        return admin_service_pb2.SettleFutureResponse(engine_seq=engine_seq)

    async def ExpireInstrument(
        self, request: admin_service_pb2.ExpireInstrumentRequest, context: Context
    ) -> admin_service_pb2.ExpireInstrumentResponse:
        """End an instrument."""
        engine_seq = await self._command(convert.batch(Command(expire_instrument=request.expiry)))
        return admin_service_pb2.ExpireInstrumentResponse(engine_seq=engine_seq)

    async def ExerciseOption(
        self, request: admin_service_pb2.ExerciseOptionRequest, context: Context
    ) -> admin_service_pb2.ExerciseOptionResponse:
        """Exercise options that an account holds."""
        engine_seq = await self._command(convert.batch(Command(exercise_option=request.exercise)))
        return admin_service_pb2.ExerciseOptionResponse(engine_seq=engine_seq)

    async def ActivateRules(
        self, request: admin_service_pb2.ActivateRulesRequest, context: Context
    ) -> admin_service_pb2.ActivateRulesResponse:
        """Go on under another version of the rules."""
        engine_seq = await self._command(convert.batch(Command(activate_rules=request.rules)))
        return admin_service_pb2.ActivateRulesResponse(engine_seq=engine_seq)

    async def BustTrade(
        self, request: admin_service_pb2.BustTradeRequest, context: Context
    ) -> admin_service_pb2.BustTradeResponse:
        """Take a trade back."""
        engine_seq = await self._command(convert.batch(Command(bust_trade=request.trade)))
        return admin_service_pb2.BustTradeResponse(engine_seq=engine_seq)

    async def RollPositions(
        self, request: admin_service_pb2.RollPositionsRequest, context: Context
    ) -> admin_service_pb2.RollPositionsResponse:
        """Roll the positions of an instrument."""
        engine_seq = await self._command(convert.batch(Command(roll_positions=request.roll)))
        return admin_service_pb2.RollPositionsResponse(engine_seq=engine_seq)

    async def SetValueDate(
        self, request: admin_service_pb2.SetValueDateRequest, context: Context
    ) -> admin_service_pb2.SetValueDateResponse:
        """State under which date trades settle from now on."""
        engine_seq = await self._command(convert.batch(Command(set_value_date=request.value_date)))
        return admin_service_pb2.SetValueDateResponse(engine_seq=engine_seq)

    async def DeliverTrades(
        self, request: admin_service_pb2.DeliverTradesRequest, context: Context
    ) -> admin_service_pb2.DeliverTradesResponse:
        """Deliver what was traded under a value date."""
        engine_seq = await self._command(convert.batch(Command(deliver_trades=request.delivery)))
        return admin_service_pb2.DeliverTradesResponse(engine_seq=engine_seq)

    async def TakeSnapshot(
        self, request: admin_service_pb2.TakeSnapshotRequest, context: Context
    ) -> admin_service_pb2.TakeSnapshotResponse:
        """Write a snapshot of now."""
        state = await self._shard.take_snapshot()
        return admin_service_pb2.TakeSnapshotResponse(engine_seq=state.snapshot_seq, state_hash=state.state_hash)

    async def _command(self, batch: bytes) -> int:
        pending = self._submit(batch, convert.ADMIN_KINDS).pending
        await pending.durable
        return convert.only_result(pending.content)


class _Answers:
    """The answers of one stream on their way out, in order: a bounded number."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(UNANSWERED_BATCHES)
        self._pending: asyncio.Queue[Pending | None] = asyncio.Queue()

    async def room(self) -> None:
        """Wait until one more may be added."""
        await self._free.acquire()

    def add(self, pending: Pending) -> None:
        self._pending.put_nowait(pending)

    def end(self) -> None:
        """Say that none will follow."""
        self._pending.put_nowait(None)

    async def write(self, context: Context) -> None:
        """Write each once it is durable, to the end."""
        while (pending := await self._pending.get()) is not None:
            await pending.durable
            await context.write(pending.content)
            self._free.release()


async def _stop_at_drain(reader: asyncio.Task[None]) -> None:
    await call.drained()
    reader.cancel()


def _only(group: BaseExceptionGroup[Refusal]) -> Refusal:
    first = group.exceptions[0]
    return _only(first) if isinstance(first, BaseExceptionGroup) else first
