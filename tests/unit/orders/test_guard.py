"""CancelAllAfter over the engine in memory, whose clock the tests move."""

import pytest

from services.kernel.clock import ManualClock
from services.orders.model.words import EndReason
from services.orders.usecases.cancel_all_after import NS_PER_S, cancel_all_after
from services.orders.usecases.place_order import place_order
from tests.fakes.engine import EngineFake
from tests.fakes.orders import EnginePeerFake, InstrumentsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft, open_market


class World:
    def __init__(self) -> None:
        clock = ManualClock()
        self.engine = EngineFake(clock.now_ns())
        self.peer = EnginePeerFake(self.engine)
        self.clock = clock
        open_market(self.engine)

    async def place(self, account_id: int = ALICE) -> None:
        order = draft(account_id=account_id, client_order_id=f"o{self.engine.engine_seq}")
        await place_order(order, InstrumentsFake(INSTRUMENT), self.peer, self.clock)

    def pass_time(self, seconds: int) -> None:
        self.engine.now_ns += seconds * NS_PER_S

    @property
    def end_reasons(self) -> list[str]:
        updates = [event.order_updated.order for block in self.engine.blocks for event in block.events]
        return [EndReason(order.end_reason).name for order in updates if order.end_reason]


@pytest.fixture
def world() -> World:
    return World()


async def test_it_fires_once_and_only_for_its_account(world: World) -> None:
    await world.place()
    await cancel_all_after(ALICE, 10, world.peer)
    world.pass_time(10)
    await world.place(BOB)
    await world.place()
    world.pass_time(100)
    await world.place()
    assert world.end_reasons == ["CANCEL_ALL_AFTER"]


async def test_the_timeout_begins_anew_and_zero_disarms(world: World) -> None:
    await world.place()
    await cancel_all_after(ALICE, 10, world.peer)
    world.pass_time(9)
    await cancel_all_after(ALICE, 10, world.peer)
    world.pass_time(9)
    await cancel_all_after(ALICE, 0, world.peer)
    world.pass_time(500)
    await world.place()
    assert world.end_reasons == []
