"""Streams, and handlers of every arity, through the gate: validation, refusals midway, cancellation, drain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc

from exchange.engine.v1.command_pb2 import Command, OpenAccount
from exchange.engine.v1.engine_service_pb2 import (
    EventsRequest,
    EventsResponse,
    GetStateRequest,
    GetStateResponse,
    SnapshotStart,
    SubmitRequest,
    SubmitResponse,
)
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from services.kernel.refusal import LimitExceeded
from services.runtime import call
from tests.contract.runtime.serving import ENGINE, Engine, engine
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh

START = EventsRequest(snapshot=SnapshotStart())


async def test_messages_flow_until_the_handler_refuses(tmp_path: Path) -> None:
    async def events(_request: EventsRequest) -> AsyncIterator[EventsResponse]:
        yield EventsResponse(durable_seq=1)
        yield EventsResponse(durable_seq=2)
        raise LimitExceeded("too slow", metadata={"last_seq": "2"})

    async with engine(tmp_path, Engine(events=events)) as served, served.channel("orders") as channel:
        stream = EngineServiceStub(channel).Events(START)
        assert [(await stream.read()).durable_seq, (await stream.read()).durable_seq] == [1, 2]
        what = await refused(stream.read())
        assert (what.reason, what.metadata) == ("LIMIT_EXCEEDED", {"last_seq": "2"})


async def test_the_request_of_a_stream_is_validated(tmp_path: Path) -> None:
    async with engine(tmp_path, Engine()) as served, served.channel("orders") as channel:
        what = await refused(anext(aiter(EngineServiceStub(channel).Events(EventsRequest()))))
        assert what.reason == "INVALID_FIELD"


async def test_one_client_cannot_take_the_places_of_others(tmp_path: Path) -> None:
    async def events(_request: EventsRequest) -> AsyncIterator[EventsResponse]:
        yield EventsResponse(durable_seq=1)
        await asyncio.Event().wait()

    callers = {name: {"methods": [f"{ENGINE}/*"]} for name in ("orders", "wallets")}
    mesh = Mesh(tmp_path, callers)
    async with (
        engine(tmp_path, Engine(events=events), mesh=mesh, max_streams_per_client=2) as served,
        served.channel("orders") as channel,
        served.channel("wallets") as other,
    ):
        held = [EngineServiceStub(channel).Events(START) for _ in range(2)]
        for stream in held:
            await stream.read()
        what = await refused(EngineServiceStub(channel).Events(START).read())
        assert (what.code, what.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert (what.metadata, what.retry_ms) == ({"limit": "2"}, 1_000)
        assert (await EngineServiceStub(other).Events(START).read()).durable_seq == 1
        held[0].cancel()
        async with asyncio.timeout(5):
            await _until_let_in(channel)


async def _until_let_in(channel: grpc.aio.Channel) -> None:
    """Ask for a stream until the server has seen that a place is free."""
    while True:
        with suppress(grpc.aio.AioRpcError):
            await EngineServiceStub(channel).Events(START).read()
            return


async def test_internal_methods_are_closed_to_the_edge_and_to_strangers(tmp_path: Path) -> None:
    async with engine(tmp_path, Engine()) as served:
        for name in ("edge", "wallets"):
            async with served.channel(name) as channel:
                what = await refused(anext(aiter(EngineServiceStub(channel).Events(START))))
                assert (what.code, what.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
                what = await refused(EngineServiceStub(channel).GetState(GetStateRequest()))
                assert what.reason == "CALLER_NOT_ALLOWED"


async def test_each_message_of_a_request_stream_is_decoded_and_a_bad_one_ends_it(tmp_path: Path) -> None:
    async def submit(requests: AsyncIterator[SubmitRequest]) -> AsyncIterator[SubmitResponse]:
        async for request in requests:
            yield SubmitResponse(
                results=[{"engine_seq": command.open_account.account_id} for command in request.commands]
            )

    async with engine(tmp_path, Engine(submit=submit)) as served, served.channel("orders") as channel:
        good = SubmitRequest(commands=[Command(open_account=OpenAccount(account_id=7))])
        stream = channel.stream_stream(f"{ENGINE}/Submit")(iter([good.SerializeToString(), b"\xff"]))
        assert SubmitResponse.FromString(await stream.read()).results[0].engine_seq == 7
        assert (await refused(stream.read())).reason == "INVALID_FIELD"


async def test_raw_methods_get_bytes_and_keep_authorization(tmp_path: Path) -> None:
    async def submit(requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            await context.write(call.peer().encode() + request)

    raw = {"Submit": grpc.stream_stream_rpc_method_handler(submit)}
    async with engine(tmp_path, Engine(), raw=raw) as served:
        async with served.channel("orders") as channel:
            stream = channel.stream_stream(f"{ENGINE}/Submit")(iter([b"\xff"]))
            assert await stream.read() == b"orders\xff"
        async with served.channel("edge") as channel:
            assert (await refused(channel.stream_stream(f"{ENGINE}/Submit")(iter([b"x"])).read())).reason == (
                "CALLER_NOT_ALLOWED"
            )


async def test_a_stream_of_requests_with_one_answer(tmp_path: Path) -> None:
    async def total(requests: AsyncIterator[GetStateRequest], _context: object) -> GetStateResponse:
        return GetStateResponse(engine_seq=sum([1 async for _ in requests]))

    decode, encode = GetStateRequest.FromString, GetStateResponse.SerializeToString
    raw = {"GetState": grpc.stream_unary_rpc_method_handler(total, decode, encode)}
    async with engine(tmp_path, Engine(), raw=raw) as served, served.channel("orders") as channel:
        method = channel.stream_unary(f"{ENGINE}/GetState")
        assert GetStateResponse.FromString(await method(iter([b"", b"", b""]))).engine_seq == 3
        assert (await refused(method(iter([b"", b"\xff"])))).reason == "INVALID_FIELD"


async def test_typed_requests_with_ready_bytes_for_answers(tmp_path: Path) -> None:
    async def events(request: EventsRequest, _context: object) -> AsyncIterator[bytes]:
        assert request.after == Position(engine_seq=5)
        yield EventsResponse(durable_seq=6).SerializeToString()

    raw = {"Events": grpc.unary_stream_rpc_method_handler(events, EventsRequest.FromString, None)}
    async with engine(tmp_path, Engine(), raw=raw) as served, served.channel("orders") as channel:
        stub = EngineServiceStub(channel)
        async for response in stub.Events(EventsRequest(after=Position(engine_seq=5))):
            assert response.durable_seq == 6
        assert (await refused(anext(aiter(stub.Events(EventsRequest()))))).reason == "INVALID_FIELD"


async def test_garbage_of_others_leaves_a_stream_alone(tmp_path: Path) -> None:
    turn: asyncio.Queue[int] = asyncio.Queue()

    async def events(_request: EventsRequest) -> AsyncIterator[EventsResponse]:
        while True:
            yield EventsResponse(durable_seq=await turn.get())

    async with engine(tmp_path, Engine(events=events)) as served, served.channel("orders") as channel:
        stream = EngineServiceStub(channel).Events(START)
        for number in range(1, 101):
            for method in ("Query", "Nothing", "Events"):
                await refused(channel.unary_unary(f"{ENGINE}/{method}")(b"\xff" * number))
            turn.put_nowait(number)
            assert (await stream.read()).durable_seq == number


async def test_a_client_that_leaves_a_stream_closes_the_generator(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def events(_request: EventsRequest) -> AsyncIterator[EventsResponse]:
        try:
            yield EventsResponse(durable_seq=1)
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with engine(tmp_path, Engine(events=events)) as served, served.channel("orders") as channel:
        stream = EngineServiceStub(channel).Events(START)
        assert "x-request-id" in dict(await stream.initial_metadata())
        await anext(aiter(stream))
        stream.cancel()
        async with asyncio.timeout(5):
            await closed.wait()


async def test_a_drain_lets_unary_work_end_and_refuses_what_is_new(tmp_path: Path) -> None:
    began, release = asyncio.Event(), asyncio.Event()

    async def state() -> GetStateResponse:
        began.set()
        await release.wait()
        return GetStateResponse(engine_seq=9)

    async with engine(tmp_path, Engine(state=state)) as served, served.channel("orders") as channel:
        stub = EngineServiceStub(channel)
        first = asyncio.ensure_future(_answer(stub.GetState(GetStateRequest())))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            await began.wait()
            group.create_task(served.process.server.drain(timedelta(seconds=5), timedelta(milliseconds=500)))
            await asyncio.sleep(0)  # the drain has begun
            what = await refused(stub.GetState(GetStateRequest()))
            assert (what.code, what.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
            assert what.retry_ms is not None
            release.set()
            assert (await first).engine_seq == 9


async def test_a_drain_tells_open_streams_and_then_ends_them(tmp_path: Path) -> None:
    polite = asyncio.Event()

    async def events(request: EventsRequest) -> AsyncIterator[EventsResponse]:
        yield EventsResponse(durable_seq=1)
        if request.HasField("after"):
            await call.drained()
            polite.set()
            yield EventsResponse(durable_seq=2)
            return
        await asyncio.Event().wait()

    async with engine(tmp_path, Engine(events=events)) as served, served.channel("orders") as channel:
        stub = EngineServiceStub(channel)
        stubborn, listening = stub.Events(START), stub.Events(EventsRequest(after=Position()))
        for stream in (stubborn, listening):
            assert (await stream.read()).durable_seq == 1
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(served.process.server.drain(timedelta(seconds=3), timedelta(milliseconds=500)))
            assert (await listening.read()).durable_seq == 2
            what = await refused(stubborn.read())
            assert (what.code, what.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
        assert polite.is_set()


async def _answer(answer: Any) -> Any:
    return await answer
