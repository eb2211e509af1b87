"""Open orders are amended and cancelled together, through the service's own port, and the history shows it."""

from exchange.type.v1 import order_pb2 as t
from tests.integration.orders.venue import Orders, refused
from tests.unit.orders.samples import ALICE, BOB


async def test_an_amended_order_is_read_as_it_was_answered(orders: Orders) -> None:
    placed = (await orders.place()).order
    by_number = await orders.amend(order_id=placed.order_id, price="99.5", quantity="0.4")
    assert (by_number.order.price, by_number.order.quantity, by_number.order.version) == ("99.50", "0.4000", 2)
    assert (await orders.get(order_id=placed.order_id)).order == by_number.order
    by_client_id = await orders.amend(client_order_id="one", price="99", expected_version=2)
    assert (by_client_id.order.order_id, by_client_id.order.price) == (placed.order_id, "99.00")
    assert int(by_client_id.engine_seq) > int(by_number.engine_seq)


async def test_an_amend_that_crosses_is_answered_with_its_fills(orders: Orders) -> None:
    await orders.place(BOB, side=t.SIDE_SELL, price="101", quantity="0.2")
    await orders.place()
    answer = await orders.amend(client_order_id="one", price="101")
    assert [(fill.price, fill.quantity, fill.fee) for fill in answer.fills] == [("101.00", "0.2000", "0.020200")]
    assert (await orders.get(client_order_id="one")).fills == answer.fills


async def test_another_version_is_refused_with_the_order_and_changes_nothing(orders: Orders) -> None:
    placed = (await orders.place()).order
    async with refused() as refusals:
        await orders.amend(order_id=placed.order_id, price="99", expected_version=2)
    [refusal] = refusals
    assert (refusal.reason, refusal.metadata["version"], refusal.metadata["order_id"]) == (
        "VERSION_MISMATCH",
        "1",
        placed.order_id,
    )
    assert (await orders.get(order_id=placed.order_id)).order == placed


async def test_a_repeated_amend_acts_once(orders: Orders) -> None:
    placed = (await orders.place()).order
    once = {"order_id": placed.order_id, "price": "99", "request_id": "a1"}
    first = await orders.amend(**once)
    await orders.amend(order_id=placed.order_id, price="98")
    again = await orders.amend(**once)
    assert (again.order, again.engine_seq, again.replayed) == (first.order, first.engine_seq, True)
    assert (await orders.get(order_id=placed.order_id)).order.price == "98.00"


async def test_nobody_amends_the_order_of_another(orders: Orders) -> None:
    placed = (await orders.place(ALICE)).order
    async with refused() as refusals:
        await orders.amend(BOB, order_id=placed.order_id, price="99")
    assert refusals[0].reason == "ORDER_NOT_FOUND"


async def test_a_mass_cancel_ends_what_matches(orders: Orders) -> None:
    for number in range(3):
        await orders.place(client_order_id=f"o{number}")
    await orders.place(client_order_id="sell", side=t.SIDE_SELL, price="110")
    await orders.place(BOB, client_order_id="theirs")
    done = await orders.mass_cancel(instrument="BTC-KK99", side=t.SIDE_BUY, request_id="m1")
    assert (done.cancelled_count, done.replayed) == (3, False)
    [left] = (await orders.list(open_only=True)).orders
    assert left.client_order_id == "sell"
    ended = (await orders.get(client_order_id="o1")).order
    assert (ended.status, ended.end_reason) == (t.ORDER_STATUS_CANCELLED, t.ORDER_END_REASON_MASS_CANCEL)
    again = await orders.mass_cancel(instrument="BTC-KK99", side=t.SIDE_BUY, request_id="m1")
    assert (again.cancelled_count, again.engine_seq, again.replayed) == (3, done.engine_seq, True)
    assert (await orders.mass_cancel()).cancelled_count == 1
    assert len((await orders.list(BOB, open_only=True)).orders) == 1


async def test_a_guard_is_armed_and_disarmed(orders: Orders) -> None:
    armed = await orders.cancel_all_after(timeout_s=300)
    disarmed = await orders.cancel_all_after(timeout_s=0)
    assert int(disarmed.engine_seq) > int(armed.engine_seq)
