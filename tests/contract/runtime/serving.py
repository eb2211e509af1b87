"""Small services behind the real gate: each test says what a handler does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from exchange.engine.v1 import engine_service_pb2_grpc
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, GetStateRequest, GetStateResponse
from exchange.orders.v1 import orders_service_pb2_grpc
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest, PlaceOrderResponse
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, SIDE_BUY, TIME_IN_FORCE_GTC
from services.kernel.refusal import Unavailable
from services.runtime.run import Process, ProcessSettings, running
from tests.mesh import Mesh

Place = Callable[[PlaceOrderRequest], Awaitable[PlaceOrderResponse]]

ORDER = PlaceOrderRequest(
    client_order_id="a",
    instrument="BTC-KK99",
    side=SIDE_BUY,
    type=ORDER_TYPE_LIMIT,
    time_in_force=TIME_IN_FORCE_GTC,
    price="1.50",
    quantity="2",
)
PLACE = "/exchange.orders.v1.OrdersService/PlaceOrder"
ENGINE = "/exchange.engine.v1.EngineService"


async def accept(_request: PlaceOrderRequest) -> PlaceOrderResponse:
    return PlaceOrderResponse(engine_seq="12")


class Orders(orders_service_pb2_grpc.OrdersServiceServicer):
    """Places orders as the test says, and has nothing else."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def PlaceOrder(self, request: PlaceOrderRequest, context: object) -> PlaceOrderResponse:  # noqa: N802
        return await self._place(request)

    async def CancelOrder(self, request: object, context: object) -> Any:  # noqa: N802
        raise Unavailable("not here")

    async def GetOrder(self, request: object, context: object) -> Any:  # noqa: N802
        raise Unavailable("not here")

    async def ListOrders(self, request: object, context: object) -> Any:  # noqa: N802
        raise Unavailable("not here")


class Engine(engine_service_pb2_grpc.EngineServiceServicer):
    """Answers as the test's functions say."""

    def __init__(self, events: Any = None, state: Any = None, submit: Any = None) -> None:
        self._events, self._state, self._submit = events, state, submit

    def Events(self, request: EventsRequest, context: object) -> AsyncIterator[EventsResponse]:  # noqa: N802
        stream: AsyncIterator[EventsResponse] = self._events(request)
        return stream

    async def GetState(self, request: GetStateRequest, context: object) -> GetStateResponse:  # noqa: N802
        state: GetStateResponse = await self._state()
        return state

    def Submit(self, request_iterator: Any, context: object) -> Any:  # noqa: N802
        return self._submit(request_iterator)

    async def Query(self, request: object, context: object) -> Any:  # noqa: N802
        raise Unavailable("not here")


@dataclass(frozen=True)
class Served:
    """A running process, and the mesh it belongs to."""

    mesh: Mesh
    process: Process

    @asynccontextmanager
    async def channel(self, name: str = "edge") -> AsyncIterator[grpc.aio.Channel]:
        async with self.mesh.channel(name, self.process.server.port) as channel:
            yield channel

    def counted(self, method: str, code: str) -> float:
        """Tell how many calls of the method ended with the code."""
        labels = {"method": method, "code": code}
        return self.process.telemetry.registry.get_sample_value("exchange_rpc_total", labels) or 0.0


@asynccontextmanager
async def orders(folder: Path, place: Place = accept, **changed: Any) -> AsyncIterator[Served]:
    """Run an orders service with one handler."""
    mesh = Mesh(folder)

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.use_tokens(mesh.keys)
        process.server.add(orders_service_pb2_grpc.add_OrdersServiceServicer_to_server, Orders(place))

    async with running("orders", ProcessSettings(**mesh.process("orders") | changed), build) as process:
        yield Served(mesh, process)


@asynccontextmanager
async def engine(
    folder: Path, servicer: Engine, *, raw: Any = None, mesh: Mesh | None = None, **changed: Any
) -> AsyncIterator[Served]:
    """Run an engine service with the handlers of the test; `orders` may call all of it."""
    mesh = mesh or Mesh(folder, {"orders": {"methods": [f"{ENGINE}/*"], "commands": ["place_order"]}})

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.server.add(engine_service_pb2_grpc.add_EngineServiceServicer_to_server, servicer, raw=raw)

    async with running("engine", ProcessSettings(**mesh.process("engine") | changed), build) as process:
        yield Served(mesh, process)
