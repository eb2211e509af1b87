"""Commands on their way to the engine: batched by turns of the loop, answered in order, in doubt when cut off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from exchange.engine.v1.command_pb2 import Command, CommandResult, OpenAccount
from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from exchange.error.v1.reason_pb2 import REASON_CALLER_NOT_ALLOWED
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import LimitExceeded, Refusal, Unavailable
from services.runtime import submitter as submitter_room
from services.runtime.submitter import Submitter
from tests.contract.runtime.serving import Engine, Served, engine

Submit = Callable[[AsyncIterator[SubmitRequest]], AsyncIterator[SubmitResponse]]


def command(account: int) -> Command:
    return Command(open_account=OpenAccount(account_id=account))


def results(request: SubmitRequest) -> SubmitResponse:
    return SubmitResponse(results=[CommandResult(engine_seq=each.open_account.account_id) for each in request.commands])


async def echo(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
    async for request in requests:
        yield results(request)


@asynccontextmanager
async def submitting(served: Served) -> AsyncIterator[Submitter]:
    async with served.channel("orders") as channel:
        submitter = Submitter(channel, SystemClock(), SystemEntropy())
        task = asyncio.ensure_future(submitter.run())
        try:
            async with asyncio.timeout(10):
                await submitter.ready()
            yield submitter
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_what_one_turn_submits_travels_together_and_is_answered_in_order(tmp_path: Path) -> None:
    sizes: list[int] = []

    async def counting(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            sizes.append(len(request.commands))
            yield results(request)

    async with engine(tmp_path, Engine(submit=counting)) as served, submitting(served) as submitter:
        answers = await asyncio.gather(*(submitter.submit(command(n)) for n in range(1, 101)))
        assert [answer.engine_seq for answer in answers] == list(range(1, 101))
        assert sizes == [100]


async def test_more_than_a_batch_holds_is_split(tmp_path: Path) -> None:
    async with engine(tmp_path, Engine(submit=echo)) as served, submitting(served) as submitter:
        answers = await asyncio.gather(*(submitter.submit(command(n)) for n in range(1, 5_001)))
        assert [answer.engine_seq for answer in answers] == list(range(1, 5_001))


async def test_a_refused_batch_refuses_each_of_its_commands(tmp_path: Path) -> None:
    async def refuse(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            refused = request.commands[0].open_account.account_id == 1
            yield SubmitResponse(reason=REASON_CALLER_NOT_ALLOWED) if refused else results(request)

    async with engine(tmp_path, Engine(submit=refuse)) as served, submitting(served) as submitter:
        outcomes = await asyncio.gather(
            submitter.submit(command(1)), submitter.submit(command(2)), return_exceptions=True
        )
        assert [outcome.reason for outcome in outcomes if isinstance(outcome, Refusal)] == ["CALLER_NOT_ALLOWED"] * 2
        assert (await submitter.submit(command(3))).engine_seq == 3


async def test_a_broken_stream_leaves_its_commands_in_doubt_and_is_opened_again(tmp_path: Path) -> None:
    took = asyncio.Event()

    async def swallow(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            if request.commands[0].open_account.account_id == 1:
                took.set()
                return
            yield results(request)

    async with engine(tmp_path, Engine(submit=swallow)) as served, submitting(served) as submitter:
        with pytest.raises(Unavailable):
            await submitter.submit(command(1))
        with pytest.raises(Unavailable):
            await submitter.submit(command(2))
        async with asyncio.timeout(10):
            await submitter.ready()
        assert (await submitter.submit(command(3))).engine_seq == 3


async def test_a_lost_engine_is_found_again_on_its_port(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with engine(tmp_path, Engine(submit=echo)) as first:
            submitter = await stack.enter_async_context(submitting(first))
            port = first.process.server.port
        with pytest.raises(Unavailable):
            await submitter.submit(command(1))
        with pytest.raises(Unavailable):
            await submitter.check()
        async with engine(tmp_path, Engine(submit=echo), mesh=first.mesh, listen_port=port), asyncio.timeout(10):
            await submitter.ready()
            assert (await submitter.submit(command(2))).engine_seq == 2
            await submitter.check()


async def test_a_caller_that_stops_waiting_disturbs_nobody(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def slow(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            await release.wait()
            yield results(request)

    async with engine(tmp_path, Engine(submit=slow)) as served, submitting(served) as submitter:
        patient = asyncio.ensure_future(submitter.submit(command(2)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await submitter.submit(command(1))
        release.set()
        assert (await patient).engine_seq == 2


async def test_too_much_at_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitter_room, "MAX_PENDING", 10)
    async with engine(tmp_path, Engine(submit=echo)) as served, submitting(served) as submitter:
        many = [asyncio.ensure_future(submitter.submit(command(1))) for _ in range(12)]
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        assert sum(isinstance(outcome, LimitExceeded) for outcome in outcomes) == 2
        assert (await submitter.submit(command(2))).engine_seq == 2
