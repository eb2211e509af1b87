"""AmendOrder over the engine and the history in memory: which order is meant, and in whose decimals."""

from typing import Any

import pytest

from services.kernel.clock import ManualClock
from services.kernel.ids import ClientOrderId, EngineSeq, OrderId
from services.kernel.refusal import Refusal
from services.orders.model.order import Order, OrderRef
from services.orders.model.request import Answer
from services.orders.usecases.amend_order import amend_order
from services.orders.usecases.cancel_order import cancel_order
from services.orders.usecases.place_order import place_order
from tests.fakes.engine import EngineFake
from tests.fakes.history import HistoryFake
from tests.fakes.history_reading import changes_of
from tests.fakes.orders import EnginePeerFake, InstrumentsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, amend_draft, draft, open_market

INSTRUMENTS = InstrumentsFake(INSTRUMENT)
MINE = ClientOrderId("one")


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.engine = EngineFake(self.clock.now_ns())
        self.peer = EnginePeerFake(self.engine)
        self.history = HistoryFake()
        open_market(self.engine)

    async def place(self, **changes: Any) -> Order:
        return (await place_order(draft(**changes), INSTRUMENTS, self.peer, self.clock)).told.order

    def catch_up(self) -> None:
        self.history.write(changes_of(0, 1, self.engine.blocks), EngineSeq(self.engine.engine_seq))

    async def amend(self, order: OrderRef, **changes: Any) -> Answer:
        asked = amend_draft(order, **changes)
        return await amend_order(
            asked, instruments=INSTRUMENTS, engine=self.peer, history=self.history, clock=self.clock
        )

    async def refused(self, order: OrderRef, **changes: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.amend(order, **changes)
        return caught.value


@pytest.fixture
def world() -> World:
    return World()


async def test_by_number_and_by_client_id(world: World) -> None:
    order = await world.place()
    world.catch_up()
    assert (await world.amend(order.order_id, price="99")).told.order.price == 9_900
    world.catch_up()
    assert (await world.amend(MINE, price="98.01")).told.order.price == 9_801


async def test_a_known_number_needs_no_history_of_now(world: World) -> None:
    order = await world.place()
    world.catch_up()
    await world.place(client_order_id=ClientOrderId("two"))
    assert (await world.amend(order.order_id, price="99")).told.order.version == 2


@pytest.mark.parametrize("order", [OrderId(1), MINE])
async def test_a_history_that_lags_says_so_rather_than_that_there_is_no_order(world: World, order: OrderRef) -> None:
    await world.place()
    assert (await world.refused(order, price="99")).reason == "UNAVAILABLE"


async def test_a_client_id_means_the_order_that_used_it_last(world: World) -> None:
    first = await world.place()
    await cancel_order(ALICE, first.order_id, None, instruments=INSTRUMENTS, engine=world.peer, clock=world.clock)
    world.engine.forget_ids()
    second = await world.place()
    world.catch_up()
    assert (await world.amend(MINE, price="99")).told.order.order_id == second.order_id


@pytest.mark.parametrize("order", [OrderId(2**64), OrderId(10**20 - 1), ClientOrderId("nobody"), OrderId(1)])
async def test_nobody_amends_what_is_not_theirs(world: World, order: OrderRef) -> None:
    await world.place(account_id=BOB)
    world.catch_up()
    assert (await world.refused(order, price="99")).reason == "ORDER_NOT_FOUND"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": "99.001"}, "PRICE_NOT_ON_TICK"),
        ({"trigger_price": "99.001"}, "PRICE_NOT_ON_TICK"),
        ({"price": "999999999999999999"}, "PRICE_OUT_OF_RANGE"),
        ({"quantity": "0.00001"}, "QUANTITY_NOT_ON_LOT"),
        ({"quantity": "999999999999999999"}, "QUANTITY_OUT_OF_RANGE"),
        ({"display_quantity": "0.00001"}, "DISPLAY_QUANTITY_OUT_OF_RANGE"),
        ({"display_quantity": "999999999999999999"}, "DISPLAY_QUANTITY_OUT_OF_RANGE"),
    ],
)
async def test_what_the_scales_cannot_hold_is_never_sequenced(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    order = await world.place()
    world.catch_up()
    before = world.engine.engine_seq
    assert (await world.refused(order.order_id, **changes)).reason == reason
    assert world.engine.engine_seq == before


async def test_another_version_is_refused_with_the_order(world: World) -> None:
    order = await world.place()
    world.catch_up()
    refusal = await world.refused(order.order_id, price="99", expected_version=3)
    assert refusal.reason == "VERSION_MISMATCH"
    told = {"version": "1", "expected_version": "3", "client_order_id": "one", "status": "NEW", "quantity": "0.5000"}
    assert dict(refusal.metadata).items() >= told.items()


async def test_lacking_funds_name_the_asset_and_the_request(world: World) -> None:
    order = await world.place()
    world.catch_up()
    refusal = await world.refused(order.order_id, price="100000", quantity="100", request_id="a1")
    assert refusal.reason == "INSUFFICIENT_FUNDS"
    assert dict(refusal.metadata).items() >= {"asset": "KK99", "request_id": "a1", "order_id": "1"}.items()
