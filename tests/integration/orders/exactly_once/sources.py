"""What became of all orders, by those who know: the history, as clients read it, and the engine with its event log."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import grpc

from exchange.engine.v1.account_events_pb2 import MASS_CANCEL_CAUSE_REQUESTED
from exchange.engine.v1.engine_events_pb2 import (
    ORDER_UPDATE_CAUSE_ACCEPTED,
    ORDER_UPDATE_CAUSE_AMENDED,
    ORDER_UPDATE_CAUSE_CANCELLED,
    ORDER_UPDATE_CAUSE_REJECTED,
    Event,
)
from exchange.engine.v1.engine_service_pb2 import EventsRequest, QueryRequest, QueryResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.ids import AccountId
from services.runtime.backoff import Backoff
from tests.contract.orders.engines import operator
from tests.integration.orders.exactly_once.clients import require_unanswered
from tests.integration.orders.exactly_once.world import World
from tests.integration.orders.venue import limit_order

PAGE = 500


class Deed(NamedTuple):
    """One thing that was done because a client asked for it."""

    account: int
    engine_seq: int
    what: str
    name: str
    """The client's id of the order; empty for a mass cancel."""


PLACED, REFUSED, AMENDED, CANCELLED, MASS_CANCELLED = "placed", "refused", "amended", "cancelled", "mass cancelled"

_OF_CAUSE: Mapping[int, str] = {
    ORDER_UPDATE_CAUSE_ACCEPTED: PLACED,
    ORDER_UPDATE_CAUSE_REJECTED: REFUSED,
    ORDER_UPDATE_CAUSE_AMENDED: AMENDED,
    ORDER_UPDATE_CAUSE_CANCELLED: CANCELLED,
}
_OF_END: Mapping[int, str] = {
    t.ORDER_END_REASON_REQUESTED: CANCELLED,
    t.ORDER_END_REASON_AMENDED_AWAY: AMENDED,  # to no more than has traded: what is left is cancelled
}


class History:
    """Orders as their owners read them."""

    def __init__(self, world: World, channel: grpc.aio.Channel) -> None:
        self._mesh = world.mesh
        self._stub = OrdersServiceStub(channel)

    async def catch_up(self, account: AccountId) -> None:
        """Let the gateway of calls hear from the engine: until then it tells the history as of what it last heard."""
        backoff = Backoff(SystemClock(), SystemEntropy())
        asked = pb.PreviewOrderRequest(order=limit_order("never"))
        while True:
            try:
                await self._stub.PreviewOrder(asked, metadata=self._mesh.bearer(account, "orders:read"))
            except grpc.aio.AioRpcError as error:
                require_unanswered(error)
                await backoff.pause()
            else:
                return

    async def newest(self, account: AccountId, count: int) -> Sequence[order_pb2.Order]:
        """Return the newest orders of the account."""
        return (await self._page(account, pb.ListOrdersRequest(page_size=count))).orders

    async def until_none_open(self, account: AccountId, session_id: str) -> None:
        """Wait until no order is open that came by the session."""
        request = pb.ListOrdersRequest(open_only=True, session_id=session_id)
        while (await self._page(account, request)).orders:
            pass

    async def all(self, account: AccountId, *, open_only: bool = False) -> Sequence[order_pb2.Order]:
        """Return all orders of the account."""
        request = pb.ListOrdersRequest(page_size=PAGE, open_only=open_only)
        orders: list[order_pb2.Order] = []
        while True:
            page = await self._page(account, request)
            orders += page.orders
            if not page.next_page_token:
                return orders
            request.page_token = page.next_page_token

    async def _page(self, account: AccountId, request: pb.ListOrdersRequest) -> pb.ListOrdersResponse:
        bearer = self._mesh.bearer(account, "orders:read")
        answer: pb.ListOrdersResponse = await self._stub.ListOrders(request, metadata=bearer, wait_for_ready=True)
        return answer


async def state_of(world: World, account: int) -> QueryResponse:
    """Ask the engine for an account's balances and open orders."""
    async with operator(world.mesh, world.engine.port) as channel:
        answer: QueryResponse = await EngineServiceStub(channel).Query(
            QueryRequest(account_id=account), wait_for_ready=True
        )
    return answer


async def deeds(world: World) -> Counter[Deed]:
    """Read in the engine's event log what was done because clients asked for it, from the beginning."""
    done: Counter[Deed] = Counter()
    async with operator(world.mesh, world.engine.port) as channel:
        async for engine_seq, event in _events(channel):
            deed = _deed_in(event, engine_seq)
            if deed is not None:
                done[deed] += 1
    return done


async def _events(channel: grpc.aio.Channel) -> AsyncIterator[tuple[int, Event]]:
    """Read up to the last durable command."""
    stream = EngineServiceStub(channel).Events(EventsRequest(after=Position()), wait_for_ready=True)
    async for response in stream:
        for block in response.blocks:
            for event in block.events:
                yield block.engine_seq, event
        if not response.blocks or response.blocks[-1].engine_seq >= response.durable_seq:
            break
    stream.cancel()


def _deed_in(event: Event, engine_seq: int) -> Deed | None:
    if event.HasField("mass_cancel_done"):
        done = event.mass_cancel_done
        asked = done.cause == MASS_CANCEL_CAUSE_REQUESTED
        return Deed(done.account_id, done.mass_cancel_id, MASS_CANCELLED, "") if asked else None
    updated = event.order_updated
    what = _OF_CAUSE.get(updated.cause)
    if what is CANCELLED:
        what = _OF_END.get(updated.order.end_reason)
    if what is None:
        return None
    return Deed(updated.order.account_id, engine_seq, what, updated.order.client_order_id)
