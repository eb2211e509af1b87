"""Keys from auth, sessions from a check, and reflection behind its setting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub, add_OrdersServiceServicer_to_server
from services.runtime import grpc_client
from services.runtime.call import Caller
from services.runtime.run import Process, ProcessSettings, running
from services.runtime.tokens import keys_of_auth
from tests.contract.runtime.serving import ORDER, Orders, Served, accept, orders
from tests.contract.runtime.wire import refused
from tests.fakes.auth_keys import JWKS, AuthKeys
from tests.mesh import Mesh


@asynccontextmanager
async def orders_beside_auth(folder: Path, *, auth_runs: bool = True) -> AsyncIterator[Served]:
    """Run auth, and orders that ask it for its keys."""
    mesh = Mesh(folder, {"orders": {"methods": [JWKS]}})

    async with running("auth", ProcessSettings(**mesh.process("auth")), AuthKeys(mesh).build) as auth:
        port = auth.server.port if auth_runs else 1

        async def build(process: Process, own: ProcessSettings) -> None:
            channel = await process.open(grpc_client.connect(f"127.0.0.1:{port}", own.identity))
            process.use_tokens(keys_of_auth(channel))
            process.server.add(add_OrdersServiceServicer_to_server, Orders(accept))

        async with running("orders", ProcessSettings(**mesh.process("orders")), build) as process:
            yield Served(mesh, process)


async def test_keys_are_those_that_auth_publishes(tmp_path: Path) -> None:
    async with orders_beside_auth(tmp_path) as served, served.channel() as channel:
        metadata = served.mesh.bearer(scopes="orders:write")
        assert (await OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata)).engine_seq == "12"


async def test_without_auth_and_its_keys_tokens_wait(tmp_path: Path) -> None:
    async with orders_beside_auth(tmp_path, auth_runs=False) as served, served.channel() as channel:
        metadata = served.mesh.bearer(scopes="orders:write")
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")


async def test_a_revoked_session_is_refused(tmp_path: Path) -> None:
    mesh, asked = Mesh(tmp_path), list[Caller]()

    async def revoked(caller: Caller) -> bool:
        asked.append(caller)
        return False

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.use_tokens(mesh.keys, revoked)
        process.server.add(add_OrdersServiceServicer_to_server, Orders(accept))

    async with (
        running("orders", ProcessSettings(**mesh.process("orders")), build) as process,
        mesh.channel("edge", process.server.port) as channel,
    ):
        metadata = mesh.bearer(account=7, scopes="orders:write")
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_REVOKED")
    assert [caller.account_id for caller in asked] == [7]


async def test_contracts_with_scopes_need_a_way_to_verify_tokens(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path)

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.server.add(add_OrdersServiceServicer_to_server, Orders(accept))

    with pytest.raises(AssertionError, match="use_tokens comes first"):
        async with running("orders", ProcessSettings(**mesh.process("orders")), build):
            pass


@pytest.mark.parametrize("reflects", [True, False])
async def test_reflection_is_behind_a_setting(tmp_path: Path, reflects: bool) -> None:
    async with orders(tmp_path, reflection=reflects) as served, served.channel() as channel:
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
        if not reflects:
            assert (await refused(stream.read())).reason == "UNKNOWN_METHOD"
            return
        listed = {each.name for each in (await stream.read()).list_services_response.service}
        assert "exchange.orders.v1.OrdersService" in listed
