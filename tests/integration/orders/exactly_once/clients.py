"""Two kinds of clients, which send the same requests: by calls, or by streams that they open anew when they break."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import grpc
from google.rpc import error_details_pb2, status_pb2

from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2 as calls
from exchange.orders.v1.order_entry_service_pb2_grpc import OrderEntryServiceStub
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.ids import AccountId
from services.runtime.backoff import Backoff
from services.runtime.refusals import STATUS_DETAILS_KEY, refusal_of
from tests.integration.orders.entry.client import Entry
from tests.integration.orders.exactly_once.plans import Plan, Request
from tests.integration.orders.exactly_once.points import Kind
from tests.integration.orders.exactly_once.world import World

IMPATIENT_S = 5.0
PATIENT_S = 30.0
UNANSWERED = {"UNAVAILABLE", "DEADLINE_TOO_SHORT", "DRAINING"}
RESET = grpc.StatusCode.INTERNAL
"""Without details it is gRPC's word for a stream whose other end the edge has lost."""
SCOPES = "orders:read orders:write"

Answers: TypeAlias = Mapping[int, pb.OrderBatchResult]
"""By the number of the request."""


class Client(Protocol):
    """One who sends requests over a channel of its own."""

    answers: dict[int, pb.OrderBatchResult]
    """What came so far; the refusal of a whole request is no answer."""

    async def ready(self) -> None:
        """Wait until its lines are up, and greetings over."""

    async def send(self, requests: Sequence[Request]) -> None:
        """Send them once, without waiting for answers in between; return when no more answers will come."""

    async def leave(self) -> None:
        """Say that no more will be sent."""


def client_for(plan: Plan, world: World, channel: grpc.aio.Channel) -> Client:
    """Give the client of a run."""
    return (Calls if plan.kind is Kind.CALLS else Streams)(plan, world, channel)


async def until_answered(client: Client, requests: Sequence[Request]) -> Answers:
    """Send again what is not answered, until all is."""
    backoff = Backoff(SystemClock(), SystemEntropy())
    client.answers.clear()
    async with asyncio.timeout(PATIENT_S):
        await client.send(requests)
        while left := [each for each in requests if each.batch.correlation_id not in client.answers]:
            await backoff.pause()
            await client.send(left)
    return dict(client.answers)


class Calls:
    """Sends each request as the call for its only item, all at the same time."""

    def __init__(self, plan: Plan, world: World, channel: grpc.aio.Channel) -> None:
        self.answers: dict[int, pb.OrderBatchResult] = {}
        self._stub = OrdersServiceStub(channel)
        self._bearer = {each.account: world.mesh.bearer(each.account, SCOPES) for each in plan.requests}

    async def ready(self) -> None:
        backoff = Backoff(SystemClock(), SystemEntropy())
        async with asyncio.timeout(PATIENT_S):
            while not await self._is_served():
                await backoff.pause()

    async def send(self, requests: Sequence[Request]) -> None:
        async with asyncio.TaskGroup() as group:
            for each in requests:
                group.create_task(self._place(each))

    async def leave(self) -> None:
        pass

    async def _is_served(self) -> bool:
        [bearer, *_] = self._bearer.values()
        try:
            await self._stub.ListOrders(calls.ListOrdersRequest(page_size=1), metadata=bearer)
        except grpc.aio.AioRpcError as error:
            require_unanswered(error)
            return False
        return True

    async def _place(self, request: Request) -> None:
        [item] = request.batch.items
        bearer = self._bearer[request.account]
        try:
            told = await self._stub.PlaceOrder(item.place_order, metadata=bearer, timeout=IMPATIENT_S)
        except grpc.aio.AioRpcError as error:
            require_unanswered(error)
            return
        result = pb.OrderItemResult(
            order=told.order, fills=told.fills, engine_seq=told.engine_seq, replayed=told.replayed
        )
        self.answers[request.batch.correlation_id] = pb.OrderBatchResult(results=[result])


class Streams:
    """Sends each account's requests in their order over a stream of its own, always the same session."""

    def __init__(self, plan: Plan, world: World, channel: grpc.aio.Channel) -> None:
        self.answers: dict[int, pb.OrderBatchResult] = {}
        self.opened: Counter[AccountId] = Counter()
        self._plan = plan
        self._mesh = world.mesh
        self._stub = OrderEntryServiceStub(channel)
        self._streams: dict[AccountId, Entry] = {}

    async def ready(self) -> None:
        backoff = Backoff(SystemClock(), SystemEntropy())
        accounts = {each.account for each in self._plan.requests}
        async with asyncio.timeout(PATIENT_S):
            while accounts - self._streams.keys():
                await self.send([])
                await backoff.pause()

    async def send(self, requests: Sequence[Request]) -> None:
        async with asyncio.TaskGroup() as group:
            for account in {each.account for each in self._plan.requests}:
                own = [each.batch for each in requests if each.account == account]
                group.create_task(self._send_of(account, own))

    async def leave(self) -> None:
        for stream in self._streams.values():
            assert int((await stream.close()).engine_seq) > 0
            await stream.ended()

    async def _send_of(self, account: AccountId, batches: Sequence[pb.OrderBatch]) -> None:
        try:
            async with asyncio.timeout(IMPATIENT_S):
                stream = self._streams.get(account) or await self._open(account)
                for batch in batches:
                    await stream.stream.write(pb.OrderEntryRequest(batch=batch))
                for batch in batches:
                    self._take(batch, (await stream.read()).batch)
        except (TimeoutError, EOFError, asyncio.InvalidStateError):  # the last is grpc.aio's word for one that broke
            self._streams.pop(account, None)
        except grpc.aio.AioRpcError as error:
            if error.code() is not RESET or STATUS_DETAILS_KEY in dict(error.trailing_metadata() or ()):
                require_unanswered(error)
            self._streams.pop(account, None)

    async def _open(self, account: AccountId) -> Entry:
        stream = Entry(self._stub.OrderEntry(metadata=self._mesh.bearer(account, SCOPES)))
        opened = await stream.open(**self._plan.session)
        assert opened.session_id == self._plan.session["session_id"]
        self.opened[account] += 1
        self._streams[account] = stream
        return stream

    def _take(self, batch: pb.OrderBatch, answer: pb.OrderBatchResult) -> None:
        """Keep an answer, which comes in the order of the requests, with a result for each item."""
        assert answer.correlation_id == batch.correlation_id
        if answer.HasField("refusal"):
            assert reason_in(answer.refusal) in UNANSWERED, answer.refusal
            return
        assert len(answer.results) == len(batch.items)
        self.answers[batch.correlation_id] = answer


def reason_in(status: status_pb2.Status) -> str:
    """Read the name of a refusal's reason."""
    info = error_details_pb2.ErrorInfo()
    assert any(each.Unpack(info) for each in status.details)
    return str(info.reason)


def require_unanswered(error: grpc.aio.AioRpcError) -> None:
    """Raise an error that says more than that the outcome is unknown."""
    if refusal_of(error).reason not in UNANSWERED:
        raise error
