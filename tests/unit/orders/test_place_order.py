"""PlaceOrder from draft to answer, over the engine in memory."""

from dataclasses import replace
from typing import Any

import pytest

from services.kernel.clock import ManualClock
from services.kernel.ids import ClientOrderId
from services.kernel.refusal import Refusal, Unavailable
from services.orders.model.request import Answer, Draft
from services.orders.model.words import EndReason, Liquidity, OrderStatus, OrderType, Side, TimeInForce
from services.orders.usecases.place_order import place_order
from tests.fakes.engine import EngineFake
from tests.fakes.orders import EnginePeerFake, InstrumentsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, STRANGER, draft, open_market


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.engine = EngineFake(self.clock.now_ns())
        self.peer = EnginePeerFake(self.engine)
        open_market(self.engine)

    async def place(self, order: Draft) -> Answer:
        return await place_order(order, InstrumentsFake(INSTRUMENT), self.peer, self.clock)

    async def refused(self, order: Draft) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.place(order)
        return caught.value


@pytest.fixture
def world() -> World:
    return World()


async def test_a_resting_order_is_answered_as_accepted(world: World) -> None:
    answer = await world.place(draft())
    order = answer.told.order
    assert (order.status, order.leaves_quantity, answer.told.fills, answer.replayed) == (
        OrderStatus.NEW,
        5_000,
        (),
        False,
    )
    assert answer.engine_seq == world.engine.engine_seq


async def test_a_taking_order_is_answered_with_its_fills(world: World) -> None:
    await world.place(draft(account_id=BOB, side=Side.SELL, quantity="0.2"))
    answer = await world.place(draft(time_in_force=TimeInForce.IOC))
    [fill] = answer.told.fills
    order = answer.told.order
    assert (fill.price, fill.quantity, fill.notional, fill.fee) == (10_000, 2_000, 20_000_000, 20_000)
    assert fill.liquidity is Liquidity.TAKER
    assert (order.status, order.end_reason) == (OrderStatus.EXPIRED, EndReason.IOC_REMAINDER)
    assert (order.cum_quantity, order.cancelled_quantity) == (2_000, 3_000)


async def test_the_same_request_again_is_answered_as_before(world: World) -> None:
    first = await world.place(draft())
    again = await world.place(draft(price="100.0", valid_until_ns=world.clock.now_ns() + 1))
    assert again == replace(first, replayed=True)


async def test_an_id_used_for_another_order_is_refused(world: World) -> None:
    await world.place(draft())
    refusal = await world.refused(draft(price="101"))
    assert (refusal.reason, refusal.metadata["client_order_id"]) == ("CLIENT_ORDER_ID_REUSED", "one")


async def test_an_unknown_symbol_consumes_nothing(world: World) -> None:
    before = world.engine.engine_seq
    refusal = await world.refused(draft(symbol="BTC-EUR"))
    assert (refusal.reason, dict(refusal.metadata)) == ("UNKNOWN_INSTRUMENT", {"instrument": "BTC-EUR"})
    assert world.engine.engine_seq == before


async def test_without_the_engine_the_outcome_is_unknown(world: World) -> None:
    world.peer.reachable = False
    with pytest.raises(Unavailable, match="same ids"):
        await world.place(draft())


MARKET: dict[str, Any] = {"type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "price": ""}


@pytest.mark.parametrize(
    ("changes", "reason", "metadata"),
    [
        ({"account_id": STRANGER}, "UNKNOWN_ACCOUNT", {}),
        ({"price": "0"}, "PRICE_OUT_OF_RANGE", {"tick": "0.01", "order_id": "1"}),
        ({"price": "-5"}, "PRICE_OUT_OF_RANGE", {"tick": "0.01", "order_id": "1"}),
        ({"quantity": "200000"}, "QUANTITY_OUT_OF_RANGE", {"min": "0.0001", "max": "100000.0000"}),
        ({"quantity": "0.0001"}, "NOTIONAL_OUT_OF_RANGE", {"min": "1.000000", "asset": "KK99"}),
        ({"price": "100000", "quantity": "10"}, "INSUFFICIENT_FUNDS", {"asset": "KK99", "order_id": "1"}),
        ({"side": Side.SELL, "quantity": "1000.0001"}, "INSUFFICIENT_FUNDS", {"asset": "BTC"}),
        (MARKET, "NO_LIQUIDITY", {"order_id": "1"}),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, "ORDER_FIELDS_CONFLICT", {}),
        ({"valid_until_ns": 1}, "REQUEST_EXPIRED", {}),
        ({"valid_until_ns": 2**62}, "VALID_UNTIL_TOO_FAR", {}),
    ],
)
async def test_what_the_engine_refuses_says_why(
    world: World, changes: dict[str, Any], reason: str, metadata: dict[str, str]
) -> None:
    refusal = await world.refused(draft(**changes))
    assert refusal.reason == reason
    assert dict(refusal.metadata).items() >= {**metadata, "client_order_id": "one"}.items()


async def test_a_refused_order_consumes_its_id_and_is_refused_again(world: World) -> None:
    first = await world.refused(draft(price="0"))
    again = await world.refused(draft(price="0"))
    assert (again.reason, again.message) == (first.reason, first.message)
    assert dict(again.metadata) == {**first.metadata, "replayed": "true"}


async def test_post_only_does_not_cross(world: World) -> None:
    await world.place(draft(account_id=BOB, side=Side.SELL))
    refusal = await world.refused(draft(account_id=ALICE, client_order_id=ClientOrderId("two"), post_only=True))
    assert refusal.reason == "POST_ONLY_WOULD_CROSS"
