"""Orders that are open are changed and cancelled through the edge, by three kinds of clients."""

from decimal import Decimal

import pytest

from tests.e2e.clients import Json, Refused
from tests.e2e.conftest import NewClient
from tests.e2e.trader import Trader

INSTRUMENTS = {"grpc": "BTC-KK99", "web": "ETH-KK99", "rest": "SOL-KK99"}
SERVICE = "orders.OrdersService"


@pytest.fixture
def instrument(kind: str) -> str:
    """Give each kind of client a market of its own: the story begins and ends with an empty book."""
    return INSTRUMENTS[kind]


async def test_an_order_is_amended_until_another_version_is_expected(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="1000")
    order = (await buyer.place(instrument, "BUY", "2", "10"))["order"]
    assert await held(buyer) == Decimal("20.020001")
    amended = await amend(buyer, order_id=order["order_id"], quantity="3", price="11", expected_version=1)
    assert (Decimal(amended["order"]["price"]), Decimal(amended["order"]["quantity"])) == (11, 3)
    assert (amended["order"]["version"], amended["order"]["order_id"]) == (2, order["order_id"])
    assert await held(buyer) == Decimal("33.033001")
    assert (await buyer.order(order["order_id"]))["order"] == amended["order"]
    with pytest.raises(Refused) as refused:
        await amend(buyer, client_order_id=order["client_order_id"], price="12", expected_version=1)
    assert (refused.value.code, refused.value.reason) == ("ABORTED", "VERSION_MISMATCH")
    assert refused.value.metadata["version"] == "2"
    await buyer.cancel(order["order_id"])


async def test_a_guard_is_armed_and_all_orders_are_cancelled_at_once(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="1000")
    placed = [(await buyer.place(instrument, "BUY", "1", price))["order"] for price in ("10", "11", "12")]
    assert (await buyer.client.call(f"{SERVICE}/CancelAllAfter", {"timeout_s": 300}))["engine_seq"] != "0"
    with pytest.raises(Refused) as refused:
        await buyer.client.call(f"{SERVICE}/CancelAllAfter", {"timeout_s": 1})
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "TIMEOUT_OUT_OF_RANGE")
    assert (await buyer.client.call(f"{SERVICE}/CancelAllAfter", {"timeout_s": 0}))["engine_seq"] != "0"
    request = {"instrument": instrument, "side": "SIDE_BUY", "request_id": "all"}
    first = await buyer.client.call(f"{SERVICE}/MassCancel", request)
    again = await buyer.client.call(f"{SERVICE}/MassCancel", request)
    assert (first["cancelled_count"], first["replayed"], again["replayed"]) == (len(placed), False, True)
    assert {order["end_reason"] for order in await buyer.orders()} == {"ORDER_END_REASON_MASS_CANCEL"}
    assert await held(buyer) == 0


async def amend(trader: Trader, **changes: object) -> Json:
    return await trader.client.call(f"{SERVICE}/AmendOrder", changes)


async def held(trader: Trader) -> Decimal:
    return Decimal((await trader.balances())["KK99"]["held"])
