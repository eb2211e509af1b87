"""What becomes of slices when processes end between any two steps: each acts once, whoever sees it through."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.kernel.clock import ManualClock
from services.kernel.ids import ClientOrderId, EngineSeq
from services.kernel.refusal import Refusal, Unavailable
from services.orders.errors import OrderNotFound, OrderNotOpen
from services.orders.model.order import slice_id
from services.orders.model.twap import Ending, Twap, slice_order, sliced
from services.orders.model.words import EndReason, OrderStatus, Side
from services.orders.usecases.place_order import place_order
from services.orders.usecases.twap_orders import MAX_OPEN, TwapOrders
from services.orders.usecases.twap_slices import TwapSlices
from tests.fakes.engine import EngineFake
from tests.fakes.history import HistoryFake
from tests.fakes.history_reading import changes_of
from tests.fakes.orders import EnginePeerFake, InstrumentsFake
from tests.fakes.twaps import EndingsFake, TwapsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft, open_market
from tests.unit.orders.twap_samples import twap_draft

INTERVAL = timedelta(seconds=30)


class Keeping(HistoryFake):
    """A history that is as far as the engine, unless it lags."""

    def __init__(self, engine: EngineFake) -> None:
        super().__init__()
        self.lags = False
        self._engine = engine

    async def reach(self, engine_seq: EngineSeq) -> None:
        if not self.lags:
            self.write(changes_of(0, 1, self._engine.blocks), EngineSeq(self._engine.engine_seq))
        await super().reach(engine_seq)


class World:
    def __init__(self) -> None:
        self.engine = EngineFake()
        open_market(self.engine)
        self.peer = EnginePeerFake(self.engine)
        self.clock = ManualClock(self.engine.now_ns)
        self.twaps = TwapsFake()
        self.endings = EndingsFake()
        self.history = Keeping(self.engine)
        self.instruments = InstrumentsFake(INSTRUMENT)
        self.slices = TwapSlices(
            self.twaps,
            self.endings,
            instruments=self.instruments,
            engine=self.peer,
            history=self.history,
            clock=self.clock,
        )
        self.desk = TwapOrders(
            self.twaps, self.slices, instruments=self.instruments, engine=self.peer, clock=self.clock
        )

    def let_pass(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.engine.now_ns = self.clock.now_ns()

    async def offer(self, quantity: str = "1") -> None:
        selling = draft(account_id=BOB, client_order_id=ClientOrderId("offer"), side=Side.SELL, quantity=quantity)
        await place_order(selling, self.instruments, self.peer, self.clock)

    async def enter(self, **changes: Any) -> Twap:
        await self.desk.place(twap_draft(**changes))
        entered = await self.twaps.find(ALICE, changes.get("client_order_id", ClientOrderId("one")))
        assert entered is not None
        return entered

    async def decided(self, twap: Twap) -> Twap:
        """Decide on the slice whose time it is, and go no further: as a process that ends there."""
        return await self.twaps.change(twap.twap_id, lambda each: sliced(each, INSTRUMENT, self.clock.now_ns()))

    def bought(self) -> int:
        """Sum what the engine says that the slices bought."""
        changed = changes_of(0, 1, self.engine.blocks).orders
        last = {order.order_id: order for order in changed if order.parent_id is not None}
        return sum(order.cum_quantity for order in last.values())


@pytest.fixture
def world() -> World:
    return World()


async def test_a_slice_that_was_decided_on_and_not_sent_is_sent(world: World) -> None:
    await world.offer()
    await world.decided(await world.enter())
    after = await world.slices.go_on(await world.enter())
    assert (after.cum_quantity, world.bought(), after.sent) == (100, 100, 1)


async def test_a_slice_that_was_sent_and_not_counted_is_counted_and_not_sent_twice(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    await world.peer.place(slice_order(asked, INSTRUMENT))
    after = await world.slices.go_on(asked)
    assert (after.cum_quantity, world.bought(), after.sent) == (100, 100, 1)


async def test_two_who_see_a_slice_through_at_once_count_it_once(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    for _ in range(2):
        await world.slices.finish(asked)
    assert (world.bought(), [outcome.cum_quantity for _, outcome in world.twaps.slices]) == (100, [100])


async def test_after_the_engine_forgot_the_id_the_history_tells_what_the_slice_did(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    await world.peer.place(slice_order(asked, INSTRUMENT))
    world.engine.forget_ids()
    world.let_pass(timedelta(minutes=11))
    world.history.lags = True
    with pytest.raises(Unavailable):  # it is not told of a slice before the history is complete
        await world.slices.finish(asked)
    world.history.lags = False
    after = await world.slices.finish(asked)
    assert (after.cum_quantity, world.bought(), after.status) == (100, 100, OrderStatus.PARTIALLY_FILLED)


async def test_a_slice_that_never_came_in_its_time_is_carried(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    world.let_pass(timedelta(seconds=31))
    after = await world.slices.finish(asked)
    assert (after.cum_quantity, after.sent, after.is_open) == (0, 1, True)
    assert (await world.slices.go_on(after)).cum_quantity == world.bought() == 111


async def test_a_cancel_keeps_back_a_slice_that_the_engine_has_not_seen(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    answer = await world.desk.cancel(ALICE, ClientOrderId("one"), None, EngineSeq(0))
    assert (answer.told.order.status, answer.told.order.cum_quantity) == (OrderStatus.CANCELLED, 0)
    late = await world.peer.place(slice_order(asked, INSTRUMENT))  # the one that another process was about to send
    assert (late.reason, world.bought()) == ("CLIENT_ORDER_ID_REUSED", 0)


async def test_a_cancel_counts_a_slice_that_the_engine_has_seen(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    await world.peer.place(slice_order(asked, INSTRUMENT))
    answer = await world.desk.cancel(ALICE, ClientOrderId("one"), None, EngineSeq(0))
    assert (answer.told.order.end_reason, answer.told.order.cum_quantity) == (EndReason.REQUESTED, 100)


async def test_a_cancel_while_the_engine_is_gone_holds_once_it_is_back(world: World) -> None:
    await world.offer()
    asked = await world.decided(await world.enter())
    world.peer.reachable = False
    with pytest.raises(Unavailable):
        await world.desk.cancel(ALICE, ClientOrderId("one"), None, EngineSeq(0))
    world.peer.reachable = True
    ended = await world.slices.go_on(asked)
    assert (ended.status, ended.end_reason, world.bought()) == (OrderStatus.CANCELLED, EndReason.REQUESTED, 0)


async def test_a_cancel_of_what_ended_otherwise_or_is_not_there_is_refused(world: World) -> None:
    await world.offer()
    with pytest.raises(OrderNotFound):
        await world.desk.cancel(ALICE, ClientOrderId("one"), None, EngineSeq(0))
    twap = await world.enter()
    world.let_pass(10 * INTERVAL)
    assert (await world.slices.go_on(twap)).status is OrderStatus.EXPIRED
    with pytest.raises(OrderNotOpen):
        await world.desk.cancel(ALICE, ClientOrderId("one"), None, EngineSeq(0))


async def test_nothing_is_sent_before_all_is_known_that_could_have_ended_it(world: World) -> None:
    await world.offer()
    twap = await world.enter()
    world.history.lags = True
    with pytest.raises(Unavailable):
        await world.slices.go_on(twap)
    world.history.lags = False
    world.endings.endings.append(Ending(EndReason.KILL_SWITCH, EngineSeq(999), world.clock.now_ns()))
    ended = await world.slices.go_on(twap)
    assert (ended.end_reason, ended.sent, world.bought()) == (EndReason.KILL_SWITCH, 0, 0)


async def test_a_request_whose_id_was_used_and_that_was_not_stored_enters_when_it_is_repeated(world: World) -> None:
    asked = twap_draft()
    enter, world.twaps.enter = world.twaps.enter, _lost  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await world.desk.place(asked)
    world.twaps.enter = enter  # type: ignore[method-assign]
    answer = await world.desk.place(asked)
    assert (answer.replayed, answer.told.order.status) == (False, OrderStatus.NEW)
    with pytest.raises(Refusal) as caught:
        await place_order(draft(), world.instruments, world.peer, world.clock)
    assert caught.value.reason == "CLIENT_ORDER_ID_REUSED"


async def test_a_request_that_was_stored_is_answered_as_before_whatever_happened_since(world: World) -> None:
    await world.offer()
    first = await world.desk.place(twap_draft())
    await world.slices.go_on(await world.enter())
    world.engine.forget_ids()
    world.let_pass(timedelta(days=400))
    again = await world.desk.place(twap_draft(valid_until_ns=1))
    assert again == replace(first, replayed=True)


async def test_an_account_has_so_many_open_and_no_more(world: World) -> None:
    for number in range(MAX_OPEN):
        await world.enter(client_order_id=ClientOrderId(f"t{number}"))
    with pytest.raises(Refusal) as caught:
        await world.enter()
    assert caught.value.reason == "TOO_MANY_OPEN_ORDERS"


def test_the_id_of_a_slice_is_no_longer_than_ids_may_be() -> None:
    assert len(slice_id(10**18 - 1, 2_879)) <= 36


async def _lost(*_: object) -> tuple[Twap, bool]:
    raise Unavailable("The store does not answer; retry.")
