"""Every type of order, time in force and flag that the engine acts on, through the service's own port."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.orders.v1 import order_pb2
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import SystemClock
from services.kernel.refusal import InvalidField
from services.orders.model.instrument import DAY_NS
from tests.integration.orders.venue import Orders, refused
from tests.unit.orders.samples import ALICE, BOB

IOC = {"time_in_force": t.TIME_IN_FORCE_IOC}
STOP: dict[str, Any] = {"type": t.ORDER_TYPE_STOP, "price": "", "trigger_price": "110", **IOC}
TRAILING: dict[str, Any] = {"type": t.ORDER_TYPE_TRAILING_STOP, "price": "", **IOC}


async def trade_at(orders: Orders, price: str) -> None:
    """Let Bob sell a little to Alice, so that there is a last price."""
    await orders.place(BOB, client_order_id=f"s{price}", side=t.SIDE_SELL, price=price, quantity="0.1")
    await orders.place(ALICE, client_order_id=f"b{price}", price=price, quantity="0.1")


async def read(orders: Orders, client_order_id: str, account: int = ALICE) -> order_pb2.Order:
    return (await orders.get(account, client_order_id=client_order_id)).order


async def test_a_stop_waits_and_trades_when_its_price_comes(orders: Orders) -> None:
    await trade_at(orders, "100")
    waiting = (await orders.place(client_order_id="stop", **STOP)).order
    assert (waiting.status, waiting.price, waiting.trigger_price) == (t.ORDER_STATUS_UNTRIGGERED, "", "110.00")
    assert await read(orders, "stop") == waiting
    assert [order.client_order_id for order in (await orders.list(open_only=True)).orders] == ["stop"]
    await orders.place(BOB, client_order_id="rest", side=t.SIDE_SELL, price="111", quantity="1")
    await trade_at(orders, "110")
    told = await read(orders, "stop")
    assert (told.status, told.average_price) == (t.ORDER_STATUS_FILLED, "111.000000")
    assert told.HasField("trigger_time")


async def test_a_stop_limit_rests_at_its_price_and_its_trigger_can_be_moved(orders: Orders) -> None:
    await trade_at(orders, "100")
    stop_limit = {"type": t.ORDER_TYPE_STOP_LIMIT, "price": "112", "trigger_price": "110"}
    placed = (await orders.place(client_order_id="stop", **stop_limit)).order
    assert (placed.price, placed.trigger_price) == ("112.00", "110.00")
    moved = (await orders.amend(order_id=placed.order_id, trigger_price="105")).order
    assert (moved.trigger_price, moved.status) == ("105.00", t.ORDER_STATUS_UNTRIGGERED)
    await trade_at(orders, "105")
    assert (await read(orders, "stop")).status == t.ORDER_STATUS_NEW


async def test_a_take_profit_waits_for_the_other_way(orders: Orders) -> None:
    await trade_at(orders, "100")
    profit = {"type": t.ORDER_TYPE_TAKE_PROFIT_LIMIT, "price": "90", "trigger_price": "95"}
    await orders.place(client_order_id="profit", **profit)
    async with refused() as refusals:
        await orders.place(client_order_id="true", **{**profit, "trigger_price": "105"})
    assert refusals[0].reason == "WOULD_TRIGGER_IMMEDIATELY"
    await trade_at(orders, "95")
    assert (await read(orders, "profit")).status == t.ORDER_STATUS_NEW


async def test_a_trailing_stop_follows_the_best_price(orders: Orders) -> None:
    await trade_at(orders, "100")
    sell = {**TRAILING, "side": t.SIDE_SELL, "trailing_ticks": 500}
    placed = (await orders.place(client_order_id="trail", **sell)).order
    assert (placed.trigger_price, placed.watermark_price, placed.trailing_ticks) == ("95.00", "100.00", 500)
    await trade_at(orders, "110")
    told = await read(orders, "trail")
    assert (told.trigger_price, told.watermark_price) == ("105.00", "110.00")


async def test_an_iceberg_shows_a_slice(orders: Orders) -> None:
    placed = (await orders.place(client_order_id="ice", display_quantity="0.1")).order
    assert (placed.display_quantity, placed.displayed_quantity) == ("0.1000", "0.1000")
    await orders.place(BOB, side=t.SIDE_SELL, quantity="0.15")
    told = await read(orders, "ice")
    assert (told.leaves_quantity, told.displayed_quantity) == ("0.3500", "0.0500")
    grown = (await orders.amend(order_id=placed.order_id, display_quantity="0.2")).order
    assert grown.display_quantity == "0.2000"
    async with refused() as refusals:
        await orders.place(client_order_id="thin", quantity="10", display_quantity="0.1")
    assert refusals[0].reason == "DISPLAY_QUANTITY_OUT_OF_RANGE"


async def test_post_only_is_moved_behind_the_market_if_it_may(orders: Orders) -> None:
    await orders.place(BOB, side=t.SIDE_SELL, price="100")
    placed = (await orders.place(price="101", post_only=True, post_only_reprice=True)).order
    assert (placed.status, placed.price, placed.working_price) == (t.ORDER_STATUS_NEW, "101.00", "99.99")
    assert await read(orders, "one") == placed


async def test_day_and_good_till_date_say_when_they_expire(orders: Orders) -> None:
    day = (await orders.place(client_order_id="day", time_in_force=t.TIME_IN_FORCE_DAY)).order
    assert day.expire_time.ToNanoseconds() % DAY_NS == 0
    until = Timestamp()
    until.FromNanoseconds(SystemClock().now_ns() + 3_600_000_000_000)
    date = (await orders.place(client_order_id="gtd", time_in_force=t.TIME_IN_FORCE_GTD, expire_time=until)).order
    assert date.expire_time == until
    assert await read(orders, "gtd") == date


async def test_a_mark_finds_its_orders(orders: Orders) -> None:
    await orders.place(client_order_id="marked", tag=7)
    await orders.place(client_order_id="plain")
    assert (await orders.mass_cancel(tag=7)).cancelled_count == 1
    assert (await read(orders, "marked")).tag == 7
    assert [order.client_order_id for order in (await orders.list(open_only=True)).orders] == ["plain"]


async def test_checks_alone_tell_all_and_do_nothing(orders: Orders) -> None:
    judged = await orders.place(price="100000", quantity="200000", validate_only=True)
    assert [check.reason for check in judged.failed_checks] == ["QUANTITY_OUT_OF_RANGE"]
    judged = await orders.place(price="0.001", quantity="0.00001", validate_only=True)
    assert [check.reason for check in judged.failed_checks] == ["PRICE_NOT_ON_TICK", "QUANTITY_NOT_ON_LOT"]
    assert dict(judged.failed_checks[0].metadata) == {"tick": "0.01"}
    fine = await orders.place(validate_only=True)
    assert (list(fine.failed_checks), fine.HasField("order")) == ([], False)
    assert list((await orders.list()).orders) == []
    assert not (await orders.place()).replayed


CONFLICTS: list[dict[str, Any]] = [
    {"type": t.ORDER_TYPE_PEGGED},
    {"type": t.ORDER_TYPE_STOP},
    {**STOP, "trigger_price": ""},
    {**STOP, "quantity": ""},
    {"type": t.ORDER_TYPE_STOP_LIMIT, "trigger_price": ""},
    {**TRAILING},
    {**TRAILING, "trailing_ticks": 1, "trailing_bps": 1},
    {**TRAILING, "trailing_ticks": -1},
    {"trigger_price": "1"},
    {"trigger_reference": t.TRIGGER_REFERENCE_MARK},
    {"trigger_reference": 9},
    {"trailing_bps": 1},
    {"time_in_force": t.TIME_IN_FORCE_GTD},
    {"expire_time": Timestamp(seconds=1)},
    {"time_in_force": t.TIME_IN_FORCE_DAY, "expire_time": Timestamp(seconds=1)},
    {"min_quantity": "0.1"},
    {**IOC, "min_quantity": "1e5"},
    {**IOC, "display_quantity": "0.1"},
    {"display_quantity": "NaN"},
    {"post_only_reprice": True},
]


async def test_what_does_not_go_together_is_refused_before_it_is_sequenced(orders: Orders) -> None:
    for changes in CONFLICTS:
        async with refused() as refusals:
            await orders.place(**{"client_order_id": "same", **changes})
        assert isinstance(refusals[0], InvalidField), changes
    assert not (await orders.place(client_order_id="same")).replayed  # what is sequenced uses up its id
