"""Calls between processes: refusals as types, deadlines that shrink, retries only where asked, ids that travel."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.engine.v1.engine_service_pb2 import GetStateRequest, GetStateResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest, PlaceOrderResponse
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from services.kernel.refusal import Refusal, RelayedRefusal, Unavailable
from services.runtime import call
from services.runtime.grpc_client import MAX_ATTEMPTS, invoke
from services.runtime.refusals import DeadlineTooShort, PeerFailed
from tests.contract.runtime.serving import ORDER, Engine, Served, engine, orders
from tests.contract.runtime.wire import refused

LONG = timedelta(seconds=5)


async def ask(served: Served, *, limit: timedelta = LONG, retry: bool = False) -> GetStateResponse:
    async with served.channel("orders") as channel:
        return await invoke(EngineServiceStub(channel).GetState, GetStateRequest(), limit=limit, retry=retry)


async def test_a_peers_refusal_is_raised_as_it_was(tmp_path: Path) -> None:
    async def state() -> GetStateResponse:
        raise RelayedRefusal("POSITION_UNKNOWN", "No.", metadata={"a": "b"})

    async with engine(tmp_path, Engine(state=state)) as served:
        with pytest.raises(Refusal) as caught:
            await ask(served)
    assert (caught.value.reason, caught.value.message, caught.value.metadata) == ("POSITION_UNKNOWN", "No.", {"a": "b"})


async def test_a_peers_failure_is_relayed_by_name(tmp_path: Path) -> None:
    async def state() -> GetStateResponse:
        raise LookupError

    async with engine(tmp_path, Engine(state=state)) as served:
        with pytest.raises(Refusal, match="request id") as caught:
            await ask(served)
    assert caught.value.reason == "INTERNAL"


async def test_a_lost_peer_is_unavailable(tmp_path: Path) -> None:
    async with engine(tmp_path, Engine()) as served:
        pass
    with pytest.raises(Unavailable):
        await ask(served)


async def test_a_slow_peer_costs_no_more_than_the_limit(tmp_path: Path) -> None:
    async def state() -> GetStateResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with engine(tmp_path, Engine(state=state)) as served:
        with pytest.raises(DeadlineTooShort):
            await ask(served, limit=timedelta(milliseconds=50))


@pytest.mark.parametrize(("retry", "attempts"), [(False, 1), (True, MAX_ATTEMPTS)])
async def test_only_what_may_be_repeated_is(tmp_path: Path, retry: bool, attempts: int) -> None:
    asked = 0

    async def state() -> GetStateResponse:
        nonlocal asked
        asked += 1
        raise Unavailable("not now")

    async with engine(tmp_path, Engine(state=state)) as served:
        with pytest.raises(Refusal) as caught:
            await ask(served, retry=retry)
    assert (caught.value.reason, asked) == ("UNAVAILABLE", attempts)


async def test_deadline_and_request_id_go_on_to_the_next_hop(tmp_path: Path) -> None:
    inner: list[tuple[float, str]] = []

    async def state() -> GetStateResponse:
        served, left = call.current(), call.remaining()
        assert served is not None
        assert left is not None
        inner.append((left, served.request_id))
        return GetStateResponse()

    async with engine(_folder(tmp_path, "engine"), Engine(state=state)) as behind:

        async def place(_request: PlaceOrderRequest) -> PlaceOrderResponse:
            left = call.remaining()
            assert left is not None
            await ask(behind)
            assert inner[0][0] < left
            return PlaceOrderResponse()

        async with orders(_folder(tmp_path, "orders"), place) as front, front.channel() as channel:
            metadata = (*front.mesh.bearer(scopes="orders:write"), ("x-request-id", "r-7"))
            await OrdersServiceStub(channel).PlaceOrder(ORDER, timeout=3, metadata=metadata)
    assert inner[0][0] < 3
    assert inner[0][1] == "r-7"


async def test_no_time_left_is_refused_without_asking(tmp_path: Path) -> None:
    async with engine(_folder(tmp_path, "engine"), Engine()) as behind:

        async def place(_request: PlaceOrderRequest) -> PlaceOrderResponse:
            served = call.current()
            assert served is not None
            served.deadline = asyncio.get_running_loop().time() + 0.004
            try:
                await ask(behind)
            except DeadlineTooShort as refusal:
                raise RelayedRefusal("LIMIT_EXCEEDED", refusal.message) from None
            raise AssertionError

        async with orders(_folder(tmp_path, "orders"), place) as front, front.channel() as channel:
            metadata = front.mesh.bearer(scopes="orders:write")
            assert (
                "leaves no time"
                in (await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))).message
            )


async def test_an_answer_that_is_no_message_is_a_failure(tmp_path: Path) -> None:
    async with engine(tmp_path, Engine()) as served, served.channel("orders") as channel:
        method = channel.unary_unary("/exchange.engine.v1.EngineService/Query", response_deserializer=_broken)
        with pytest.raises((PeerFailed, Refusal)):
            await invoke(method, b"")


def _broken(_raw: bytes) -> bytes:
    raise ValueError("not a message")


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
