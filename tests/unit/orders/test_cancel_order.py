"""CancelOrder over the engine in memory."""

import pytest

from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, ClientOrderId, OrderId, RequestId
from services.kernel.refusal import Refusal
from services.orders.model.order import OrderRef
from services.orders.model.request import Answer
from services.orders.model.words import EndReason, OrderStatus, Side
from services.orders.usecases.cancel_order import cancel_order
from services.orders.usecases.place_order import place_order
from tests.fakes.engine import EngineFake
from tests.fakes.orders import EnginePeerFake, InstrumentsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft, open_market

MINE = ClientOrderId("one")
INSTRUMENTS = InstrumentsFake(INSTRUMENT)


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        engine = EngineFake(self.clock.now_ns())
        self.peer = EnginePeerFake(engine)
        open_market(engine)

    async def place(self, account_id: AccountId = ALICE, side: Side = Side.BUY) -> OrderId:
        order = draft(account_id=account_id, side=side)
        answer = await place_order(order, INSTRUMENTS, self.peer, self.clock)
        return answer.told.order.order_id

    async def cancel(self, order: OrderRef, request_id: str = "", account_id: AccountId = ALICE) -> Answer:
        return await cancel_order(
            account_id,
            order,
            RequestId(request_id) if request_id else None,
            instruments=INSTRUMENTS,
            engine=self.peer,
            clock=self.clock,
        )

    async def refused(self, order: OrderRef, request_id: str = "", account_id: AccountId = ALICE) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.cancel(order, request_id, account_id)
        return caught.value


@pytest.fixture
def world() -> World:
    return World()


async def test_by_number_and_by_client_id(world: World) -> None:
    order_id = await world.place()
    answer = await world.cancel(order_id)
    assert (answer.told.order.status, answer.told.order.end_reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    await world.place(BOB, Side.SELL)
    other = await world.cancel(MINE, account_id=BOB)
    assert other.told.order.cancelled_quantity == 5_000


async def test_an_order_that_ended_is_refused_with_the_order(world: World) -> None:
    order_id = await world.place()
    await world.cancel(order_id)
    refusal = await world.refused(order_id)
    assert refusal.reason == "ORDER_NOT_OPEN"
    assert (
        dict(refusal.metadata).items()
        >= {
            "order_id": str(order_id),
            "client_order_id": "one",
            "instrument": "BTC-KK99",
            "status": "CANCELLED",
            "end_reason": "REQUESTED",
            "cancelled_quantity": "0.5000",
        }.items()
    )


async def test_a_request_id_makes_it_repeatable(world: World) -> None:
    order_id = await world.place()
    first = await world.cancel(order_id, "c1")
    again = await world.cancel(order_id, "c1")
    assert (again.replayed, again.told, again.engine_seq) == (True, first.told, first.engine_seq)
    reused = await world.refused(MINE, "c1")
    assert (reused.reason, reused.metadata["request_id"]) == ("CLIENT_ORDER_ID_REUSED", "c1")


@pytest.mark.parametrize("order", [OrderId(999), OrderId(2**64), OrderId(10**20 - 1), ClientOrderId("nobody")])
async def test_an_unknown_order_is_not_found(world: World, order: OrderRef) -> None:
    assert (await world.refused(order)).reason == "ORDER_NOT_FOUND"


async def test_the_order_of_another_account_is_not_found(world: World) -> None:
    order_id = await world.place()
    assert (await world.refused(order_id, account_id=BOB)).reason == "ORDER_NOT_FOUND"
