"""Transfers on their way from the outbox to the engine, over the mesh."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.engine.v1.command_pb2 import Command, CommandResult, TransferIn
from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from exchange.error.v1.reason_pb2 import REASON_ENGINE_FULL, REASON_TRANSFER_INSUFFICIENT
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import Unavailable
from services.runtime.outbox import Row
from services.runtime.submitter import Submitter
from services.wallets.peers import EnginePeer, TransferNotTaken
from tests.contract.runtime.serving import Engine, engine

ROW = Row(
    outbox_id=1,
    key="7",
    payload=Command(transfer_in=TransferIn(account_id=1, transfer_seq=7)).SerializeToString(),
    trace_context={},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@asynccontextmanager
async def delivering(folder: Path, servicer: Engine, limit: timedelta) -> AsyncIterator[EnginePeer]:
    async with engine(folder, servicer) as served, served.channel("orders") as channel:
        submitter = Submitter(channel, SystemClock(), SystemEntropy())
        async with asyncio.TaskGroup() as group:
            running = group.create_task(submitter.run())
            await submitter.ready()
            yield EnginePeer(channel, submitter, transfer_limit=limit)
            running.cancel()


async def test_a_silent_engine_does_not_hold_the_outbox_for_ever_and_the_transfer_comes_again(tmp_path: Path) -> None:
    heard: list[int] = []

    async def answer_the_second(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            heard.append(request.commands[0].transfer_in.transfer_seq)
            if len(heard) == 2:
                for _ in heard:
                    yield SubmitResponse(results=[CommandResult(engine_seq=1)])

    async with delivering(tmp_path, Engine(submit=answer_the_second), timedelta(milliseconds=200)) as peer:
        with pytest.raises(Unavailable, match="not answered transfer 7"):
            await peer.deliver(ROW)
        await peer.deliver(ROW)
    assert heard == [7, 7]


@pytest.mark.parametrize(("reason", "comes_again"), [(REASON_ENGINE_FULL, True), (REASON_TRANSFER_INSUFFICIENT, False)])
async def test_only_a_transfer_whose_number_is_not_used_up_comes_again(
    tmp_path: Path, reason: int, comes_again: bool
) -> None:
    async def refuse(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for _ in requests:
            yield SubmitResponse(results=[CommandResult(reason=reason)])  # type: ignore[arg-type] # the enum's number

    async with delivering(tmp_path, Engine(submit=refuse), timedelta(seconds=5)) as peer:
        if not comes_again:
            await peer.deliver(ROW)
            return
        with pytest.raises(TransferNotTaken, match="transfer 7: ENGINE_FULL"):
            await peer.deliver(ROW)
