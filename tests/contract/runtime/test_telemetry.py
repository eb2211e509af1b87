"""One trace over every hop, sent to a collector where one is named, and in the logs in any case."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from exchange.engine.v1.engine_service_pb2 import GetStateRequest, GetStateResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest, PlaceOrderResponse
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from services.runtime.grpc_client import invoke
from tests.contract.runtime.serving import ORDER, Engine, accept, engine, orders

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
PARENT = ("traceparent", f"00-{TRACE:032x}-b7ad6b7169203331-01")


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def Export(self, request: ExportTraceServiceRequest, context: object) -> ExportTraceServiceResponse:  # noqa: N802
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.put_nowait((span.name, int.from_bytes(span.trace_id, "big")))
        return ExportTraceServiceResponse()


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    server, collector = grpc.aio.server(), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield collector, f"127.0.0.1:{port}"
    await server.stop(0)


def trace_id() -> int:
    return trace.get_current_span().get_span_context().trace_id


async def test_a_trace_goes_through_every_hop(tmp_path: Path) -> None:
    seen: list[int] = []

    async def state() -> GetStateResponse:
        seen.append(trace_id())
        return GetStateResponse()

    for name in ("engine", "orders"):
        (tmp_path / name).mkdir()
    async with engine(tmp_path / "engine", Engine(state=state)) as behind, behind.channel("orders") as inner:

        async def place(_request: PlaceOrderRequest) -> PlaceOrderResponse:
            seen.append(trace_id())
            await invoke(EngineServiceStub(inner).GetState, GetStateRequest())
            return PlaceOrderResponse()

        async with orders(tmp_path / "orders", place) as front, front.channel() as channel:
            metadata = (*front.mesh.bearer(scopes="orders:write"), PARENT)
            await OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata)
    assert seen == [TRACE, TRACE]


async def test_spans_reach_the_collector(tmp_path: Path) -> None:
    async with collecting() as (collector, endpoint):
        async with orders(tmp_path, accept, otlp_endpoint=endpoint) as served, served.channel() as channel:
            metadata = (*served.mesh.bearer(scopes="orders:write"), PARENT)
            await OrdersServiceStub(channel).PlaceOrder(ORDER, metadata=metadata)
        async with asyncio.timeout(10):
            assert await collector.spans.get() == ("exchange.orders.v1.OrdersService/PlaceOrder", TRACE)
