"""An engine killed with orders in doubt: each of them, repeated, acts once."""

import asyncio

import grpc

from exchange.orders.v1 import orders_service_pb2 as pb
from services.kernel.refusal import Unavailable
from services.runtime.refusals import refusal_of
from tests.integration.orders.venue import Orders, Venue, process

ORDERS = 200
ANSWERED_BEFORE_THE_KILL = 20


class Burst:
    """Many orders at once, and a sign when some have been answered."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.answers: dict[str, pb.PlaceOrderResponse] = {}
        self.refused: dict[str, str] = {}
        self.some_answered = asyncio.Event()

    async def place(self, client_order_id: str) -> None:
        try:
            self.answers[client_order_id] = await self._orders.place(client_order_id=client_order_id)
        except grpc.aio.AioRpcError as error:
            self.refused[client_order_id] = refusal_of(error).reason
        if len(self.answers) >= ANSWERED_BEFORE_THE_KILL:
            self.some_answered.set()


async def test_every_order_in_doubt_acts_once_when_repeated(venue: Venue) -> None:
    await venue.stop_engine()
    names = [f"o{number}" for number in range(ORDERS)]
    async with venue.orders(healthy=False) as orders:
        burst = Burst(orders)
        async with process("engine", venue.engine_settings) as engine, asyncio.TaskGroup() as group:
            await orders.healthy()
            for name in names:
                group.create_task(burst.place(name))
            await burst.some_answered.wait()
            engine.kill()
        assert burst.answers.keys() | burst.refused.keys() == set(names)
        assert set(burst.refused.values()) == {Unavailable.reason}
        async with process("engine", venue.engine_settings):
            await orders.healthy()
            answers = await asyncio.gather(*(orders.place(client_order_id=name) for name in names))
            again = dict(zip(names, answers, strict=True))
            listed = await orders.list(page_size=500)
    for name, answer in burst.answers.items():
        assert (again[name].order, again[name].engine_seq, again[name].replayed) == (
            answer.order,
            answer.engine_seq,
            True,
        )
    assert sorted(order.client_order_id for order in listed.orders) == sorted(names)
    assert {order.order_id for order in listed.orders} == {answer.order.order_id for answer in again.values()}
