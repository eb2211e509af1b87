"""Gateway and engine killed, and lines cut, while a slice is on its way: no slice acts twice, and none is forgotten.

Each step breaks one thing at one named point while the next slice goes its way; then all comes back, and the slice is
seen through. At the end the sums of the TWAP, of its slices, of its children in the history, and of the engine agree.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import asyncpg
import grpc
import pytest

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
from tests.integration.orders.entry.client import Item, entry
from tests.integration.orders.exactly_once.link import Fault, Way
from tests.integration.orders.exactly_once.world import World, client_of, world_of
from tests.integration.orders.parts import Parts
from tests.integration.orders.twap.clockwork import INTERVAL_S, Spread, let_pass, slices_of, twap_order, until
from tests.integration.orders.venue import Orders, Venue, limit_order, until_healthy
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE, BOB, BTC

PATIENCE_S = 60.0
FUNDED = 10**11
UNITS_A_LOT = 10**4


def faults(world: World) -> dict[str, Fault]:
    """Return what happens on the line to the engine, by name."""
    gateway, engine = world.orders.server.kill, world.engine.kill
    return {
        "the gateway is killed before the slice leaves": Fault(Way.FORTH, delivered=False, then=gateway),
        "the gateway is killed when the engine has the slice": Fault(Way.FORTH, delivered=True, then=gateway),
        "the engine is killed with the slice": Fault(Way.FORTH, delivered=True, then=engine),
        "the slice is lost": Fault(Way.FORTH, delivered=False),
        "the engine is killed with the result": Fault(Way.BACK, delivered=False, then=engine),
        "the gateway is killed before the result comes": Fault(Way.BACK, delivered=False, then=gateway),
        "the result is lost": Fault(Way.BACK, delivered=False),
    }


class Client:
    """Asks until it is answered."""

    def __init__(self, mesh: Mesh, channel: grpc.aio.Channel) -> None:
        self._mesh = mesh
        self._stub = OrdersServiceStub(channel)

    async def place(self, account: int, request: pb.PlaceOrderRequest) -> None:
        await self._stub.PlaceOrder(request, metadata=self._bearer(account), wait_for_ready=True)

    async def twap(self) -> order_pb2.Order:
        """Tell the TWAP, however long the service is away."""
        backoff = Backoff(SystemClock(), SystemEntropy())
        request = pb.GetOrderRequest(client_order_id="spread")
        while True:
            try:
                answer = await self._stub.GetOrder(request, metadata=self._bearer(ALICE), wait_for_ready=True)
            except grpc.aio.AioRpcError as error:
                if refusal_of(error).reason not in ("UNAVAILABLE", "DRAINING"):
                    raise
                await backoff.pause()
            else:
                return answer.order

    async def children(self) -> Sequence[order_pb2.Order]:
        request = pb.ListOrdersRequest(page_size=500)
        listed = await self._stub.ListOrders(request, metadata=self._bearer(ALICE), wait_for_ready=True)
        return [order for order in listed.orders if order.parent_id]

    def _bearer(self, account: int) -> tuple[tuple[str, str], ...]:
        return self._mesh.bearer(account, "orders:read orders:write")


async def sent(world: World, count: int) -> order_pb2.Order:
    """Wait until so many slices were sent and counted."""
    async with client_of(world) as channel, asyncio.timeout(PATIENCE_S):
        client = Client(world.mesh, channel)
        while (order := await client.twap()).twap_progress.sent_count < count:
            pass
    return order


async def on_its_way(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    place = await connection.fetchval("SELECT slice_place FROM twap")
    await connection.close()
    return place is not None


async def test_no_slice_acts_twice_and_none_is_forgotten(tmp_path: Path, postgres: str, redis_url: str) -> None:
    async with world_of(tmp_path, postgres, redis_url) as world:
        async with client_of(world) as channel:
            client = Client(world.mesh, channel)
            await client.place(BOB, limit_order("offer", side=t.SIDE_SELL, quantity="1"))
            await client.place(ALICE, twap_order())
        await sent(world, 1)
        caught: Counter[Way] = Counter()
        for count, fault in enumerate(faults(world).values(), start=2):
            world.orders.back.set(fault)
            await let_pass(postgres, INTERVAL_S)
            async with asyncio.timeout(PATIENCE_S):
                await fault.happened.wait()
            caught[fault.way] += await on_its_way(postgres)
            await world.heal()
            order = await sent(world, count)
        assert caught[Way.FORTH] > 0  # a slice was on its way when it broke
        await agree(world, order, postgres)


async def agree(world: World, order: order_pb2.Order, dsn: str) -> None:
    """Compare what the TWAP, its slices, the history and the engine say was bought."""
    bought = Decimal(order.cum_quantity)
    slices = await slices_of(dsn)
    assert [row["place"] for row in slices] == list(range(len(slices)))
    assert sum(row["cum_quantity"] for row in slices) == bought * 10_000
    async with client_of(world) as channel:
        children = await Client(world.mesh, channel).children()
    assert max(Counter(child.client_order_id for child in children).values()) == 1
    assert sum(Decimal(child.cum_quantity) for child in children) == bought
    assert {int(child.order_id) for child in children} == {row["order_id"] for row in slices if row["order_id"]}
    async with operator(world.mesh, world.engine.port) as channel:
        answer = await EngineServiceStub(channel).Query(QueryRequest(account_id=ALICE), wait_for_ready=True)
    [held] = [each.available + each.held for each in answer.balances if each.asset_id == BTC.asset_id]
    assert held - FUNDED == bought * 10_000 * UNITS_A_LOT
    assert bought > Decimal("0.05")  # most slices acted


async def test_after_downtime_what_was_missed_is_spread_over_the_rest(venue: Venue) -> None:
    async with venue.orders() as orders:
        await orders.place(BOB, client_order_id="offer", side=t.SIDE_SELL, quantity="1")
        await Spread(orders, venue.dsn).enter()
        await Spread(orders, venue.dsn).sent(1)
    await let_pass(venue.dsn, 5 * INTERVAL_S)
    async with venue.orders() as orders:
        order = await Spread(orders, venue.dsn).sent(2)
        assert (order.twap_progress.passed_count, order.cum_quantity) == (6, "0.0280")
    await let_pass(venue.dsn, 10 * INTERVAL_S)
    async with venue.orders() as orders:
        ended = await Spread(orders, venue.dsn).ended()
    assert (ended.status, ended.end_reason) == (t.ORDER_STATUS_EXPIRED, t.ORDER_END_REASON_DURATION_ENDED)
    assert [row["place"] for row in await slices_of(venue.dsn)] == [0, 5]


@pytest.mark.parametrize("first_ends", [False, True])
async def test_of_two_gateways_each_slice_is_sent_once_and_either_goes_on(venue: Venue, *, first_ends: bool) -> None:
    async with venue.orders() as second:
        async with venue.orders() as first:
            await first.place(BOB, client_order_id="offer", side=t.SIDE_SELL, quantity="1")
            await Spread(first, venue.dsn).enter()
            await Spread(second, venue.dsn).sent(1)
            if not first_ends:
                await finished(first, venue)
                return
        await finished(second, venue)


async def finished(orders: Orders, venue: Venue) -> None:
    order = await Spread(orders, venue.dsn).to_the_end()
    assert (order.status, order.cum_quantity) == (t.ORDER_STATUS_FILLED, "0.1000")
    assert [row["place"] for row in await slices_of(venue.dsn)] == list(range(10))


@pytest.mark.parametrize("told", [False, True])
async def test_a_mass_cancel_on_the_stream_ends_it_whenever_the_gateway_is_killed(parts: Parts, *, told: bool) -> None:
    """Killed before it hears of it, or when the history tells of it and the TWAP does not yet."""
    venue = parts.venue
    async with (
        venue.order_entry({}) as beside,
        venue.mesh.channel("edge", parts.orders_port) as channel,
        entry(Orders(venue.mesh, None, channel, beside)) as stream,
    ):
        assert beside is not None
        await until_healthy(beside.process)
        await stream.open()
        client = Client(venue.mesh, channel)
        await client.place(ALICE, twap_order())
        while not (await client.twap()).twap_progress.sent_count:
            pass
        if not told:
            await parts.kill("orders")
        [done] = (await stream.ask(Item(mass_cancel=pb.MassCancelRequest()))).results
        if told:
            await history_reaches(venue.dsn, int(done.engine_seq))
            assert await stop_reason(venue.dsn) == 0
            await parts.kill("orders")
        await let_pass(venue.dsn, INTERVAL_S)
        await parts.start("orders")
        ended = await until(client.twap, lambda order: order.status == t.ORDER_STATUS_CANCELLED)
        assert ended.end_reason == t.ORDER_END_REASON_MASS_CANCEL
        assert len(await slices_of(venue.dsn)) == 1


async def history_reaches(dsn: str, engine_seq: int) -> None:
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(PATIENCE_S):
        while await connection.fetchval("SELECT max(engine_seq) FROM consumer_position") < engine_seq:
            pass
    await connection.close()


async def stop_reason(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    reason: int = await connection.fetchval("SELECT stop_reason FROM twap")
    await connection.close()
    return reason


async def test_a_cancel_at_one_gateway_holds_for_the_other(venue: Venue) -> None:
    async with venue.orders() as first, venue.orders() as second:
        await Spread(first, venue.dsn).enter()
        await Spread(first, venue.dsn).sent(1)
        ended = await second.cancel(client_order_id="spread")
        await let_pass(venue.dsn, 3 * INTERVAL_S)
        again = await until(Spread(first, venue.dsn).now, lambda order: order.status == t.ORDER_STATUS_CANCELLED)
        assert again == ended.order
