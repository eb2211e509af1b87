"""Whatever fails between a request and its answer: repeated with the same id, it acts exactly once.

Each run breaks one thing at one of twelve named points while a few orders are on their way; then all of them are sent
again until each is answered, and once more after that. `make exactly-once` does it 2,000 times, `make test` 108 times;
EXCHANGE_EXACTLY_ONCE_SEED chooses other orders and other turns.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

import grpc

from exchange.engine.v1.engine_service_pb2 import QueryRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.runtime.backoff import Backoff
from services.runtime.refusals import refusal_of
from tests.contract.orders.engines import operator
from tests.integration.orders.exactly_once.link import Fault, Link, Way
from tests.integration.orders.exactly_once.world import World, client_of, world_of
from tests.unit.engine.journal_tool import journal_tool
from tests.unit.orders.samples import ALICE, BOB, BTC, KK99

_log = logging.getLogger(__name__)

SEED = int(os.environ.get("EXCHANGE_EXACTLY_ONCE_SEED", "1"))
RUNS = int(os.environ.get("EXCHANGE_EXACTLY_ONCE_RUNS", "108"))
ORDERS_EACH = 5
IMPATIENT_S = 5.0
PATIENT_S = 30.0
UNANSWERED = {"UNAVAILABLE", "DEADLINE_TOO_SHORT", "DRAINING"}
FEES = 0
FUNDED = {KK99.asset_id: 2 * 10**12, BTC.asset_id: 2 * 10**11}


class Point(Enum):
    """Where it breaks, along the way of a request and back."""

    CLIENT_GIVES_UP = auto()
    REQUEST_LOST = auto()
    CLIENT_LOST_AFTER_REQUEST = auto()
    GATEWAY_KILLED_WITH_REQUEST = auto()
    COMMAND_LOST = auto()
    COMMAND_CUT_OFF = auto()
    GATEWAY_KILLED_AFTER_COMMAND = auto()
    ENGINE_KILLED_WITH_COMMAND = auto()
    ENGINE_KILLED_WITH_RESULT = auto()
    RESULT_LOST = auto()
    ANSWER_LOST = auto()
    ANSWER_HANGS = auto()


def broken_at(point: Point, world: World) -> tuple[Link, Fault] | None:
    """Return the line on which it happens, and what; None if the client needs no help to fail."""
    kill_gateway, kill_engine = world.gateway.kill, world.engine.kill
    front: dict[Point, Fault] = {
        Point.REQUEST_LOST: Fault(Way.FORTH, delivered=False),
        Point.CLIENT_LOST_AFTER_REQUEST: Fault(Way.FORTH, delivered=True),
        Point.GATEWAY_KILLED_WITH_REQUEST: Fault(Way.FORTH, delivered=True, then=kill_gateway),
        Point.ANSWER_LOST: Fault(Way.BACK, delivered=False),
        Point.ANSWER_HANGS: Fault(Way.BACK, delivered=False, hangs=True),
    }
    back: dict[Point, Fault] = {
        Point.COMMAND_LOST: Fault(Way.FORTH, delivered=False),
        Point.COMMAND_CUT_OFF: Fault(Way.FORTH, delivered=True),
        Point.GATEWAY_KILLED_AFTER_COMMAND: Fault(Way.FORTH, delivered=True, then=kill_gateway),
        Point.ENGINE_KILLED_WITH_COMMAND: Fault(Way.FORTH, delivered=True, then=kill_engine),
        Point.ENGINE_KILLED_WITH_RESULT: Fault(Way.BACK, delivered=False, then=kill_engine),
        Point.RESULT_LOST: Fault(Way.BACK, delivered=False),
    }
    if point in front:
        return world.front, front[point]
    return (world.back, back[point]) if point in back else None


class Client:
    """One who sends orders over a channel of its own, and keeps sending those that are not answered."""

    def __init__(self, world: World, channel: grpc.aio.Channel) -> None:
        self._bearer = {account: world.mesh.bearer(account, "orders:read orders:write") for account in (ALICE, BOB)}
        self._stub = OrdersServiceStub(channel)

    async def once(
        self, account: int, request: pb.PlaceOrderRequest, limit_s: float, *, waits: bool = False
    ) -> pb.PlaceOrderResponse | None:
        """Send it; None if there is no answer. A refusal is an error of this test."""
        try:
            return await self._stub.PlaceOrder(
                request, metadata=self._bearer[account], timeout=limit_s, wait_for_ready=waits
            )
        except grpc.aio.AioRpcError as error:
            if refusal_of(error).reason not in UNANSWERED:
                raise
            return None

    async def until_answered(self, account: int, request: pb.PlaceOrderRequest) -> pb.PlaceOrderResponse:
        backoff = Backoff(SystemClock(), SystemEntropy())
        async with asyncio.timeout(PATIENT_S):
            while (answer := await self.once(account, request, PATIENT_S, waits=True)) is None:
                await backoff.pause()
        return answer

    async def listed(self, account: int, page_size: int) -> Sequence[order_pb2.Order]:
        """Return the newest orders of the account."""
        request = pb.ListOrdersRequest(page_size=page_size)
        return (await self._stub.ListOrders(request, metadata=self._bearer[account], wait_for_ready=True)).orders

    async def all_names(self, account: int) -> Counter[str]:
        """Count the ids of all orders that the account ever had."""
        names: Counter[str] = Counter()
        request = pb.ListOrdersRequest(page_size=500)
        while True:
            page = await self._stub.ListOrders(request, metadata=self._bearer[account])
            names.update(order.client_order_id for order in page.orders)
            if not page.next_page_token:
                return names
            request.page_token = page.next_page_token


Orders = Sequence[tuple[int, pb.PlaceOrderRequest]]


def orders_of(run: int, chance: random.Random) -> Orders:
    """Make orders that rest or trade, of both accounts."""
    return [
        (
            chance.choice((ALICE, BOB)),
            pb.PlaceOrderRequest(
                client_order_id=f"{run}-{n}",
                instrument="BTC-KK99",
                side=chance.choice((t.SIDE_BUY, t.SIDE_SELL)),
                type=t.ORDER_TYPE_LIMIT,
                time_in_force=chance.choice((t.TIME_IN_FORCE_GTC, t.TIME_IN_FORCE_IOC)),
                price=f"100.{chance.randrange(10):02}",
                quantity="0.02",
            ),
        )
        for n in range(chance.randint(2, ORDERS_EACH))
    ]


async def send_and_break(world: World, point: Point, orders: Orders) -> list[pb.PlaceOrderResponse | None]:
    """Send all at once while it breaks; return the answers that came all the same."""
    async with client_of(world) as channel:
        await channel.channel_ready()
        client = Client(world, channel)
        await client.listed(ALICE, 1)  # so that all lines are up, and greetings over
        if point is Point.CLIENT_GIVES_UP:
            sent = [asyncio.ensure_future(client.once(*order, IMPATIENT_S)) for order in orders]
            await asyncio.wait(sent, timeout=0.001)
            for each in sent:
                each.cancel()
            return await told_by(sent)
        broken = broken_at(point, world)
        assert broken is not None
        link, fault = broken
        link.set(fault)
        sent = [asyncio.ensure_future(client.once(*order, IMPATIENT_S)) for order in orders]
        async with asyncio.timeout(PATIENT_S):
            await fault.happened.wait()
        if fault.hangs:
            await channel.close()
        return await told_by(sent)


async def told_by(sent: Sequence[asyncio.Future[pb.PlaceOrderResponse | None]]) -> list[pb.PlaceOrderResponse | None]:
    """Return the answers; None for what was given up."""
    await asyncio.wait(sent)
    return [None if each.cancelled() else each.result() for each in sent]


async def run(world: World, number: int, point: Point) -> Counter[str]:
    """Break, heal, send again until answered, and once more; return how the orders of the run came out."""
    orders = orders_of(number, random.Random(f"{SEED}-{number}"))  # noqa: S311 - the same orders each time
    first = await send_and_break(world, point, orders)
    await world.heal()
    async with client_of(world) as channel:
        client = Client(world, channel)
        answers = await asyncio.gather(*(client.until_answered(*order) for order in orders))
        again = await asyncio.gather(*(client.until_answered(*order) for order in orders))
        for account in (ALICE, BOB):
            own = {request.client_order_id for owner, request in orders if owner == account}
            newest = await client.listed(account, len(own)) if own else ()
            assert {order.client_order_id for order in newest} == own
    for early, answer, last in zip(first, answers, again, strict=True):
        assert last.replayed
        assert identity(last) == identity(answer)
        assert early is None or (answer.replayed and identity(early) == identity(answer))
    return Counter("repeated" if answer.replayed else "new" for answer in answers)


def identity(answer: pb.PlaceOrderResponse) -> tuple[str, str, str, str]:
    """What a repeated answer has in common with the first."""
    order = answer.order
    return order.order_id, order.client_order_id, answer.engine_seq, order.cum_quantity


async def test_what_is_repeated_acts_exactly_once(tmp_path: Path, postgres: str, redis_url: str) -> None:
    points = random.Random(SEED)  # noqa: S311 - the same turns each time
    turns = [point for _ in range(RUNS // len(Point)) for point in Point]
    points.shuffle(turns)
    came_out: dict[Point, Counter[str]] = {point: Counter() for point in Point}
    async with world_of(tmp_path, postgres, redis_url) as world:
        for number, point in enumerate(turns):
            _log.info("run %d: %s", number, point.name)
            came_out[point] += await run(world, number, point)
        _log.info("seed %d, %d runs: %s", SEED, len(turns), came_out)
        expected: dict[int, set[str]] = {ALICE: set(), BOB: set()}
        for number in range(len(turns)):
            for account, request in orders_of(number, random.Random(f"{SEED}-{number}")):  # noqa: S311 - as above
                expected[account].add(request.client_order_id)
        async with client_of(world) as channel:
            client = Client(world, channel)
            for account, names in expected.items():
                assert await client.all_names(account) == Counter(names)
        assert await held(world) == FUNDED
        world.engine.kill()
    verified = await asyncio.to_thread(journal_tool, "verify", str(tmp_path / "engine"))
    assert (verified.returncode, verified.stderr) == (0, "")
    reached(came_out)


async def held(world: World) -> dict[int, int]:
    """Sum what all accounts have of each asset."""
    sums: Counter[int] = Counter()
    async with operator(world.mesh, world.engine.port) as channel:
        for account in (FEES, ALICE, BOB):
            answer = await EngineServiceStub(channel).Query(QueryRequest(account_id=account), wait_for_ready=True)
            for balance in answer.balances:
                sums[balance.asset_id] += balance.available + balance.held
    return dict(sums)


def reached(came_out: dict[Point, Counter[str]]) -> None:
    """A request that was lost before the engine is new when it comes again; one whose answer was lost is not."""
    for point in (Point.REQUEST_LOST, Point.COMMAND_LOST):
        assert came_out[point]["new"] > 0, point
    for point in (Point.RESULT_LOST, Point.ANSWER_LOST, Point.ANSWER_HANGS, Point.ENGINE_KILLED_WITH_RESULT):
        assert came_out[point]["repeated"] > 0, point
