"""Bad input over real connections: each gets the right code, the reason, and a sentence; nothing leaks."""

import asyncio
from pathlib import Path

import grpc
import pytest

from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest, PlaceOrderResponse
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from services.kernel.refusal import Refusal
from services.runtime import call
from tests.contract.runtime.serving import ORDER, PLACE, orders
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh

SCOPE = "orders:write"


class InsufficientFunds(Refusal):
    reason = "INSUFFICIENT_FUNDS"


async def test_a_good_call_is_served_and_answers_with_its_request_id(tmp_path: Path) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        answer = OrdersServiceStub(channel).PlaceOrder(
            ORDER, metadata=(*served.mesh.bearer(scopes=SCOPE), ("x-request-id", "abc-1"))
        )
        assert (await answer).engine_seq == "12"
        assert dict(await answer.trailing_metadata())["x-request-id"] == "abc-1"
        assert served.counted(PLACE, "OK") == 1


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", '{"a":1}'])
async def test_a_request_id_that_is_no_plain_word_is_replaced(tmp_path: Path, given: str) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        metadata = (*served.mesh.bearer(scopes=SCOPE), ("x-request-id", given))
        answer = OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata)
        assert dict(await answer.trailing_metadata())["x-request-id"] not in ("", given)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": 1_000_000}, "TOKEN_EXPIRED"),
        ({"iss": "somebody"}, "UNAUTHENTICATED"),
        ({"aud": "elsewhere"}, "UNAUTHENTICATED"),
        ({"iat": 99_999_999_999}, "UNAUTHENTICATED"),
        ({"sub": "not a uuid"}, "UNAUTHENTICATED"),
        ({"account": "x"}, "UNAUTHENTICATED"),
        ({"exp": None}, "UNAUTHENTICATED"),
        ({"scope": None}, "UNAUTHENTICATED"),
        ({"scope": 7}, "UNAUTHENTICATED"),
        ({"exp": "soon"}, "UNAUTHENTICATED"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(tmp_path: Path, changed: dict[str, object], reason: str) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        metadata = served.mesh.bearer(**{"scopes": SCOPE} | changed)
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_a_token_that_is_missing_or_forged_is_refused(tmp_path: Path) -> None:
    stranger = Mesh(_folder(tmp_path))
    async with orders(tmp_path) as served, served.channel() as channel:
        good = served.mesh.token(scopes=SCOPE)
        header, claims, _ = good.split(".")
        forged = [
            "",
            "Bearer ",
            f"Basic {good}",
            "Bearer a.b.c",
            f"Bearer {header}.{claims}.",
            f"Bearer {header}.{claims}.{'A' * 86}",
            f"Bearer {stranger.token(scopes=SCOPE)}",
            f"Bearer {'x' * 5_000}",
            f"Bearer {served.mesh.unsigned(scopes=SCOPE)}",
        ]
        stub = OrdersServiceStub(channel)
        for authorization in forged:
            what = await refused(stub.PlaceOrder(ORDER, metadata=(("authorization", authorization),)))
            assert (what.code, what.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"), authorization
        what = await refused(stub.PlaceOrder(ORDER))
        assert what.reason == "UNAUTHENTICATED"


async def test_a_token_without_the_scope_is_refused(tmp_path: Path) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        metadata = served.mesh.bearer(scopes="orders:read orders:writer")
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
        assert what.metadata == {"scope": SCOPE}


async def test_a_process_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    async with orders(tmp_path) as served, served.channel("wallets") as channel:
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=served.mesh.bearer(scopes=SCOPE)))
        assert (what.code, what.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


async def test_a_connection_without_a_certificate_of_the_mesh_is_cut(tmp_path: Path) -> None:
    async with orders(tmp_path) as served:
        stranger = Mesh(_folder(tmp_path))
        async with stranger.channel("edge", served.process.server.port) as channel:
            what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, timeout=5))
            assert what.code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x05ab", b"\x0a\x01\xff", b"{}"])
async def test_a_body_that_is_not_the_message_is_refused(tmp_path: Path, body: bytes) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        what = await refused(channel.unary_unary(PLACE)(body, metadata=served.mesh.bearer(scopes=SCOPE)))
        assert (what.code, what.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_every_broken_field_rule_is_named(tmp_path: Path) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        bad = PlaceOrderRequest(client_order_id="a b", instrument="btc", side=77, price="1e5", quantity="-", type=1)
        what = await refused(OrdersServiceStub(channel).PlaceOrder(bad, metadata=served.mesh.bearer(scopes=SCOPE)))
        assert (what.code, what.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        named = {"client_order_id", "instrument", "side", "time_in_force", "price", "quantity"}
        assert set(what.fields) == named
        assert what.message.startswith("client_order_id: ")


async def test_an_oversized_body_is_refused_and_the_connection_lives(tmp_path: Path) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        metadata = served.mesh.bearer(scopes=SCOPE)
        what = await refused(channel.unary_unary(PLACE)(b"\x0a" + bytes(5_000_000), metadata=metadata))
        assert what.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata)).engine_seq == "12"


@pytest.mark.parametrize("method", ["/exchange.orders.v1.OrdersService/Nothing", "/no.such.Service/Call", "/x"])
async def test_an_unknown_method_is_refused(tmp_path: Path, method: str) -> None:
    async with orders(tmp_path) as served, served.channel() as channel:
        what = await refused(channel.unary_unary(method)(b""))
        assert (what.code, what.reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")


async def test_a_handlers_refusal_travels_whole(tmp_path: Path) -> None:
    async def poor(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        call.respond_with("x-engine-seq", "41")
        raise InsufficientFunds("Deposit KK99 first.", metadata={"asset": "KK99"}, retry_after_ms=1_500)

    async with orders(tmp_path, poor) as served, served.channel() as channel:
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=served.mesh.bearer(scopes=SCOPE)))
    assert (what.code, what.reason, what.message) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "INSUFFICIENT_FUNDS",
        "Deposit KK99 first.",
    )
    assert (what.metadata, what.retry_ms, what.trailers["x-engine-seq"]) == ({"asset": "KK99"}, 1_500, "41")


async def test_a_refusal_from_a_handlers_task_is_still_that_refusal(tmp_path: Path) -> None:
    async def poor() -> None:
        raise InsufficientFunds("Deposit KK99 first.")

    async def place(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        async with asyncio.TaskGroup() as group:
            group.create_task(poor())
        raise AssertionError

    async with orders(tmp_path, place) as served, served.channel() as channel:
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=served.mesh.bearer(scopes=SCOPE)))
    assert what.reason == "INSUFFICIENT_FUNDS"


async def test_a_handlers_failure_tells_the_request_id_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        raise LookupError("the password is hunter2")

    async with orders(tmp_path, fail) as served, served.channel() as channel:
        metadata = (*served.mesh.bearer(scopes=SCOPE), ("x-request-id", "r-1"))
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert what.metadata == {"request_id": "r-1"}
        assert what.trailers["x-request-id"] == "r-1"
        assert "hunter2" not in what.message + str(what.trailers)
        assert served.counted(PLACE, "INTERNAL") == 1
    assert "hunter2" in capsys.readouterr().out


async def test_a_deadline_that_leaves_no_time_is_refused_before_the_work(tmp_path: Path) -> None:
    worked = False

    async def work(request: PlaceOrderRequest) -> PlaceOrderResponse:
        nonlocal worked
        worked = True
        return PlaceOrderResponse()

    async with orders(tmp_path, work) as served, served.channel() as channel:
        await channel.channel_ready()
        metadata = served.mesh.bearer(scopes=SCOPE)
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata, timeout=0.001))
        assert what.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not worked


async def test_work_stops_at_the_deadline(tmp_path: Path) -> None:
    stopped = asyncio.Event()

    async def linger(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    async with orders(tmp_path, linger) as served, served.channel() as channel:
        metadata = served.mesh.bearer(scopes=SCOPE)
        what = await refused(OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata, timeout=0.1))
        assert what.code is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(5):
            await stopped.wait()


async def test_a_client_that_goes_away_cancels_the_work(tmp_path: Path) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def linger(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async with orders(tmp_path, linger) as served, served.channel() as channel:
        answer = OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=served.mesh.bearer(scopes=SCOPE))
        async with asyncio.timeout(5):
            await began.wait()
            answer.cancel()
            await cancelled.wait()


async def test_a_full_server_takes_nothing_new(tmp_path: Path) -> None:
    began, release = asyncio.Event(), asyncio.Event()

    async def wait(_request: PlaceOrderRequest) -> PlaceOrderResponse:
        began.set()
        await release.wait()
        return PlaceOrderResponse()

    async with orders(tmp_path, wait, max_calls=1) as served, served.channel() as channel:
        stub, metadata = OrdersServiceStub(channel), served.mesh.bearer(scopes=SCOPE)
        first = stub.PlaceOrder(ORDER, metadata=metadata)
        async with asyncio.timeout(5):
            await began.wait()
        what = await refused(stub.PlaceOrder(ORDER, metadata=metadata))
        assert (what.code, what.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert what.retry_ms is not None
        release.set()
        await first


def _folder(parent: Path) -> Path:
    folder = parent / "stranger"
    folder.mkdir()
    return folder
